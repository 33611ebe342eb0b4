"""A whole page, or the part of it that htmx asked for."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme

API_PREFIXES = ("/api/", "/health", "/metrics", "/openapi.json")
# What machines ask all the time.
MACHINES = ("/health", "/metrics", "/static/")
METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
)
# In the environ: the names from which the answer follows.
CAME_OF = "rrr.came_of"
VARY = ("HX-Request", "HX-Request-Type", "HX-Target")


def is_api(path: str) -> bool:
    """Does a program ask here, to be answered in JSON or plain text?"""
    return f"{path}/".startswith(API_PREFIXES)


def asked_view(request: HttpRequest) -> Any:
    """The class, or the function, that will answer; None where there is none."""
    path = request.path_info
    try:
        view = resolve(path.rstrip("/") if is_api(path) else path).func
    except Resolver404:
        return None
    return getattr(view, "view_class", view)


def known_method(method: str) -> str:
    """The method, from a fixed list: clients may invent any."""
    return method if method in METHODS else "other"


def wanted_part(request: HttpRequest) -> str | None:
    """The id that a partial htmx request wants to fill; None for a whole page.

    htmx 4 names its target as `li#SEC-01` and says `partial` or `full`.
    """
    if request.headers.get("HX-Request-Type") != "partial":
        return None
    return request.headers.get("HX-Target", "").rpartition("#")[2] or None


def page_or_fragment(
    request: HttpRequest,
    page: str,
    parts: Mapping[str, str],
    context: Mapping[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    """Render `page`, or the template that `parts` names for the target's id.

    An unknown target gets the whole page. Vary is always set, and so is the tag
    that `not_modified` was asked about, for the next poll to name.
    """
    template = parts.get(wanted_part(request) or "", page)
    response = render(request, template, dict(context), status=status)
    return _labelled(response, getattr(request, "page_tag", ""))


def _labelled(response: HttpResponse, etag: str) -> HttpResponse:
    patch_vary_headers(response, VARY)
    if etag and response.status_code in {200, 304}:
        response["ETag"] = f'W/"{etag}"'
        response["HX-PTag"] = etag
    return response


def not_modified(
    request: HttpRequest, etag: str, of: Sequence[str] = ()
) -> HttpResponse | None:
    """A 304 when the client already holds `etag`; weak and gzip forms count. `of` are
    the names (`kernel.cache.tag`) from which it follows, where it follows from nothing
    else but the person, the address and, at most, the minute: then a poll that holds it
    need not come here again before one of them changes.

    A poll names what it holds in HX-PTag, because the browser keeps If-None-Match
    to itself and would turn the 304 into a 200 from its own cache.
    """
    request.page_tag = etag  # type: ignore[attr-defined]
    came_of(request, of)
    if etag and is_held(request, etag):
        return _labelled(HttpResponse(status=304), etag)
    return None


def came_of(request: HttpRequest, names: Sequence[str]) -> None:
    """What `not_modified` says by `of`, for a page without a tag: the same request may
    be given the same page again, until the minute ends or one of these changes."""
    request.META[CAME_OF] = tuple(names)


def is_held(request: HttpRequest, etag: str) -> bool:
    """Does the client say that it holds this version?"""
    held = request.headers.get("HX-PTag") or request.headers.get("If-None-Match", "")
    return names_tag(held, etag)


def names_tag(held: str, etag: str) -> bool:
    """Is this entity tag among those that If-None-Match lists?"""
    return held.strip() == "*" or bare_tag(etag) in map(bare_tag, held.split(","))


def bare_tag(etag: str) -> str:
    """An entity tag without what weakening and compressing add: W/"7;gzip" is 7."""
    return etag.strip().removeprefix("W/").strip('"').removesuffix(";gzip")


def client_address(request: HttpRequest) -> str:
    """The caller's address as exactly TRUSTED_PROXY_COUNT proxies in front saw it.

    Each proxy appends the address it was called from, so with n of them the n-th
    entry from the right is true and everything left of it may be invented.
    """
    trusted: int = settings.TRUSTED_PROXY_COUNT
    chain = [
        part.strip()
        for part in request.headers.get("X-Forwarded-For", "").split(",")
        if part.strip()
    ]
    seen = chain[-trusted] if 0 < trusted <= len(chain) else ""
    for text in (seen, request.META.get("REMOTE_ADDR", "")):
        with contextlib.suppress(ValueError):
            return str(ipaddress.ip_address(text))
    return "0.0.0.0"  # noqa: S104 - a unix socket has no address # nosec B104


def client_network(request: HttpRequest) -> str:
    """Whom limits count as one caller: the address, of IPv6 the first of its /64,
    which is the least that anybody is given."""
    address = ipaddress.ip_address(client_address(request))
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False).network_address)


def own_origin(request: HttpRequest | None = None) -> str:
    """The origin under which people reach this product: PUBLIC_ORIGIN; without one the
    origin that the request was sent to, else our own BIND and PORT."""
    if settings.PUBLIC_ORIGIN:
        return str(settings.PUBLIC_ORIGIN)
    if request is not None:
        return f"{request.scheme}://{request.get_host()}"
    return own_address()


def own_address() -> str:
    """Where the web process of this machine listens, past every proxy."""
    host = "127.0.0.1" if settings.BIND in {"0.0.0.0", "::", ""} else settings.BIND  # noqa: S104 - compared, not bound # nosec B104
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{settings.PORT}"


def local_path(path: str, otherwise: str) -> str:
    """The path when it stays on this site, else `otherwise`: no open redirect."""
    stays = path.startswith("/") and url_has_allowed_host_and_scheme(
        path, allowed_hosts=None
    )
    return path if stays else otherwise

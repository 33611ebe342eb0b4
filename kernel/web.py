"""A whole page, or the part of it that htmx asked for."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

API_PREFIXES = ("/api/", "/health", "/metrics", "/openapi.json")
VARY = ("HX-Request", "HX-Request-Type", "HX-Target")


def is_api(path: str) -> bool:
    """Does a program ask here, to be answered in JSON or plain text?"""
    return path.startswith(API_PREFIXES)


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


def not_modified(request: HttpRequest, etag: str) -> HttpResponse | None:
    """A 304 when the client already holds `etag`; weak and gzip forms count.

    A poll names what it holds in HX-PTag, because the browser keeps If-None-Match
    to itself and would turn the 304 into a 200 from its own cache.
    """
    request.page_tag = etag  # type: ignore[attr-defined]
    held = request.headers.get("HX-PTag") or request.headers.get("If-None-Match", "")
    names = {
        part.strip().removeprefix("W/").strip('"').removesuffix(";gzip")
        for part in held.split(",")
    }
    if etag and etag in names:
        return _labelled(HttpResponse(status=304), etag)
    return None


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
    return "0.0.0.0"  # noqa: S104 - a unix socket has no address


def absolute(request: HttpRequest, path: str) -> str:
    """The address of a page as people reach it from outside."""
    origin = settings.PUBLIC_ORIGIN or f"{request.scheme}://{request.get_host()}"
    return f"{origin}{path}"

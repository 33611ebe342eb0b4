"""Pages of a browser that are given again without Django: whole, or as the word that
whoever polls has what there is.

A view that named what its answer follows from (`kernel.web.came_of`) would give it again
while none of that was written, the minute has not ended, and the browser's session, its
person and their roles read the same: one statement reads them for each request, and each
counts. Every answer has a nonce of its own. Several hosts do not hear of each other's
writes: there Django answers.
"""

from __future__ import annotations

import base64
import gzip
import secrets
import time
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.db import connection
from django.http import parse_cookie
from django.utils import timezone

from accounts.middleware import RULING
from accounts.queries.browsers import Browser, browser_of
from accounts.queries.standing import standing_of_browser
from accounts.services import limits
from accounts.services.sessions import PRESENCE
from kernel.gateway import REFUSED
from kernel.remembered_by_all import RememberedByAll
from kernel.versions import place_of, stamps
from kernel.web import CAME_OF
from rrr_dashboard import badges
from rrr_dashboard.reads.answers import (
    KEPT_SECONDS,
    MOST_BODY,
    MOST_BYTES,
    WholeAnswer,
    packed,
    unpacked,
)
from rrr_dashboard.reads.gate import CANNOT_TELL, asked_of, likeness
from rrr_dashboard.reads.telling import count_lookup, measure, tell

MOST = 4096
MINUTE = 60
# Each answer is compressed for itself, as its nonce is its own: quickly.
QUICK = 1
# Whoever comes with one of these is answered by Django alone.
NEVER = (
    REFUSED,
    "HTTP_AUTHORIZATION",
    "HTTP_IF_NONE_MATCH",
    "HTTP_ORIGIN",
    "HTTP_RANGE",
)
OF_REQUEST = frozenset({"set-cookie", "x-request-id"})
Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class PageOrigin:
    """What an answer came from: `stamps` at `places`, and the session as it stood
    before; `minute` by the wall clock."""

    minute: int
    places: tuple[int, ...]
    stamps: tuple[int, ...]
    standing: object


@dataclass(frozen=True, slots=True)
class KeptPage:
    """An answer as it was sent, but for the request's own headers; `nonce` where it has
    one."""

    answer: WholeAnswer
    browser: Browser
    nonce: str

    def again(self) -> WholeAnswer:
        """With a nonce that no answer had before."""
        if not self.nonce:
            return self.answer
        fresh = base64.b64encode(secrets.token_bytes(16)).decode()
        content, headers = self.answer.content, self.answer.headers
        packed = _header(headers, "content-encoding") == "gzip"
        plain = gzip.decompress(content) if packed else content
        content = plain.replace(self.nonce.encode(), fresh.encode())
        if packed:
            content = gzip.compress(content, QUICK)
        named = [(name, text.replace(self.nonce, fresh)) for name, text in headers]
        return replace(self.answer, headers=named).with_body(content)

    def packed(self) -> bytes:
        who = self.browser
        times = [who.ends.isoformat(), who.seen_at.isoformat()]
        browser = [who.user_id, who.actor, *times]
        return packed(self.answer, browser=browser, nonce=self.nonce)

    @classmethod
    def unpacked(cls, told: bytes) -> KeptPage:
        answer, head = unpacked(told)
        user_id, actor, *times = head["browser"]
        browser = Browser(user_id, actor, *map(datetime.fromisoformat, times))
        return cls(answer, browser, head["nonce"])


class HotPages:
    """A WSGI application around Django's."""

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application
        self.kept: RememberedByAll[KeptPage] = RememberedByAll(
            "page", MOST_BYTES, KEPT_SECONDS, KeptPage.packed, KeptPage.unpacked
        )
        self.places: OrderedDict[Hashable, tuple[int, ...]] = OrderedDict()

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if not is_page(environ):
            return self.application(environ, start_response)
        began = time.monotonic()
        try:
            like = likeness(environ)
            key = (environ.get("HTTP_HX_PTAG"), like)
            session = parse_cookie(environ["HTTP_COOKIE"])[settings.SESSION_COOKIE_NAME]
            # What a page comes from is the same whatever its holder has of it.
            places = self.places.get(like, ())
            origin = _origin(session, places)
            # Most pages are never kept: nobody is asked for them.
            kept = self.kept.find(key, origin) if places else None
            if kept is not None and _is_there(kept.browser, environ):
                who = kept.browser
                ruling = limits.admit(limits.PAGE, f"user {who.user_id}", who.user_id)
                environ[RULING] = ruling
                if ruling.admitted:
                    return _again(kept, environ, began, start_response)
        except (KeyError, *CANNOT_TELL):
            return self.application(environ, start_response)  # it says why, in words
        return self._answer(key, session, origin, environ, start_response)

    def _answer(
        self,
        key: tuple[str | None, Hashable],
        session: str,
        origin: PageOrigin,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        begun: list[Any] = []

        def begin(status: str, headers: Headers, *error: Any) -> Any:
            begun[:] = [status, headers]
            return start_response(status, headers, *error)

        pieces = self.application(environ, begin)
        if origin.standing is None or not environ.get(CAME_OF):
            return pieces
        try:
            content = b"".join(pieces)
        finally:
            getattr(pieces, "close", lambda: None)()
        # A view's names are known once it has answered: what it says next time, with
        # their stamps read before, is kept.
        places = _places(environ)
        _put(self.places, key[1], places)
        status, headers = begun
        if places == origin.places and _may_be_kept(environ, status, headers, content):
            browser = browser_of(session)
            if browser is not None:
                page = _page(browser, status, headers, content)
                self.kept.give(key, origin, page, len(content) or 1)
        return [content]


def is_page(environ: WSGIEnvironment) -> bool:
    """May this be one that is given again? Health is not: whether the process lives is
    answered in the server's loop, where no statement may be waited for."""
    return (
        environ["REQUEST_METHOD"] == "GET"
        and bool(environ.get("HTTP_COOKIE"))
        and "HTTP_HOST" in environ
        and not environ["PATH_INFO"].startswith(("/api/", "/static/", "/health"))
        and environ.get("CONTENT_LENGTH", "0") in {"", "0"}
        and not any(name in environ for name in NEVER)
        and settings.RATE_LIMIT_HOSTS == 1
    )


def _is_there(browser: Browser, environ: WSGIEnvironment) -> bool:
    """Whether the session lives, and this need not be written down as a sign of its
    person, which a poll never is."""
    if "HTTP_X_POLL" in environ:
        return browser.lives()
    return browser.lives() and not PRESENCE.is_old(browser.seen_at, timezone.now())


def _origin(session: str, places: tuple[int, ...]) -> PageOrigin:
    """Read before anything is answered from it."""
    # What Django does before a request: nothing of it was asked yet.
    connection.close_if_unusable_or_obsolete()
    minute, now = int(time.time()) // MINUTE, stamps().at(places)
    return PageOrigin(minute, places, now, standing_of_browser(session))


def _places(environ: WSGIEnvironment) -> tuple[int, ...]:
    """Of everything that is written and that may show, in the frame of a page too."""
    names = {*environ[CAME_OF], *badges.names()}
    return tuple(sorted({place_of(name) for name in names}))


def _page(browser: Browser, status: str, headers: Headers, content: bytes) -> KeptPage:
    own = [pair for pair in headers if pair[0].lower() not in OF_REQUEST]
    nonce = _nonce_of(headers) if content else ""
    return KeptPage(WholeAnswer(status, own, content), browser, nonce)


def _may_be_kept(
    environ: WSGIEnvironment, status: str, headers: Headers, content: bytes
) -> bool:
    """A whole page, or the word to a poll that it has what there is."""
    wanted = "304" if "HTTP_HX_PTAG" in environ else "200"
    return (
        status.startswith(wanted)
        and len(content) <= MOST_BODY
        and all(_is_renewal(environ, *pair) for pair in headers if _is_cookie(*pair))
    )


def _is_cookie(name: str, text: str) -> bool:
    return name.lower() == "set-cookie"


def _is_renewal(environ: WSGIEnvironment, name: str, text: str) -> bool:
    """Django gives each page that has a form the token's cookie again, for a year."""
    cookie = settings.CSRF_COOKIE_NAME
    held = parse_cookie(environ["HTTP_COOKIE"]).get(cookie)
    return bool(held) and text.strip().startswith(f"{cookie}={held};")


def _again(
    kept: KeptPage,
    environ: WSGIEnvironment,
    began: float,
    start_response: StartResponse,
) -> list[bytes]:
    asked = asked_of(environ, kept.browser.actor)
    count_lookup(hit=True)
    answer = kept.again()
    seconds = time.monotonic() - began
    tell(asked, answer.code, seconds)
    measure(asked, answer.code, seconds, len(answer.content))
    own = ("X-Request-ID", asked.request_id)
    start_response(answer.status, [*answer.headers, own])
    return [answer.content]


def _nonce_of(headers: Headers) -> str:
    """The nonce that the content policy names; "" for none."""
    _, _, rest = _header(headers, "content-security-policy").partition("'nonce-")
    return rest.partition("'")[0]


def _header(headers: Sequence[tuple[str, str]], wanted: str) -> str:
    return next((text for name, text in headers if name.lower() == wanted), "")


def _put(kept: OrderedDict[Hashable, Any], key: Hashable, value: Any) -> None:
    """The oldest go first."""
    kept.pop(key, None)
    kept[key] = value
    while len(kept) > MOST:
        kept.popitem(last=False)

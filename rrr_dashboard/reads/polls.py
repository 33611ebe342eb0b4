"""Polls of open pages whose holder has what there is: told so again without Django.

A page that polls names what it holds (HX-PTag). A view that said from what its tag
follows (`kernel.web.not_modified`, `of=`) and answered 304 would do so again while none
of that was written, the minute has not ended, and the browser's session, its person and
their roles read the same: one statement reads them for each poll, and each poll counts.
Several hosts do not hear of each other's writes: there Django answers.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.db import connection
from django.http import parse_cookie

from accounts.middleware import RULING
from accounts.queries.browsers import Browser, browser_of
from accounts.queries.standing import standing_of_browser
from accounts.services import limits
from kernel.gateway import REFUSED
from kernel.versions import place_of, stamps
from kernel.web import CAME_OF
from rrr_dashboard.reads.answers import NOT_MODIFIED
from rrr_dashboard.reads.gate import CANNOT_TELL, asked_of, likeness
from rrr_dashboard.reads.telling import count_lookup, measure, tell

MOST = 4096
MINUTE = 60
# Whoever comes with one of these is answered by Django alone.
NEVER = (REFUSED, "HTTP_AUTHORIZATION", "HTTP_ORIGIN", "HTTP_RANGE")
Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class PollOrigin:
    """What a 304 came from: `stamps` at `places`, and the session as it stood before;
    `minute` by the wall clock."""

    minute: int
    places: tuple[int, ...]
    stamps: tuple[int, ...]
    standing: object


@dataclass(frozen=True, slots=True)
class KeptPoll:
    origin: PollOrigin
    browser: Browser
    headers: Headers


class HotPolls:
    """A WSGI application around Django's."""

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application
        self.kept: OrderedDict[Hashable, KeptPoll] = OrderedDict()
        self.places: OrderedDict[Hashable, tuple[int, ...]] = OrderedDict()

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if not is_poll(environ):
            return self.application(environ, start_response)
        began = time.monotonic()
        try:
            key = (environ["HTTP_HX_PTAG"], likeness(environ))
            session = parse_cookie(environ["HTTP_COOKIE"])[settings.SESSION_COOKIE_NAME]
            origin = _origin(session, self.places.get(key, ()))
            kept = self.kept.get(key)
            if kept is not None and kept.origin == origin and kept.browser.lives():
                who = kept.browser
                ruling = limits.admit(limits.PAGE, f"user {who.user_id}", who.user_id)
                environ[RULING] = ruling
                if ruling.admitted:
                    return _again(kept, environ, began, start_response)
        except (KeyError, *CANNOT_TELL):
            return self.application(environ, start_response)  # it says why, in words

        def begin(status: str, headers: Headers, *error: Any) -> Any:
            if status[:3] == NOT_MODIFIED[:3] and origin.standing is not None:
                self._keep(key, session, origin, environ, headers)
            return start_response(status, headers, *error)

        return self.application(environ, begin)

    def _keep(
        self,
        key: Hashable,
        session: str,
        origin: PollOrigin,
        environ: WSGIEnvironment,
        headers: Headers,
    ) -> None:
        """A view's names are known once it has answered: what it says next time, with
        their stamps read before, is kept."""
        names: tuple[str, ...] = environ.get(CAME_OF, ())
        places = tuple(sorted({place_of(name) for name in names}))
        _put(self.places, key, places)
        browser = browser_of(session) if names and places == origin.places else None
        if browser is not None:
            own = [pair for pair in headers if pair[0].lower() != "x-request-id"]
            _put(self.kept, key, KeptPoll(origin, browser, own))


def is_poll(environ: WSGIEnvironment) -> bool:
    return (
        environ["REQUEST_METHOD"] == "GET"
        and bool(environ.get("HTTP_HX_PTAG"))
        and "HTTP_X_POLL" in environ
        and bool(environ.get("HTTP_COOKIE"))
        and "HTTP_HOST" in environ
        and not environ["PATH_INFO"].startswith("/api/")
        and environ.get("CONTENT_LENGTH", "0") in {"", "0"}
        and not any(name in environ for name in NEVER)
        and settings.RATE_LIMIT_HOSTS == 1
    )


def _origin(session: str, places: tuple[int, ...]) -> PollOrigin:
    """Read before anything is answered from it."""
    # What Django does before a request: nothing of it was asked yet.
    connection.close_if_unusable_or_obsolete()
    minute, now = int(time.time()) // MINUTE, stamps().at(places)
    return PollOrigin(minute, places, now, standing_of_browser(session))


def _again(
    kept: KeptPoll,
    environ: WSGIEnvironment,
    began: float,
    start_response: StartResponse,
) -> list[bytes]:
    asked = asked_of(environ, kept.browser.actor)
    count_lookup(hit=True)
    seconds = time.monotonic() - began
    tell(asked, 304, seconds)
    measure(asked, 304, seconds, 0)
    headers = [*kept.headers, ("X-Request-ID", asked.request_id)]
    start_response(NOT_MODIFIED, headers)
    return [b""]


def _put(kept: OrderedDict[Hashable, Any], key: Hashable, value: Any) -> None:
    """The oldest go first."""
    kept.pop(key, None)
    kept[key] = value
    while len(kept) > MOST:
        kept.popitem(last=False)

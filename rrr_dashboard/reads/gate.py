"""The WSGI application in front of Django's: reads of the hot list are answered from
what is kept, everything else goes on.

Nothing is decided here that Django would decide otherwise. An answer is given again
only to the same person, and to a request that differs from the first in nothing that
Django looks at; limits and revocation are asked for each.
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.db import DatabaseError

from accounts.authentication import ADMITTED
from accounts.middleware import RULING
from accounts.services import limits
from kernel.errors import NotAuthenticated, ProductError
from kernel.gateway import REFUSED
from kernel.http import OWN_HEADER
from kernel.json import dumps
from kernel.limits.shared import LimitsBusy
from kernel.middleware.access_log import TOLD_OUTSIDE
from kernel.middleware.request_id import request_id_of
from kernel.patience import DatabaseSilent
from kernel.problems import problem
from rrr_dashboard.reads.answers import Answers, WholeAnswer
from rrr_dashboard.reads.flights import Flights
from rrr_dashboard.reads.marks import mark_of
from rrr_dashboard.reads.telling import Asked, count_lookup, measure, tell

HOT = frozenset(
    {
        "/api/performance",
        "/api/portfolio",
        "/api/portfolio/positions",
        "/api/trades",
    }
)
BEARER = "Bearer "
TAGS = ("HTTP_HX_PTAG", "HTTP_IF_NONE_MATCH")
# Another for each caller or request, and nothing that a body depends on.
APART = frozenset(
    {
        *TAGS,
        "HTTP_AUTHORIZATION",
        "HTTP_CONNECTION",
        "HTTP_USER_AGENT",
        "HTTP_X_FORWARDED_FOR",
        "HTTP_X_REAL_IP",
        "HTTP_X_REQUEST_ID",
    }
)
# Whoever comes with one of these is answered by Django alone.
NEVER = (
    REFUSED,
    "HTTP_ORIGIN",
    "HTTP_RANGE",
    "HTTP_TRANSFER_ENCODING",
    f"HTTP_{OWN_HEADER.upper().replace('-', '_')}",
)
PER_REQUEST = frozenset({"x-request-id", "ratelimit", "ratelimit-policy"})
REFUSALS = "refusals"  # they come of no facts
CANNOT_TELL = (NotAuthenticated, DatabaseError, DatabaseSilent, LimitsBusy, OSError)


class HotReads:
    """A WSGI application around the product's own."""

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application
        self.answers = Answers()
        self.flights = Flights()

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if not _is_hot(environ):
            return self.application(environ, start_response)
        began = time.monotonic()
        try:
            mark = mark_of(environ["HTTP_AUTHORIZATION"][len(BEARER) :].strip())
            who = mark.reader
            ruling = limits.admit(limits.API, f"user {who.user_id}", who.user_id)
        except CANNOT_TELL:
            return self.application(environ, start_response)  # it says why, in words
        environ[RULING], environ[ADMITTED] = ruling, who.bearer
        asked = asked_of(environ, who.actor)
        held = next(filter(None, [environ.pop(name, "") for name in TAGS]), "")
        if ruling.admitted:
            key = (who.user_id, who.rights, likeness(environ))
            answer, kept = self._answer(environ, key, mark.origin)
            count_lookup(hit=kept)
            answer = answer.for_holder(held)
        else:
            answer, kept = self._refusal(environ, ruling.error(), asked)
        seconds = time.monotonic() - began
        tell(asked, answer.code, seconds)
        if kept:
            measure(asked, answer.code, seconds, len(answer.content))
        own = [("X-Request-ID", asked.request_id), *ruling.headers()]
        start_response(answer.status, [*answer.headers, *own])
        return [answer.content]

    def _answer(
        self, environ: WSGIEnvironment, key: Hashable, origin: Hashable
    ) -> tuple[WholeAnswer, bool]:
        """The answer, and whether it was kept before."""
        kept = self.answers.get(key, origin)
        if kept is not None:
            return kept, True
        with self.flights.alone(key):
            kept = self.answers.find(key, origin)
            if kept is not None:
                return kept, True
            answer = _answer_of(self.application, environ)
            if answer.may_be_kept:
                self.answers.give(key, origin, answer, len(answer.content))
            return answer, False

    def _refusal(
        self, environ: WSGIEnvironment, error: ProductError, asked: Asked
    ) -> tuple[WholeAnswer, bool]:
        """A refusal in the words of this one and the headers of another like it, and
        whether there was one: who asks too often must cost little."""
        environ.pop("HTTP_ACCEPT_ENCODING", None)
        key = (error.status, likeness(environ))
        like = self.answers.get(key, REFUSALS)
        if like is None:
            answer = _answer_of(self.application, environ)
            if answer.code == error.status:
                self.answers.put(key, REFUSALS, answer, len(answer.content))
            return answer, False
        document = problem(error, instance=asked.path, request_id=asked.request_id)
        return like.with_body(dumps(document), Retry_After=str(error.retry_after)), True


def _is_hot(environ: WSGIEnvironment) -> bool:
    return (
        environ["PATH_INFO"] in HOT
        and environ["REQUEST_METHOD"] == "GET"
        and environ.get("HTTP_AUTHORIZATION", "").startswith(BEARER)
        and "HTTP_HOST" in environ
        and environ.get("CONTENT_LENGTH", "0") == "0"
        and not any(name in environ for name in NEVER)
    )


def asked_of(environ: WSGIEnvironment, actor: str) -> Asked:
    """Its id becomes the request's, and it is told of here and nowhere else."""
    name = request_id_of(environ.get("HTTP_X_REQUEST_ID", ""))
    environ["HTTP_X_REQUEST_ID"] = name
    environ[TOLD_OUTSIDE] = True
    return Asked(environ["PATH_INFO"], environ["wsgi.url_scheme"], name, actor)


def likeness(environ: WSGIEnvironment) -> Hashable:
    """Everything that the answer may depend on: what is not known to be nothing to it
    is a part."""
    return (
        environ["PATH_INFO"],
        environ["QUERY_STRING"],
        environ["wsgi.url_scheme"],
        environ["SERVER_PROTOCOL"],
        *(
            (name, environ[name])
            for name in sorted(environ)
            if (name.startswith("HTTP_") and name not in APART)
            or name == "CONTENT_TYPE"
        ),
    )


def _answer_of(application: WSGIApplication, environ: WSGIEnvironment) -> WholeAnswer:
    """All of it, as Django begins each answer before it hands over its body."""
    begun: list[Any] = []

    def begin(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Any:
        begun[:] = [status, headers]

    pieces = application(environ, begin)
    try:
        content = b"".join(pieces)
    finally:
        getattr(pieces, "close", lambda: None)()
    status, headers = begun
    apart = [pair for pair in headers if pair[0].lower() not in PER_REQUEST]
    return WholeAnswer(status, apart, content)

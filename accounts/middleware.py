"""Limits stand before everything a request may cost; pages speak in the person's
time zone, and keep their session alive."""

from __future__ import annotations

import logging
from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.contrib.auth import SESSION_KEY
from django.db import DatabaseError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts.authentication import bearer
from accounts.queries import preferences, probe_id
from accounts.services import limits
from accounts.services.preferences import zones
from accounts.services.sessions import note_presence
from kernel.error_pages import answer_error
from kernel.errors import NotAuthenticated, Unavailable
from kernel.http import OWN_HEADER, is_own
from kernel.limits.shared import LimitsBusy
from kernel.limits.windows import Limit
from kernel.web import client_network, is_api

logger = logging.getLogger("rrr.limits")
# In the environ: what the limits have said of this request already.
RULING = "rrr.ruling"
# Asked all the time by machines that must be answered.
STRANGERS = {limits.API: limits.API_STRANGERS, limits.PAGE: limits.PAGE_STRANGERS}
UNLIMITED = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})


class LimitsMiddleware:
    """Counts each request of its principal, whatever is answered, before a view, a
    password or a permission is looked at: the API's windows and the pages' apart.

    The principal is the person who is logged in by token or cookie, else the address:
    a forged token counts to where it came from. Inside SessionMiddleware, whose
    session is read once for both.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path in UNLIMITED:
            return self.get_response(request)
        limit = limits.API if request.path.startswith("/api/") else limits.PAGE
        try:
            decision = request.META.get(RULING) or _decide(request, limit)
        except DatabaseError:
            # Whose it is cannot be told. The view will say so, which costs little; to
            # the address it would count for a minute after the database is back.
            return self.get_response(request)
        except (OSError, LimitsBusy) as error:
            logger.error("requests cannot be counted: %s", error)
            busy = Unavailable(
                "Requests cannot be counted just now.", code="limits", retry_after=1
            )
            return answer_error(request, busy)
        if decision.admitted:
            response = self.get_response(request)
        else:
            response = answer_error(request, decision.error())
        if limit is limits.API:
            decision.label(response)
        return response


def _decide(request: HttpRequest, limit: Limit) -> limits.Ruling:
    user_id = _person(request, by_token=limit is limits.API) or _own_probe(request)
    if user_id is None:
        of_strangers = STRANGERS[limit]
        return limits.admit(of_strangers, f"address {client_network(request)}")
    return limits.admit(limit, f"user {user_id}", user_id)


def _person(request: HttpRequest, *, by_token: bool) -> int | None:
    """Whose token or living session this is; None for nobody's. A token counts in the
    API's windows only: whoever found one must not use up its owner's pages."""
    try:
        if by_token and "Authorization" in request.headers:
            return bearer(request)[0].pk
        held = request.session.get(SESSION_KEY)
    except NotAuthenticated:
        return None
    return int(held) if held else None


def _own_probe(request: HttpRequest) -> int | None:
    """Our own probes look anonymously too, and then count to their account: never to
    the address, which they share with whoever else asks from this host."""
    if not is_own(request.path, request.headers.get(OWN_HEADER, "")):
        return None
    try:
        return probe_id()
    except DatabaseError:
        return None


class PersonMiddleware:
    """Activates the zone of the person, or of the browser's cookie, for a page, and
    notes that somebody is there.

    The API always speaks UTC and is not asked who calls.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if is_api(request.path):
            return self.get_response(request)
        zone = preferences(request)["zone"]
        if "X-Poll" not in request.headers:  # app.js: a poll is no sign of a person
            note_presence(request.session, timezone.now())
        with timezone.override(ZoneInfo(zone if zone in zones() else "UTC")):
            return self.get_response(request)

"""Who may do how much, in which time: the policy over kernel.limits.

The file in the state directory takes part in every decision. With several hosts
Redis must admit too, and what it refuses is taken back from the file; while it does
not answer, each host gives its share of the limit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django_ratelimit.decorators import ratelimit
from prometheus_client import Counter

from accounts.models import User
from accounts.services.overrides import known
from kernel.errors import ProductError, TooManyRequests, Unavailable
from kernel.limits.hosts import Together, admit_together, take_back_together
from kernel.limits.windows import Admission, Limit, Limiter, Window
from kernel.web import client_network

View = TypeVar("View", bound=Callable[..., Any])
MINUTE, HOUR = 60, 3600

# How many are counted at a time, by file. Strangers come in any number, so what they
# can fill up is theirs alone, and of each kind apart: they keep no person out, and who
# floods the API none from the log-in. Names that nobody has are strangers, too.
PLACES = {
    "people": 4096,
    "failures": 16_384,
    "strange-callers": 4096,
    "strange-visitors": 4096,
    "strange-names": 16_384,
    "logins": 16_384,
    "resets": 16_384,
    "reset-addresses": 16_384,
}
# Who comes here without a name gets little, so a flood of addresses (of IPv6 anybody has
# many) may let the oldest be forgotten, and must not keep a newcomer out.
FORGETFUL = frozenset({"strange-callers", "strange-visitors"})
_api = (
    Window("second", 1, 10),
    Window("minute", MINUTE, 60),
    Window("hour", HOUR, 1000),
)
# Polling, and somebody who works with the keyboard, must fit.
_page = (Window("second", 1, 30), Window("minute", MINUTE, 600))
# Wrong passwords for one name from everywhere; after so many, one try in a while.
_failures, _slow = Window("hour", HOUR, 20), Window("half minute", 30, 1)
API = Limit("api", *_api, counted_in="people")
API_STRANGERS = Limit("api", *_api, counted_in="strange-callers")
PAGE = Limit("page", *_page, counted_in="people")
PAGE_STRANGERS = Limit("page", *_page, counted_in="strange-visitors")
LOGIN_ADDRESS = Limit(
    "login_address", Window("minute", MINUTE, 30), counted_in="logins"
)
LOGIN_PERSON = Limit("login_person", Window("minute", MINUTE, 10), counted_in="logins")
LOGIN_FAILURES = Limit("login_failures", _failures, counted_in="failures")
LOGIN_SLOW = Limit("login_slow", _slow, counted_in="failures")
NOBODYS_FAILURES = Limit("login_failures", _failures, counted_in="strange-names")
NOBODYS_SLOW = Limit("login_slow", _slow, counted_in="strange-names")
RESET = Limit("reset", Window("hour", HOUR, 5), counted_in="resets")
RESET_ADDRESS = Limit(
    "reset_address", Window("hour", HOUR, 30), counted_in="reset-addresses"
)
SIGN = Limit("sign", Window("minute", MINUTE, 10), counted_in="people")
EXPORT = Limit("export", Window("minute", MINUTE, 6), counted_in="people")
LIMITS = (
    *(API, API_STRANGERS, PAGE, PAGE_STRANGERS, LOGIN_ADDRESS, LOGIN_PERSON),
    *(LOGIN_FAILURES, LOGIN_SLOW, NOBODYS_FAILURES, NOBODYS_SLOW),
    *(RESET, RESET_ADDRESS, SIGN, EXPORT),
)
ADMITTED, REFUSED = "admitted", "refused"
DECISIONS = Counter(
    "rrr_limit_decisions",
    "Requests that a limit admitted or refused, by limit (never by who asked)",
    ["scope", "verdict"],
)
for _limit in LIMITS:
    for _verdict in (ADMITTED, REFUSED):
        DECISIONS.labels(_limit.name, _verdict)
# As wide as pages are: a narrower one would count what the exact limit refuses, and
# prolong it.
GATE = "600/m"
PERIODS = {"second": "a second", "minute": "a minute", "hour": "an hour"}


@lru_cache(maxsize=len(PLACES))
def limiter(counted_in: str) -> Limiter:
    """This process' hand on a file that all processes of the host count in."""
    return Limiter(
        folder() / counted_in,
        slots=PLACES[counted_in],
        cells=max(limit.cells for limit in LIMITS if limit.counted_in == counted_in),
        forgets=counted_in in FORGETFUL,
    )


def folder() -> Path:
    return Path(settings.STATE_DIR) / "limits"


def prepare() -> None:
    """Make the files that are counted in. Raises OSError when there is no room."""
    (folder() / "windows").unlink(missing_ok=True)  # the one file of earlier versions
    for name in PLACES:
        limiter(name).file.ready()
    caches["counters"].file.ready()  # type: ignore[attr-defined]


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """`left` and `frees` (seconds until the oldest that counts leaves) of each window;
    `wait` is when a request would be admitted, 0 for one that was."""

    limit: Limit
    admitted: bool
    at: int
    wait: float
    left: tuple[int, ...]
    frees: tuple[float, ...]
    factors: Sequence[int]
    share: int = 1
    stamp: str = ""  # the other hosts' name for it
    full: bool = False  # there is no place to count in

    @property
    def retry_after(self) -> int:
        """Whole seconds; after them a request is admitted."""
        return max(1, math.ceil(self.wait))

    def error(self) -> ProductError:
        if self.full:
            return Unavailable(
                "More callers come just now than can be counted: again in "
                f"{self.retry_after} s.",
                code="limits",
                retry_after=self.retry_after,
            )
        full = [
            (window, factor)
            for window, factor, left in zip(
                self.limit.windows,
                self.factors or self.limit.ones,
                self.left,
                strict=True,
            )
            if not left
        ]
        window, factor = full[-1] if full else (self.limit.windows[-1], 1)
        most = max(1, window.limit // self.share) * factor
        period = PERIODS.get(window.name, f"{window.seconds:g} s")
        return TooManyRequests(
            f"At most {most:,} {period}: again in {self.retry_after} s.",
            code="rate_limit",
            retry_after=self.retry_after,
        )

    def label(self, response: HttpResponseBase) -> None:
        """RateLimit and RateLimit-Policy, a member a window."""
        for name, value in self.headers():
            response[name] = value

    def headers(self) -> Sequence[tuple[str, str]]:
        factors = self.factors or self.limit.ones
        policy = ", ".join(
            f'"{window.name}";q={max(1, window.limit // self.share) * factor};w={window.seconds}'
            for window, factor in zip(self.limit.windows, factors, strict=True)
        )
        limits = ", ".join(
            f'"{window.name}";r={left};t={math.ceil(frees)}'
            for window, left, frees in zip(
                self.limit.windows, self.left, self.frees, strict=True
            )
        )
        return (("RateLimit-Policy", policy), ("RateLimit", limits))


def admit(limit: Limit, principal: str, user_id: int | None = None) -> Ruling:
    """Count a request of this principal, or refuse it. `user_id` is the person's whose
    override holds. Raises OSError or LimitsBusy when nothing can be counted."""
    factors = known.factors(user_id, limit) or limit.ones
    hosts: int = settings.RATE_LIMIT_HOSTS
    counting = limiter(limit.counted_in)
    admission = counting.admit(limit, principal, factors=factors)
    if hosts > 1 and admission.admitted:
        decision = _with_the_others(limit, principal, factors, admission, hosts)
    else:
        decision = _decision(limit, admission, factors)
    DECISIONS.labels(limit.name, ADMITTED if decision.admitted else REFUSED).inc()
    return decision


def take_back(decision: Ruling, principal: str) -> None:
    """Let what was admitted not have been."""
    limiter(decision.limit.counted_in).take_back(
        decision.limit, principal, decision.at, factors=decision.factors
    )
    if decision.stamp:
        take_back_together(decision.limit, principal, decision.stamp)


def check(limit: Limit, principal: str, user_id: int | None = None) -> Ruling:
    """As `admit`. Raises TooManyRequests for what is refused, Unavailable when nobody
    new can be counted."""
    decision = admit(limit, principal, user_id)
    if not decision.admitted:
        raise decision.error()
    return decision


def check_person(limit: Limit, user: User) -> None:
    """Count what this person does. Raises TooManyRequests."""
    check(limit, f"user {user.pk}", user.pk)


def check_export(request: HttpRequest) -> None:
    """Count a document, or a table without an end, that is taken away: by person, and
    by address where anybody may read. Raises TooManyRequests."""
    if request.user.is_authenticated:
        check_person(EXPORT, request.user)
    else:
        check(EXPORT, client_network(request))


def check_reset(request: HttpRequest, mail: str) -> None:
    """Count one wish for a new password, by address, and by address and mail: both
    admit, or neither has counted. Raises TooManyRequests."""
    address = client_network(request)
    counted = check(RESET_ADDRESS, address)
    try:
        check(RESET, f"{address} {mail[:254].strip().casefold()}")
    except ProductError:
        take_back(counted, address)
        raise


def gate(group: str, method: str = "POST") -> Callable[[View], View]:
    """The coarse gate before a form's exact limit: by address, its counters in the
    state directory. Its refusal is a 429 (kernel.problems)."""
    decorate: Callable[[View], View] = ratelimit(
        group=group, key=_address, rate=GATE, method=method, block=True
    )
    return decorate


def _address(_group: str, request: HttpRequest) -> str:
    return client_network(request)


def _with_the_others(
    limit: Limit, principal: str, factors: Sequence[int], mine: Admission, hosts: int
) -> Ruling:
    together = admit_together(limit, principal, factors)
    if together is not None and not together.wait:
        return _decision(limit, mine, factors, together=together)
    counting = limiter(limit.counted_in)
    counting.take_back(limit, principal, mine.at, factors=factors)
    if together is not None:
        return Ruling(
            limit=limit,
            admitted=False,
            at=mine.at,
            wait=together.wait,
            left=together.left,
            frees=tuple(
                mine.frees(index, limit) if left else together.wait
                for index, left in enumerate(together.left)
            ),
            factors=factors,
        )
    share = counting.admit(limit, principal, factors=factors, share=hosts)
    return _decision(limit, share, factors, share=hosts)


def _decision(
    limit: Limit,
    admission: Admission,
    factors: Sequence[int],
    *,
    share: int = 1,
    together: Together | None = None,
) -> Ruling:
    left = [
        admission.left(index, limit, factor, share)
        for index, factor in enumerate(factors)
    ]
    return Ruling(
        limit=limit,
        admitted=admission.admitted,
        at=admission.at,
        wait=admission.wait,
        left=tuple(map(min, left, together.left)) if together else tuple(left),
        frees=tuple(admission.frees(index, limit) for index in range(len(left))),
        factors=factors,
        share=share,
        stamp=together.stamp if together else "",
        full=admission.full,
    )

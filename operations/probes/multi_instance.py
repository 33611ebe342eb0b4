"""Two instances of one host share sessions, tokens, limits and cache."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from accounts.services import probe as account
from accounts.services import sessions, tokens
from accounts.services.limits import API
from kernel import http
from kernel.cache import bump
from kernel.registry import Measurement, Params, Weight, probe
from operations.probes.ratelimit import REFUSED
from operations.services import catalogue
from operations.services.instances import second_instance

# A token's positive mark lives 0.9 s: so late may another process learn of its end.
DIES_WITHIN = 1.2
PAGE = "/operations/"
Ask = Callable[..., http.Reply]


@dataclass(frozen=True)
class Instances:
    """The product's own web process and another one, as a client asks them."""

    first: Ask
    second: Ask

    def both(self) -> Iterator[tuple[str, Ask]]:
        yield "the first instance", self.first
        yield "the second instance", self.second


@probe(
    "multi_instance",
    title="Two instances on one host share state",
    freshness=timedelta(days=30),
    weight=Weight.LONG,
)
def multi_instance(params: Params) -> Measurement:
    with second_instance() as port:
        pair = Instances(
            http.own, lambda path, **given: http.own(path, port=port, **given)
        )
        faults = [
            *session_faults(pair),
            *token_faults(pair),
            *limit_faults(pair),
            *cache_faults(pair),
        ]
    return Measurement.of_faults(
        faults, "sessions, tokens, limits and cached pages are shared by two instances"
    )


def _bearer(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"}


def session_faults(pair: Instances) -> Iterator[str]:
    """A browser's session opens pages at both, and none once it is ended."""
    browser = sessions.browser_session(account.account())
    try:
        cookie = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={browser.session_key}"}
        for name, ask in pair.both():
            if (seen := ask(PAGE, headers=cookie).status) != 200:
                yield f"a session gets {seen} at {name}"
    finally:
        browser.flush()
    for name, ask in pair.both():
        if (seen := ask(PAGE, headers=cookie).status) != 302:
            yield f"an ended session gets {seen} at {name}"


def token_faults(pair: Instances) -> Iterator[str]:
    """A token that one instance renewed opens the other; revoked at one it is dead at
    the other within a second."""
    made = tokens.issue(account.account())
    fresh = _post(pair.first, "/api/token/refresh", made.refresh)
    if fresh.status != 200:
        yield f"the first instance renews no token: {fresh.status}"
        return
    renewed = json.loads(fresh.body)
    if (seen := _me(pair.second, renewed["access"])) != 200:
        yield f"a token of the first instance gets {seen} at the second"
    if (seen := _post(pair.first, "/api/token/refresh", made.refresh).status) != 401:
        yield f"a used refresh token gets {seen}"
    again = tokens.issue(account.account())
    _me(pair.second, again.access)
    _post(pair.first, "/api/token/revoke", again.refresh)
    time.sleep(DIES_WITHIN)
    if (seen := _me(pair.second, again.access)) != 401:
        yield f"a token revoked at the first instance gets {seen} at the second"


def _me(ask: Ask, token: str) -> int:
    return ask("/api/me", headers=_bearer(token)).status


def _post(ask: Ask, path: str, refresh: str) -> http.Reply:
    return ask(
        path,
        method="POST",
        headers={"Content-Type": "application/json"},
        body=json.dumps({"refresh": refresh}).encode(),
    )


def limit_faults(pair: Instances) -> Iterator[str]:
    """Who used up a minute at one instance is refused at the other."""
    minute = next(window for window in API.windows if window.name == "minute")
    with account.throwaway(lifted=("second",)) as token:
        time.sleep(DIES_WITHIN)
        seen = [_me(pair.first, token) for _ in range(minute.limit)]
        other = _me(pair.second, token)
    if REFUSED in seen:
        yield "the first instance refuses before its limit is reached"
    if other != REFUSED:
        yield f"who used up a minute at the first instance gets {other} at the second"


def cache_faults(pair: Instances) -> Iterator[str]:
    """The tag of a page is one at both, and changes at both at once."""
    browser = sessions.browser_session(account.account())
    try:
        cookie = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={browser.session_key}"}
        before = [_tag(ask(PAGE, headers=cookie)) for _, ask in pair.both()]
        bump(catalogue.TAG)
        after = [_tag(ask(PAGE, headers=cookie)) for _, ask in pair.both()]
    finally:
        browser.flush()
    if not all(before + after):
        yield f"{PAGE} names no tag"
    elif before[0] != before[1] or after[0] != after[1]:
        yield "the instances hold different versions of one page"
    elif before[0] == after[0]:
        yield "a change does not reach the page of either instance"


def _tag(answer: http.Reply) -> str:
    return answer.headers.get("etag", "")

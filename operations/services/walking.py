"""A walk through the whole product: every route, anonymously and as account `probe`.

The account reads everything and writes nothing. What exports, signs or logs out is
asked anonymously only: its refusal has headers too.
"""

from __future__ import annotations

import gzip
import re
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from django.conf import settings

from accounts.services import probe as account
from accounts.services import sessions
from kernel import configuration, http
from kernel.routes import Route, parameters_in, routes

ANONYMOUS, PROBE = "anonymous", "probe"
NOT_AS_PROBE = re.compile(
    r"export|sign|logout|csv|markdown|bundle|pdf|/file|envelope|claims|proof|key|restore"
)
KEPT_SECONDS = 300.0
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "li#none"}
WAVES = 3  # pages lead to lists, lists to things, things to their parts


@dataclass(frozen=True)
class Visit:
    """One answer: `size` in bytes as it came, `whole` unpacked (-1: it does not
    unpack)."""

    path: str
    who: str
    status: int
    headers: Mapping[str, str]
    size: int
    whole: int

    @property
    def name(self) -> str:
        return f"{self.path} ({self.who})"


_newest: tuple[float, str, list[Visit]] = (float("-inf"), "", [])


def walk() -> list[Visit]:
    """Every answer, at most five minutes old: several probes look at the same walk.
    Raises NoAnswer."""
    global _newest
    walked_at, digest, visits = _newest
    now = _answering()
    if time.monotonic() - walked_at > KEPT_SECONDS or digest != now:
        visits = list(_walk())
        _newest = (time.monotonic(), now, visits)
    return visits


def _answering() -> str:
    """Which process would answer: another one is another walk."""
    headers = http.own("/health/live").headers
    named = (headers.get("x-rrr-commit"), headers.get("x-rrr-configuration"))
    return f"{named} {configuration.running()}"


def _walk() -> Iterator[Visit]:
    browser = sessions.browser_session(account.account())
    try:
        cookie = f"{settings.SESSION_COOKIE_NAME}={browser.session_key}"
        yield from _routes({"Cookie": cookie})
        yield from _others({"Cookie": cookie})
    finally:
        browser.flush()


def _routes(signed_in: Mapping[str, str]) -> Iterator[Visit]:
    """Fixed routes first: their pages name the things that the others are about."""
    todo = list(routes())
    known: dict[str, str] = {}
    for wave in range(WAVES):
        last = wave == WAVES - 1
        ready = [route for route in todo if last or _is_ready(route, known)]
        todo = [route for route in todo if route not in ready]
        for route in ready:
            path = route.path(known)
            yield visit(path, ANONYMOUS)
            if NOT_AS_PROBE.search(route.pattern):
                continue
            answer = _ask(path, _as_probe(path, signed_in))
            known = {**parameters_in([_text(answer)]), **known}
            yield _visit(path, PROBE, answer)


def _is_ready(route: Route, known: Mapping[str, str]) -> bool:
    return route.is_fixed or "999999999" not in route.path(known)


def _as_probe(path: str, signed_in: Mapping[str, str]) -> Mapping[str, str]:
    if path.startswith("/api/"):
        return {"Authorization": f"Bearer {account.token()}"}
    return signed_in


def _others(signed_in: Mapping[str, str]) -> Iterator[Visit]:
    """What no route stands for: a missing page, a file, a 304, an error in a fragment,
    a fault, and the log-in page of the administration."""
    yield visit("/no-such-page/", ANONYMOUS)
    yield visit("/api/no-such-thing", ANONYMOUS)
    yield visit("/health/fault", ANONYMOUS)
    yield visit("/admin/login/", ANONYMOUS)
    page = _ask("/accounts/login/", {})
    files = re.findall(rf'"({re.escape(settings.STATIC_URL)}[^"]+)"', _text(page))
    yield from map(partial(visit, who=ANONYMOUS), files[:2])
    answer = _ask("/api/me", _as_probe("/api/me", signed_in))
    held = {"If-None-Match": answer.headers.get("etag", "")}
    again = _ask("/api/me", {**_as_probe("/api/me", signed_in), **held})
    yield _visit("/api/me", f"{PROBE}, again", again)
    fragment = _ask("/readiness/reviews/none/", {**signed_in, **HTMX})
    yield _visit("/readiness/reviews/none/", f"{PROBE}, a fragment", fragment)


def visit(path: str, who: str) -> Visit:
    """What somebody without a name is answered."""
    return _visit(path, who, _ask(path, {}))


def _ask(path: str, headers: Mapping[str, str]) -> http.Reply:
    return http.in_turn(path, headers={"Accept-Encoding": "gzip", **headers})


def _visit(path: str, who: str, answer: http.Reply) -> Visit:
    return Visit(
        path=path,
        who=who,
        status=answer.status,
        headers=answer.headers,
        size=len(answer.body),
        whole=len(answer.body) if not _packed(answer) else _whole(answer.body),
    )


def _packed(answer: http.Reply) -> bool:
    return answer.headers.get("content-encoding") == "gzip"


def _whole(body: bytes) -> int:
    try:
        return len(gzip.decompress(body))
    except (OSError, EOFError, zlib.error):
        return -1


def _text(answer: http.Reply) -> str:
    """The body as text; "" for what does not unpack."""
    body = answer.body
    if _packed(answer):
        body = gzip.decompress(body) if _whole(body) >= 0 else b""
    return body.decode("utf-8", "replace")

"""Foreign web origins get no grant, and each named one gets its own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from urllib.parse import urlsplit

from django.conf import settings

from accounts.probes.asking import api_paths, over_http
from kernel import http
from kernel.registry import Measurement, Params, probe
from kernel.web import own_origin

ALLOWED = "access-control-allow-origin"
CREDENTIALS = "access-control-allow-credentials"
PREFLIGHT = {"Access-Control-Request-Method": "POST"}
PORTS = {"https": 443, "http": 80}


def foreign_to(origin: str) -> list[str]:
    """Eight origins that a careless comparison takes for this one."""
    parts = urlsplit(origin)
    host, scheme = parts.hostname or "", parts.scheme
    port = f":{parts.port}" if parts.port else ""
    other = "http" if scheme == "https" else "https"
    return [
        f"{scheme}://evil.{host}{port}",
        f"{scheme}://{host}.evil.example{port}",
        f"{scheme}://evil{host}{port}",
        f"{other}://{host}{port}",
        "null",
        f"{scheme}://{host}:{(parts.port or PORTS.get(scheme, 0)) + 1}",
        f"{scheme}://{host}{port}".upper(),
        f"{scheme}://not-{host}{port}",
    ]


@probe("cors", title="Foreign web origins get no grant")
@over_http
def cors(params: Params) -> Measurement:
    """A read and a preflight from each of eight look-alikes of every named origin (of
    our own, where none is named), a preflight from one of them at every address of the
    API, and what each named origin is granted."""
    named = list(settings.CORS_ORIGINS)
    foreign = [
        look for origin in named or [own_origin()] for look in foreign_to(origin)
    ]
    foreign = [origin for origin in foreign if origin not in named]
    faults = [fault for origin in foreign for fault in _foreign_faults(origin)]
    paths = api_paths()
    for path, origin in zip(paths, cycle(foreign), strict=False):
        faults += _granted(f"a preflight to {path}", origin, _preflight(path, origin))
    for origin in named:
        if (grant := _read(origin).headers.get(ALLOWED, "")) != origin:
            faults.append(f"{origin} is named, and granted {grant or 'nothing'!r}")
    listed = ", ".join(named) or "none"
    return Measurement.of_faults(
        faults,
        f"No grant for {len(foreign)} foreign origins at {len(paths)} addresses; named "
        f"origins: {listed}.",
        facts={"named": listed},
    )


def _read(origin: str) -> http.Reply:
    return http.in_turn("/api/me", headers={"Origin": origin})


def _preflight(path: str, origin: str) -> http.Reply:
    return http.in_turn(path, method="OPTIONS", headers={"Origin": origin, **PREFLIGHT})


def _foreign_faults(origin: str) -> Iterator[str]:
    yield from _granted("a read", origin, _read(origin))
    yield from _granted("a preflight", origin, _preflight("/api/token", origin))


def _granted(what: str, origin: str, answer: http.Reply) -> Iterator[str]:
    grant = answer.headers.get(ALLOWED, "")
    if grant and (grant == "*" or grant.lower() == origin.lower()):
        yield f"{what} from {origin} is granted {grant!r}"
    if grant == "*" and answer.headers.get(CREDENTIALS) == "true":
        yield f"{what} from {origin}: * with credentials"

"""How the probes of the doors ask: over HTTP, as the service account `probe`.

No probe judges, and no secret value enters a measurement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps

from kernel import http
from kernel.registry import Measurement, Params
from kernel.routes import routes

Asked = Callable[[Params], Measurement]


def over_http(function: Asked) -> Asked:
    """A probe over HTTP: no answer is an error, neither pass nor fail."""

    @wraps(function)
    def asked(params: Params) -> Measurement:
        try:
            return function(params)
        except http.NoAnswer as error:
            return Measurement.uncollected(str(error))

    return asked


def api_paths() -> Sequence[str]:
    """Every address under /api/ that needs no id: a door that stands open at one of
    them stands open."""
    return [
        route.bare
        for route in routes()
        if route.is_fixed and route.bare.startswith("/api/")
    ]


def status(path: str, token: str = "") -> int:
    """The status of GET with this token."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return http.in_turn(path, headers=headers).status


def expect(what: str, seen: int, wanted: int, faults: list[str]) -> None:
    if seen != wanted:
        faults.append(f"{what} got {seen} instead of {wanted}")


def refused_everywhere(what: str, token: str, faults: list[str]) -> int:
    """Whether a bad token is a 401 wherever it is shown (a 405 or 404 before anybody
    is asked opens nothing either); how many addresses were tried."""
    paths = api_paths()
    for path in paths:
        seen = status(path, token)
        if seen not in {401, 404, 405}:
            faults.append(f"{what} got {seen} instead of 401 at {path}")
    expect(f"{what} at /api/me", status("/api/me", token), 401, faults)
    return len(paths)

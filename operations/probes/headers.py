"""Security headers, on every answer that there is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from kernel.registry import Measurement, Params, Weight, probe
from kernel.web import own_origin
from operations.services.walking import Visit, walk

HSTS_YEAR = 31_536_000
HSTS = "Strict-Transport-Security"
CSP = "Content-Security-Policy"


def _content_policy(value: str) -> bool:
    return "default-src" in value and not {"'unsafe-inline'", "'unsafe-eval'"} & set(
        value.replace(";", " ").split()
    )


def _hsts(value: str) -> bool:
    parts = {part.strip().lower() for part in value.split(";")}
    ages = [part.removeprefix("max-age=") for part in parts if part.startswith("max-")]
    long = any(age.isdecimal() and int(age) >= HSTS_YEAR for age in ages)
    return long and "includesubdomains" in parts


RULES: dict[str, Callable[[str], bool]] = {
    "X-Content-Type-Options": lambda value: value == "nosniff",
    "X-Frame-Options": lambda value: value == "DENY",
    "X-XSS-Protection": lambda value: value == "0",
    CSP: _content_policy,
    "Referrer-Policy": lambda value: value in {"same-origin", "no-referrer"},
    "Permissions-Policy": bool,
    HSTS: _hsts,
}


@probe(
    "headers",
    title="Security headers on every answer",
    freshness=timedelta(hours=1),
    weight=Weight.LONG,
)
def headers(params: Params) -> Measurement:
    """`header` names one; without it all are looked at. HSTS needs TLS to be shown."""
    wanted = params.get("header", "")
    known = {name.lower(): name for name in RULES}
    if wanted and wanted.lower() not in known:
        return Measurement.uncollected(f"no rule for {wanted}")
    names = [known[wanted.lower()]] if wanted else list(RULES)
    tls = own_origin().startswith("https://")
    if names == [HSTS] and not tls:
        return Measurement.uncollected("needs TLS")
    looked = [name for name in names if tls or name != HSTS]
    visits = walk()
    faults = [fault for visit in visits for fault in _faults(visit, looked)]
    if not faults and len(looked) < len(names):
        return Measurement.uncollected(
            f"the other {len(looked)} headers are right on {len(visits)} answers; "
            f"{HSTS} needs TLS"
        )
    return Measurement.of_faults(
        faults,
        f"{', '.join(looked)}: right on {len(visits)} answers",
        facts={"answers": str(len(visits))},
    )


def _faults(visit: Visit, names: list[str]) -> list[str]:
    return [
        f"{visit.name}, {visit.status}: {name} is "
        f"{visit.headers.get(name.lower(), 'not there')!r}"
        for name in names
        if not RULES[name](visit.headers.get(name.lower(), ""))
    ]

"""The verdict of the health checks: pure.

Only the database and the audit log can fail; whatever else is wrong is a warning,
for the product still answers truthfully without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from kernel.spoken import age as spoken_age
from kernel.spoken import plural

# Whose name is not what people call it.
TITLES = {
    "cache": "Redis",
    "backup_age": "Last backup",
    "restore_drill_age": "Last restore drill",
    "serve": "Supervisor",
    "paging": "Telling people",
}
MAY_FAIL = frozenset({"database", "audit_log"})
HEARTBEAT_STALE = timedelta(seconds=60)
DISK_LEAST_PERCENT = 10
DISK_LEAST_BYTES = 500_000_000
DISK_ENOUGH_BYTES = 20 * DISK_LEAST_BYTES
CLOCK_JUMP_SECONDS = 5.0
CERTIFICATE_LEAST_DAYS = 21
DRILL_WITHIN = timedelta(days=2)


class Status(StrEnum):
    """From best to worst."""

    PASS = "pass"  # noqa: S105 - a verdict
    WARN = "warn"
    FAIL = "fail"


def title_of(name: str) -> str:
    """What the pages call a check."""
    return TITLES.get(name) or name.replace("_", " ").capitalize()


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """One thing looked at. `observed` is a figure or "" and `unit` its unit."""

    name: str
    status: Status
    detail: str
    observed: str = ""
    unit: str = ""

    @property
    def title(self) -> str:
        """What the pages call it."""
        return title_of(self.name)

    def __post_init__(self) -> None:
        if self.status is Status.FAIL and self.name not in MAY_FAIL:
            raise ValueError(f"{self.name} may only warn")


def verdict(checks: Iterable[HealthCheck]) -> Status:
    """The worst status of all."""
    return max(
        (check.status for check in checks), key=list(Status).index, default=Status.PASS
    )


def passes(name: str, detail: str) -> HealthCheck:
    """A check that is well, and has no figure to show."""
    return HealthCheck(name=name, status=Status.PASS, detail=detail)


def warn(name: str, detail: str) -> HealthCheck:
    """A check that found no figure to show."""
    return HealthCheck(name=name, status=Status.WARN, detail=detail)


def measured(
    name: str, detail: str, *, late: bool, observed: str, unit: str
) -> HealthCheck:
    """A figure that warns when it is beyond its limit."""
    status = Status.WARN if late else Status.PASS
    return HealthCheck(
        name=name, status=status, detail=detail, observed=observed, unit=unit
    )


def age(name: str, seconds: float | None, limit: timedelta, what: str) -> HealthCheck:
    """Warns when something is older than `limit`, is dated ahead, or has never been."""
    if seconds is None:
        return warn(name, f"there is no {what} yet")
    detail = f"the last {what} is {spoken_age(seconds)} old"
    ahead = seconds < -CLOCK_JUMP_SECONDS
    if ahead:
        detail = f"the last {what} is dated {spoken_age(seconds)} ahead of now"
    return measured(
        name,
        detail,
        late=ahead or seconds > limit.total_seconds(),
        observed=str(int(seconds)),
        unit="s",
    )


def silent(age: float) -> bool:
    """No sign of life for 60 s; one from the future (the clock was set back) is
    none, for a living process writes a new one every 15 s."""
    return abs(age) > HEARTBEAT_STALE.total_seconds()


def heartbeats(kind: str, ages: Mapping[str, float]) -> HealthCheck:
    """`ages`: {process: seconds since its last sign of life}."""
    if not ages:
        return warn(kind, "never gave a sign of life")
    missing = sorted(name for name, seconds in ages.items() if silent(seconds))
    detail = f"no sign of life from {', '.join(missing)}"
    return measured(
        kind,
        detail if missing else f"{len(ages)} alive",
        late=bool(missing),
        observed=str(int(max(0.0, *ages.values()))),
        unit="s",
    )


def disk(free: int, total: int) -> HealthCheck:
    percent = 100 * free // total if total else 0
    low = percent < DISK_LEAST_PERCENT and free < DISK_ENOUGH_BYTES
    return measured(
        "disk",
        f"{percent} % of the disk under the state directory is free",
        late=low or free < DISK_LEAST_BYTES,
        observed=str(free),
        unit="bytes",
    )


def clock(jump: float) -> HealthCheck:
    """`jump`: by how many seconds the wall clock has left the monotonic one since
    this process started (or the database's clock, whichever is worse)."""
    shown = f"{round(jump, 1) + 0.0:.1f}"  # never "-0.0"
    return measured(
        "clock",
        f"the clock is {shown} s away from where it should be",
        late=abs(jump) > CLOCK_JUMP_SECONDS,
        observed=shown,
        unit="s",
    )


def certificate(days: int) -> HealthCheck:
    """`days`: how long the certificate is still good."""
    return measured(
        "certificate",
        f"{plural(days, 'day')} left",
        late=days < CERTIFICATE_LEAST_DAYS,
        observed=str(days),
        unit="days",
    )

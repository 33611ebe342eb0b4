"""The verdict of the health checks: pure.

Only the database and the audit log can fail; whatever else is wrong is a warning,
for the product still answers truthfully without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

PASS, WARN, FAIL = "pass", "warn", "fail"
MAY_FAIL = frozenset({"database", "audit_log"})
HEARTBEAT_STALE = timedelta(seconds=60)
DISK_LEAST_PERCENT = 10
DISK_LEAST_BYTES = 500_000_000
CLOCK_JUMP_SECONDS = 5.0
CERTIFICATE_LEAST_DAYS = 21
DRILL_WITHIN = timedelta(days=2)


@dataclass(frozen=True)
class Check:
    """One thing looked at. `observed` is a figure or "" and `unit` its unit."""

    name: str
    status: str
    detail: str
    observed: str = ""
    unit: str = ""

    def __post_init__(self) -> None:
        if self.status == FAIL and self.name not in MAY_FAIL:
            raise ValueError(f"{self.name} may only warn")


def verdict(checks: Iterable[Check]) -> str:
    """The worst status of all."""
    found = {check.status for check in checks}
    return next((status for status in (FAIL, WARN) if status in found), PASS)


def age(name: str, seconds: float | None, limit: timedelta, what: str) -> Check:
    """Warns when something is older than `limit`, or has never been."""
    if seconds is None:
        return Check(name, WARN, f"there is no {what} yet")
    late = seconds > limit.total_seconds()
    words = f"the last {what} is {int(seconds)} s old"
    return Check(name, WARN if late else PASS, words, str(int(seconds)), "s")


def disk(free: int, total: int) -> Check:
    percent = 100 * free // total if total else 0
    low = percent < DISK_LEAST_PERCENT and free < 20 * DISK_LEAST_BYTES
    low = low or free < DISK_LEAST_BYTES
    words = f"{percent} % of the disk under the state directory is free"
    return Check("disk", WARN if low else PASS, words, str(free), "bytes")


def clock(jump: float) -> Check:
    """`jump`: by how many seconds the wall clock has left the monotonic one since
    this process started (or the database's clock, whichever is worse)."""
    late = abs(jump) > CLOCK_JUMP_SECONDS
    words = f"the clock is {jump:.1f} s away from where it should be"
    return Check("clock", WARN if late else PASS, words, f"{jump:.1f}", "s")

"""A product in which all is well, looked at every 10 s, until something is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from operations.models import Alert, Notice
from operations.services import alerting, heartbeats

HOUR = timedelta(hours=1)
TICK = timedelta(seconds=10)


def live(at: datetime, *, without: tuple[str, ...] = ()) -> None:
    """Everybody gives a sign of life, but those."""
    for kind, role in (
        ("worker", "probes,tick"),
        ("worker", "heavy"),
        ("beat", ""),
        ("watch", ""),
    ):
        if kind not in without and role not in without:
            heartbeats.beat(kind, at, role=role, host="here")


def look(
    start: datetime,
    seconds: int,
    before: Callable[[datetime], object] = live,
) -> datetime:
    """A tick every 10 s, and something before each."""
    for passed in range(0, seconds + 1, 10):
        at = start + timedelta(seconds=passed)
        before(at)
        alerting.evaluate(at)
    return start + timedelta(seconds=seconds)


def firing() -> set[tuple[str, str]]:
    open_ones = Alert.objects.filter(state="firing")
    return set(open_ones.values_list("rule", "target"))


def told(rule: str) -> list[str]:
    alert = Alert.objects.get(rule=rule)
    notices = Notice.objects.filter(about=f"alert:{alert.uid}").order_by("pk")
    return [*notices.values_list("level", flat=True)]

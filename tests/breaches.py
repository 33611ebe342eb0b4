"""Looks at a rule, as the tick takes them: one every 10 s."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from operations.domain.alerting import Reading
from operations.models import Rule
from operations.services import alerting

LOOK = timedelta(seconds=10)


def look(
    at: datetime, value: str = "99", *, seconds: int = 0, breached: bool = True
) -> None:
    """Memory on `host` was so for the last `seconds`, up to `at`."""
    rule = Rule.objects.get(name="memory")
    reading = Reading("memory", "host", Decimal(value), breached=breached)
    for number in range(seconds // 10, -1, -1):
        alerting.apply(reading, rule, at - number * LOOK)

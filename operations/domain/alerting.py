"""The words of alerts: how bad, what was read, and what a story tells."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Severity(StrEnum):
    """P0 wakes people up, P3 waits for Monday."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


class TimelineKind(StrEnum):
    """What a line of an alert's story is about."""

    PENDING = "pending"
    FIRING = "firing"
    REOPENED = "reopened"
    ANSWERED = "answered"
    RESOLVED = "resolved"
    UNREAD = "unread"
    NOTIFIED = "notified"
    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    HELD = "held"
    UNSILENCED = "unsilenced"


@dataclass(frozen=True)
class Reading:
    """One look at one target of one rule. `value` None: no data, which changes
    nothing: it neither fires nor resolves. `detail` says more than the figure."""

    rule: str
    target: str
    value: Decimal | None
    breached: bool = False
    detail: str = ""

"""Reading whom an alert has reached: in its newest episode, who was told and who waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q

from operations.domain.episodes import Word
from operations.models import Alert, Notice

BEGINS = (Word.FIRING.value, Word.AGAIN.value)


@dataclass(frozen=True, kw_only=True)
class Told:
    """How many people a message has reached, how many it waits for, and why the last
    one did not arrive."""

    sent: int = 0
    waiting: int = 0
    lost: int = 0
    why: str = ""


def told(alert: Alert) -> Told:
    """One query: what came of the newest "firing" or "firing again" of each reader."""
    rows = Notice.objects.filter(
        kind="alert", about=f"alert:{alert.uid}", level__in=BEGINS
    )
    newest: dict[str, Notice] = {}
    for notice in rows.defer("body").order_by("pk"):
        newest[notice.recipient] = notice
    states = [notice.state for notice in newest.values()]
    unsent = [n for n in newest.values() if n.state != Notice.State.SENT]
    sent = states.count(Notice.State.SENT)
    waiting = sum(state in Notice.WAITING for state in states)
    return Told(
        sent=sent,
        waiting=waiting,
        lost=len(states) - sent - waiting,
        why=unsent[-1].last_error if unsent else "",
    )


@dataclass(frozen=True, kw_only=True)
class Outbox:
    """Messages that wait to be sent, how many of them were tried in vain, and since
    when the oldest waits."""

    waiting: int
    tried: int
    oldest: datetime | None


def outbox() -> Outbox:
    """One query."""
    waiting = Notice.objects.filter(state__in=Notice.WAITING)
    seen = waiting.aggregate(
        waiting=Count("pk"),
        tried=Count("pk", filter=~Q(last_error="")),
        oldest=Min("created_at"),
    )
    return Outbox(**seen)

"""Reading on in the log from where somebody has read before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from audit.domain import event
from audit.domain.event import ToldEvent
from audit.models import AuditEvent


@dataclass(frozen=True)
class LogMark:
    """Up to which event somebody has read what the log tells of an object. Its leaf
    stands for all events before it, so whoever finds it there again has them, too."""

    seq: int
    leaf: bytes


@dataclass(frozen=True)
class LogNews:
    """The events about an object since a mark, oldest first, and the mark after them.
    `anew`: they begin with the first, for the event at the mark is not there."""

    events: Sequence[ToldEvent]
    mark: LogMark | None
    anew: bool


@dataclass(frozen=True)
class LogReading:
    """`news` by object, and the name of the log that tells them."""

    news: Mapping[str, LogNews]
    log: str


def logged_since(marks: Mapping[str, LogMark | None]) -> LogReading:
    """What the log tells of these objects since their marks: one query, two where a
    mark is not there any more. Events are found by their object alone: a kind in a
    column hides none."""
    if not marks:
        return LogReading({}, "")
    reading = _news(marks)
    lost = [name for name, mark in marks.items() if mark and reading.news[name].anew]
    again = _news(dict.fromkeys(lost)).news if lost else {}
    return LogReading({**reading.news, **again}, reading.log)


def _news(marks: Mapping[str, LogMark | None]) -> LogReading:
    asked = Q(seq=0)
    for name, mark in marks.items():
        asked |= Q(object=name, seq__gte=mark.seq if mark else 0)
    log = ""
    about: dict[str, list[AuditEvent]] = {name: [] for name in marks}
    for row in AuditEvent.objects.filter(asked).order_by("seq"):
        if row.seq == 0:
            log = _name_in(bytes(row.body))
        if row.object in about:
            about[row.object].append(row)
    news = {name: _since(name, marks[name], rows) for name, rows in about.items()}
    return LogReading(news, log)


def _name_in(first: bytes) -> str:
    """What cannot be read names no log."""
    try:
        return event.log_of(first)
    except (ValueError, KeyError, TypeError):
        return ""


def _since(name: str, mark: LogMark | None, rows: Sequence[AuditEvent]) -> LogNews:
    """What is about another thing by its body is no news of this one."""
    known = bool(mark and rows) and mark == _mark(rows[0])
    told = [told_by(row) for row in (rows[1:] if known else rows)]
    events = [event for event in told if event.object == name]
    return LogNews(events, _mark(rows[-1]) if rows else None, anew=not known)


def _mark(row: AuditEvent) -> LogMark:
    return LogMark(row.seq, bytes(row.leaf))


def told_by(row: AuditEvent) -> ToldEvent:
    """One whose body cannot be read is told by its columns, without data."""
    try:
        return event.told(row.seq, bytes(row.body), bytes(row.leaf))
    except ValueError:
        return ToldEvent(
            row.seq, row.kind, row.actor, row.object, {}, intact=False, at=row.at
        )

"""Reading who is alive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from operations.domain.health import silent
from operations.models import Heartbeat


@dataclass(frozen=True, kw_only=True)
class ProcessLine:
    """A process and whether it has given no sign of life for 60 s."""

    heartbeat: Heartbeat
    stale: bool


def processes(at: datetime) -> list[ProcessLine]:
    """Every process that ever reported (and was not pruned), stale ones first."""
    rows = Heartbeat.objects.exclude(kind=Heartbeat.Kind.TICK)
    lines = [
        ProcessLine(heartbeat=row, stale=silent((at - row.beaten_at).total_seconds()))
        for row in rows
    ]
    return sorted(lines, key=lambda line: (not line.stale, line.heartbeat.name))


def stale_processes(at: datetime) -> list[Heartbeat]:
    """Whose heartbeat is older than 60 s; beat only while a worker is fresh, for
    its sign of life arrives through the worker."""
    lines = processes(at)
    worker = any(
        not line.stale and line.heartbeat.kind == Heartbeat.Kind.WORKER
        for line in lines
    )
    return [
        line.heartbeat
        for line in lines
        if line.stale and (worker or line.heartbeat.kind != Heartbeat.Kind.BEAT)
    ]


def last_tick() -> datetime | None:
    """When the last tick ran, whoever ran it."""
    row = Heartbeat.objects.filter(kind=Heartbeat.Kind.TICK).first()
    return row.beaten_at if row else None

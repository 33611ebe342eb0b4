"""How operations' rows look in API answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kernel.numbers import text, text_or_none
from operations.models import Alert, Backup, JobRun, Rule
from operations.queries.measurements import ProbeLine
from operations.queries.running import JobLine


def stamp(at: datetime | None) -> str | None:
    """UTC with Z, microseconds kept."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def alert(row: Alert) -> dict[str, Any]:
    who = row.acknowledged_by
    return {
        "id": str(row.uid),
        "rule": row.rule,
        "target": row.target,
        "severity": row.severity,
        "state": row.state,
        "value": text_or_none(row.value),
        "threshold": text_or_none(row.threshold),
        "started_at": stamp(row.pending_at),
        "fired_at": stamp(row.fired_at),
        "resolved_at": stamp(row.resolved_at),
        "acknowledged_by": who.username if who else None,
        "acknowledged_at": stamp(row.acknowledged_at),
    }


def rule(row: Rule) -> dict[str, Any]:
    return {
        "name": row.name,
        "title": row.title,
        "severity": row.severity,
        "threshold": text(row.threshold),
        "unit": row.unit,
        "for_seconds": row.for_seconds,
        "enabled": row.enabled,
        "revision": row.revision,
    }


def backup(row: Backup) -> dict[str, Any]:
    return {
        "id": row.uid.hex,
        "engine": row.engine,
        "status": row.status,
        "started_at": stamp(row.started_at),
        "finished_at": stamp(row.finished_at),
        "bytes": row.bytes,
        "sha256": row.sha256,
        "error": row.error,
    }


def day_strip(day: str) -> dict[str, str]:
    """SVG path data of the half hours, by class of the style sheet (o fine, c with
    faults, w not measured, z nothing), and the words for who cannot see them."""
    names = {"o": "o", "c": "c", "w": "w", ".": "z"}
    paths = dict.fromkeys(names.values(), "")
    for number, letter in enumerate(day):
        paths[names[letter]] += f"M{number * 4.2:.1f} 1h3v16h-3z"
    words = (
        f"last 24 hours: {day.count('c')} of {len(day) - day.count('.')} "
        f"half hours with faults, {day.count('w')} not measured"
    )
    return {**paths, "words": words}


def job(line: JobLine) -> dict[str, Any]:
    row = line.job
    return {
        "name": row.name,
        "schedule": row.schedule,
        "next_due": stamp(row.next_due),
        "last_ok": stamp(row.last_ok),
        "consecutive_failures": row.consecutive_failures,
        "state": line.state,
        "error": line.last.error if line.last else "",
    }


def probe(line: ProbeLine) -> dict[str, Any]:
    """A probe that never ran has null where its result would be."""
    seen = line.result
    return {
        "name": line.name,
        "title": line.title,
        "params": dict(line.params),
        "state": line.state,
        "value": seen.value if seen else None,
        "unit": seen.unit if seen else "",
        "detail": seen.detail if seen else "",
        "error": seen.error if seen else "",
        "commit": seen.commit if seen else None,
        "observed_at": stamp(seen.observed_at) if seen else None,
        "every": line.every,
    }


def queued(run: JobRun) -> dict[str, Any]:
    return {"run": str(run.uid), "state": run.state}

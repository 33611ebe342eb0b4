"""Backups are taken by themselves, and the newest was seen to come back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from kernel import build
from kernel.registry import Measurement, Params, probe
from operations import queries
from operations.domain import recovery
from operations.models import Backup, RestoreDrill
from operations.services import scheduler
from operations.services.backups import shelves

# The daily drill, and as much again as it may be late.
DRILL_WITHIN = timedelta(hours=26)
AHEAD = timedelta(seconds=60)  # so far the clocks of two hosts may differ


@probe(
    "backup_restore",
    title="Backups are young, and the newest comes back from a drill",
    freshness=timedelta(hours=24),
    every=timedelta(minutes=30),
)
def backup_restore(params: Params) -> Measurement:
    """Counts faults: no good backup within BACKUP_FREQUENCY, its file gone or of
    another size, a drill that failed or is too old. A drill by other code proves
    nothing of this one: then a new one is asked for, and nothing is measured."""
    running, at = build.running(), timezone.now()
    commit = running.commit if running.proves else ""
    if not queries.backups(limit=1).rows:
        return Measurement.uncollected("no backup was taken yet")
    newest, drill = queries.newest_good(), queries.newest_drill()
    faults = _of_backup(newest, at)
    if newest and (drill is None or drill.commit != commit):
        scheduler.request("restore-drill")
        return Measurement.uncollected("this version was not seen to restore yet")
    faults += _of_drill(drill, at)
    return Measurement.of_faults(
        faults,
        "the newest backup is young, and one came back as its marker says",
        facts=_facts(newest, drill),
        commit=running.commit,
    )


def _of_backup(newest: Backup | None, at: datetime) -> list[str]:
    if newest is None:
        return ["there is no good backup"]
    faults = []
    age = at - newest.started_at
    if age > settings.BACKUP_FREQUENCY * 1.1:
        faults.append("the newest good backup is older than its frequency")
    if age < -AHEAD:
        faults.append("the newest good backup is dated ahead of now")
    try:
        size = shelves.size(newest.location)
    except shelves.Away as away:
        faults.append(str(away))
    except OSError:
        faults.append("the file of the newest good backup is gone")
    else:
        if size != newest.bytes:
            faults.append("the file of the newest good backup has another size")
    return faults


def _of_drill(drill: RestoreDrill | None, at: datetime) -> list[str]:
    if drill is None:
        return ["nothing was restored on trial"]
    faults = [
        f"restored on trial, {what} was not equal: {text}"
        for what, text in drill.assertions.items()
        if text != "equal"
    ]
    if not drill.ok and not faults:
        faults.append("the last restore on trial failed")
    if (drill.rto_seconds or 0) > recovery.RTO.total_seconds():
        faults.append(
            f"restored on trial in {drill.rto_seconds} s, longer than the "
            f"{recovery.RTO.total_seconds():.0f} s that are promised"
        )
    if not -AHEAD <= at - drill.started_at <= DRILL_WITHIN:
        faults.append("the last restore on trial was not within the last day")
    return faults


def _facts(newest: Backup | None, drill: RestoreDrill | None) -> dict[str, str]:
    """What a reader asks for next: which backup, how long, how far back."""
    facts = {"newest_backup": newest.uid.hex if newest else ""}
    if drill:
        facts |= {
            "drilled_backup": drill.backup.uid.hex,
            "drilled_at": drill.started_at.isoformat(),
            "rto_seconds": str(drill.rto_seconds),
            "rpo_seconds": str(drill.rpo_seconds),
        }
    return facts

"""What is thrown away, and what never is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from operations.domain.keeping import ALL_KEPT, Sample, superfluous
from operations.models import Alert, Heartbeat, Job, JobRun, Minute, ProbeResult
from operations.services import violations

RUNS_KEPT = timedelta(days=30)
MOST_RUNS = 500
MINUTES_KEPT = {Minute.WEB: timedelta(days=40), Minute.READINGS: timedelta(days=8)}
UNFIRED_KEPT = timedelta(days=7)
HEARTBEATS_KEPT = timedelta(days=1)
KEY = ("name", "params_digest", "commit", "environment", "configuration")
# Rows a statement: a long one would hold SQLite's only lock, writers wait for it.
CHUNK = 500


def prune(at: datetime) -> dict[str, int]:
    """Delete what is past its time; {what: how many}."""
    return {
        "runs": _runs(at),
        "results": _results(at),
        "minutes": _minutes(at),
        "alerts": _unfired(at),
        "heartbeats": _silent(at),
        "violations": violations.forget(at),
    }


def _minutes(at: datetime) -> int:
    gone = 0
    for series, kept in MINUTES_KEPT.items():
        rows = Minute.objects.filter(series=series)
        gone += rows.filter(at__lt=at - kept).delete()[0]
    return gone


def _runs(at: datetime) -> int:
    """Finished runs older than 30 days, and beyond the newest 500 of a job. By id
    and not by time: a clock that was set back must not make the newest look old."""
    done = JobRun.objects.exclude(state__in=JobRun.UNFINISHED)
    gone = done.filter(due_at__lt=at - RUNS_KEPT).delete()[0]
    for job in Job.objects.all():
        ids = done.filter(job=job).order_by("-pk").values_list("pk", flat=True)
        oldest_kept = ids[MOST_RUNS - 1 : MOST_RUNS].first()
        if oldest_kept is not None:
            gone += done.filter(job=job, pk__lt=oldest_kept).delete()[0]
    return gone


def _results(at: datetime) -> int:
    """What `operations.domain.keeping` can do without, key by key."""
    old = ProbeResult.objects.filter(observed_at__lt=at - ALL_KEPT)
    gone = 0
    for key in list(old.values(*KEY).distinct().order_by(*KEY)):
        ids = superfluous(list(_samples(key)), at)
        for start in range(0, len(ids), CHUNK):
            part = ProbeResult.objects.filter(pk__in=ids[start : start + CHUNK])
            gone += part.delete()[0]
    return gone


def _samples(key: Mapping[str, Any]) -> Iterator[Sample]:
    rows = ProbeResult.objects.filter(**key).order_by("observed_at", "pk")
    columns = rows.values_list("pk", "observed_at", "value", "error", "tree_clean")
    for pk, observed_at, *said in columns.iterator():
        yield Sample(pk, observed_at, said)


def _unfired(at: datetime) -> int:
    alerts = Alert.objects.filter(state=Alert.State.RESOLVED, fired_at=None)
    return alerts.filter(resolved_at__lt=at - UNFIRED_KEPT).delete()[0]


def _silent(at: datetime) -> int:
    """Processes that are gone for good, lest they count as stale for ever."""
    near = (at - HEARTBEATS_KEPT, at + HEARTBEATS_KEPT)
    return Heartbeat.objects.exclude(beaten_at__range=near).delete()[0]

"""For how long something that should happen has not: what the rules about it read.

What is dated ahead of now (a clock was set back) is no proof that it happened.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Max, Min, QuerySet

from kernel.registry import JOBS
from operations.models import Backup, Heartbeat, Job, JobRun, ProbeResult, RestoreDrill

QUEUES = ("tick", "probes", "heavy")
NONE = timedelta()
# Signs of life are kept for a day: who has none was silent for at least as long.
SILENT = timedelta(days=1)
GOOD = (Backup.Status.OK, Backup.Status.VERIFIED)


def backup_overdue(at: datetime) -> timedelta:
    """How long ago the next backup was due; without any, since this was installed."""
    good = Backup.objects.filter(status__in=GOOD, of_this_log=True, finished_at__lte=at)
    last = _newest(good)
    if last is None:
        return _installed(at)
    return max(NONE, at - last - settings.BACKUP_FREQUENCY)


def since_drill(at: datetime) -> timedelta:
    """How long ago a drill of this environment succeeded, else since it could have."""
    drills = RestoreDrill.objects.filter(ok=True, environment=settings.RRR_ENV)
    last = _newest(drills.filter(finished_at__lte=at))
    return at - last if last else _installed(at)


def _newest(ended: QuerySet[Backup] | QuerySet[RestoreDrill]) -> datetime | None:
    newest: datetime | None = ended.aggregate(last=Max("finished_at"))["last"]
    return newest


def _installed(at: datetime) -> timedelta:
    """How long there has been a database of ours."""
    applied = MigrationRecorder.Migration.objects.filter(app="operations")
    first: datetime | None = applied.aggregate(first=Min("applied"))["first"]
    return max(NONE, at - first) if first else NONE


def silence_of_queues(at: datetime) -> dict[str, timedelta]:
    """Each queue, and how long ago a worker of it gave a sign of life: whichever host
    it is on, so that one that moved is not missed."""
    workers = list(Heartbeat.objects.filter(kind=Heartbeat.Kind.WORKER))
    return {
        queue: _silence(
            [row.beaten_at for row in workers if queue in row.role.split(",")], at
        )
        for queue in QUEUES
    }


def silence_of(kind: Heartbeat.Kind, at: datetime) -> timedelta:
    """How long ago any process of this kind gave a sign of life."""
    beaten = Heartbeat.objects.filter(kind=kind).values_list("beaten_at", flat=True)
    return _silence(list(beaten), at)


def _silence(beaten: list[datetime], at: datetime) -> timedelta:
    """The shortest; a sign from the future is as old as it is far ahead."""
    longest = min(SILENT, _installed(at)) if not beaten else SILENT
    return min((abs(at - when) for when in beaten), default=longest)


def overdue_slot(at: datetime) -> timedelta:
    """How long the longest overdue slot of a job or probe has not even been queued."""
    due = Job.objects.exclude(schedule="").filter(paused_at=None, next_due__lt=at)
    first: datetime | None = due.aggregate(first=Min("next_due"))["first"]
    return at - first if first else NONE


def oldest_queued() -> list[tuple[Job, datetime]]:
    """Each job with a run that waits, and since when."""
    waiting = JobRun.objects.filter(state=JobRun.State.QUEUED).order_by()
    first = dict(waiting.values_list("job").annotate(first=Min("due_at")))
    return [(job, first[job.pk]) for job in Job.objects.filter(pk__in=first)]


def last_begun(since: datetime) -> list[tuple[Job, datetime]]:
    """Each job of which a run has begun since then, and when the last one did; of what
    is being done, until when its worker holds it."""
    begun = JobRun.objects.filter(started_at__gt=since).order_by()
    last = dict(begun.values_list("job").annotate(last=Max("started_at")))
    held = JobRun.objects.filter(state=JobRun.State.RUNNING, lease_until__gt=since)
    last |= dict(held.order_by().values_list("job").annotate(last=Max("lease_until")))
    return [(job, last[job.pk]) for job in Job.objects.filter(pk__in=last)]


def failures_of_jobs() -> list[tuple[str, int, str]]:
    """Each job, how often in a row it has failed, and what its last failure said."""
    jobs = Job.objects.filter(kind=Job.Kind.JOB, name__in=JOBS)
    failures = list(jobs.values_list("pk", "name", "consecutive_failures"))
    failing = {pk for pk, _, number in failures if number}
    said = dict[int, str]()
    if failing:
        ended = JobRun.objects.filter(job__in=failing).exclude(error="")
        said = dict(ended.order_by("pk").values_list("job", "error"))
    return [(name, number, said.get(pk, "")) for pk, name, number in failures]


def newest_of_probe(name: str) -> ProbeResult | None:
    """What a probe measured last in this environment."""
    results = ProbeResult.objects.filter(name=name, environment=settings.RRR_ENV)
    return results.order_by("-pk").first()

"""Reading jobs and processes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from kernel.registry import JOBS
from operations.models import Heartbeat, Job, JobRun

STALE_AFTER = timedelta(seconds=60)


@dataclass(frozen=True)
class JobLine:
    """A job and what it is doing: idle, queued, running, failing or paused."""

    job: Job
    state: str
    last: JobRun | None
    overdue: bool


def job_board(at: datetime) -> list[JobLine]:
    """Jobs (not probes) by name, failing ones first: three queries."""
    jobs = list(Job.objects.filter(kind=Job.Kind.JOB, name__in=JOBS).order_by("name"))
    unfinished: dict[int, set[str]] = {}
    for job, state in JobRun.objects.filter(
        state__in=JobRun.UNFINISHED, job__in=jobs
    ).values_list("job_id", "state"):
        unfinished.setdefault(job, set()).add(state)
    last = _last_finished(jobs)
    lines = [
        JobLine(
            job=job,
            state=_state(job, unfinished.get(job.pk, set())),
            last=last.get(job.pk),
            overdue=bool(
                job.next_due and at > job.next_due + timedelta(seconds=job.grace)
            ),
        )
        for job in jobs
    ]
    return sorted(lines, key=lambda line: (line.state != "failing", line.job.name))


def _last_finished(jobs: list[Job]) -> dict[int, JobRun]:
    ended = JobRun.objects.filter(job__in=jobs, finished_at__isnull=False)
    found: dict[int, JobRun] = {}
    for run in ended.order_by("-finished_at")[:500]:
        found.setdefault(run.job_id, run)
    return found


def _state(job: Job, unfinished: set[str]) -> str:
    if job.paused_at:
        return "paused"
    if "running" in unfinished:
        return "running"
    if job.consecutive_failures:
        return "failing"
    return "queued" if "queued" in unfinished else "idle"


def recent_runs(limit: int = 50) -> list[JobRun]:
    """The newest runs of jobs and probes."""
    rows = JobRun.objects.select_related("job").order_by("-due_at", "-pk")
    return list(rows[:limit])


@dataclass(frozen=True)
class ProcessLine:
    """A process and whether its last sign of life is older than 60 s."""

    heartbeat: Heartbeat
    stale: bool


def processes(at: datetime) -> list[ProcessLine]:
    """Every process that ever reported (and was not pruned), stale ones first."""
    rows = Heartbeat.objects.exclude(kind=Heartbeat.Kind.TICK)
    lines = [ProcessLine(row, at - row.beaten_at > STALE_AFTER) for row in rows]
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

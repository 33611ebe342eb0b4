"""Reading jobs and their runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min

from kernel.paging import Page, newest_first
from kernel.registry import JOBS
from operations.domain import schedules
from operations.domain.board import JobState, job_state
from operations.models import Job, JobRun

RUNS_LOOKED_AT = 500


@dataclass(frozen=True, kw_only=True)
class JobLine:
    """A job, what it is doing, and its last finished run."""

    job: Job
    state: JobState
    last: JobRun | None
    overdue: bool

    @property
    def schedule(self) -> str:
        """As people say it."""
        return schedules.spoken(self.job.schedule)

    @property
    def failing(self) -> bool:
        """Also while it is tried again."""
        return self.job.consecutive_failures > 0 and self.state is not JobState.PAUSED

    @property
    def place(self) -> tuple[int, str]:
        """Failing ones first, then by name."""
        return int(not self.failing), self.job.name


def job_board(at: datetime) -> list[JobLine]:
    """Jobs (not probes) in the order of their places: three queries."""
    jobs = list(Job.objects.filter(kind=Job.Kind.JOB, name__in=JOBS))
    unfinished: dict[int, set[str]] = {}
    for job, state in JobRun.objects.filter(
        state__in=JobRun.UNFINISHED, job__in=jobs
    ).values_list("job_id", "state"):
        unfinished.setdefault(job, set()).add(state)
    last = _last_finished(jobs)
    lines = [
        JobLine(
            job=job,
            state=job_state(
                paused=job.paused_at is not None,
                failures=job.consecutive_failures,
                unfinished=unfinished.get(job.pk, ()),
            ),
            last=last.get(job.pk),
            overdue=bool(
                job.next_due and at > job.next_due + timedelta(seconds=job.grace)
            ),
        )
        for job in jobs
    ]
    return sorted(lines, key=lambda line: line.place)


def _last_finished(jobs: list[Job]) -> dict[int, JobRun]:
    ended = JobRun.objects.filter(job__in=jobs, finished_at__isnull=False)
    last: dict[int, JobRun] = {}
    for run in ended.order_by("-finished_at")[:RUNS_LOOKED_AT]:
        last.setdefault(run.job_id, run)
    return last


def queued_runs() -> tuple[int, datetime | None]:
    """How many runs wait, and since when the first does."""
    waiting = JobRun.objects.filter(state=JobRun.State.QUEUED)
    seen = waiting.aggregate(number=Count("pk"), first=Min("due_at"))
    return seen["number"], seen["first"]


def runs(*, limit: int, cursor: str = "") -> Page[JobRun]:
    """Runs of jobs and probes, newest first: one query."""
    rows = JobRun.objects.select_related("job")
    return newest_first(rows, field="due_at", limit=limit, cursor=cursor)

"""Reading jobs and their runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min

from kernel.errors import NotFound
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
    def paused(self) -> bool:
        return self.state is JobState.PAUSED

    @property
    def goes_on(self) -> str:
        """Why nobody may pause it; "" for one that may rest."""
        if not self.job.schedule:
            return "it has no schedule: it runs when it is asked for"
        return JOBS[self.job.name].goes_on

    @property
    def place(self) -> tuple[int, str]:
        """Failing ones first, then those that are paused, then by name."""
        return 0 if self.failing else 1 if self.paused else 2, self.job.name


def job_board(at: datetime) -> list[JobLine]:
    """Jobs (not probes) in the order of their places: three queries."""
    known = Job.objects.filter(kind=Job.Kind.JOB, name__in=JOBS)
    jobs = list(known.select_related("paused_by"))
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
            overdue=_is_overdue(job, at),
        )
        for job in jobs
    ]
    return sorted(lines, key=lambda line: line.place)


def _is_overdue(job: Job, at: datetime) -> bool:
    """What is paused is not late: it says so instead."""
    if job.paused_at is not None or job.next_due is None:
        return False
    return at > job.next_due + timedelta(seconds=job.grace)


def job_line(name: str, at: datetime) -> JobLine:
    """Raises NotFound."""
    for line in job_board(at):
        if line.job.name == name:
            return line
    raise NotFound("There is no such job.", code="not_found")


def pause_of(name: str) -> str:
    """ "paused by ada until …: why"; "" for a job that goes on."""
    paused = Job.objects.filter(name=name).exclude(paused_at=None)
    job = paused.select_related("paused_by").first()
    return f"{job.title}: paused {job.pause}".strip() if job else ""


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

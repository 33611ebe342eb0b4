"""Jobs as rows: due ones are queued, claimed by compare-and-set, finished under a fence.

The queue only rings. A lost message costs one tick, a dead worker its lease, two
beats nothing: whoever turns `queued` into `running` has the run, nobody else.
"""

from __future__ import annotations

import logging
import os
import platform
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from kernel.cache import bump
from kernel.errors import NotFound
from kernel.registry import JOBS, PROBES
from operations.domain import schedules
from operations.models import Job, JobRun
from operations.services import bell

logger = logging.getLogger("rrr.jobs")
TAG = "operations"
LEASE = timedelta(seconds=30)
RING_AGAIN = timedelta(seconds=10)
MOST_ATTEMPTS = 3
PROBE_PREFIX = "probe:"
PROBE_LIMIT = timedelta(seconds=10)
HEAVY_PROBE_LIMIT = timedelta(minutes=15)


def sync() -> None:
    """One Job row for every registered job and probe, with its current schedule.

    Rows of work that no longer exists are kept for their runs, but never due.
    """
    wanted = [_row_of_job(name) for name in JOBS]
    wanted += [_row_of_probe(name) for name in PROBES]
    known = {row.name: row for row in Job.objects.all()}
    for row in wanted:
        old = known.pop(row.name, None)
        if old is None:
            Job.objects.bulk_create([row], ignore_conflicts=True)
        elif (old.schedule, old.grace, old.timeout) != (
            row.schedule,
            row.grace,
            row.timeout,
        ):
            Job.objects.filter(pk=old.pk).update(
                schedule=row.schedule,
                grace=row.grace,
                timeout=row.timeout,
                next_due=None if old.schedule != row.schedule else old.next_due,
            )
    gone = [row.pk for row in known.values() if row.schedule]
    if gone:
        Job.objects.filter(pk__in=gone).update(schedule="", next_due=None)


def _row_of_job(name: str) -> Job:
    job = JOBS[name]
    return Job(
        name=name,
        kind=Job.Kind.JOB,
        schedule=job.schedule,
        grace=int(job.grace.total_seconds()),
        timeout=int(job.timeout.total_seconds()),
    )


def _row_of_probe(name: str) -> Job:
    probe = PROBES[name]
    limit = HEAVY_PROBE_LIMIT if probe.heavy else PROBE_LIMIT
    return Job(
        name=PROBE_PREFIX + name,
        kind=Job.Kind.PROBE,
        schedule=schedules.write(probe.every) if probe.every else "",
        timeout=int(limit.total_seconds()),
    )


def queue_of(job: Job) -> str:
    """Which workers do it: a backup must never hold up a probe."""
    if job.kind == Job.Kind.PROBE:
        probe = PROBES.get(job.name.removeprefix(PROBE_PREFIX))
        return "heavy" if probe and probe.heavy else "probes"
    known = JOBS.get(job.name)
    return known.queue if known else "heavy"


def request(job: str, key: str = "", params: Mapping[str, str] | None = None) -> JobRun:
    """A queued run of the job, rung for once the transaction has committed.

    The one already queued for this key is returned instead of a second.
    Raises NotFound for a name that nobody registered.
    """
    row = _job(job)
    now = timezone.now()
    run = _queue(row, key, dict(params or {}), now)
    if run is None:
        queued = JobRun.objects.filter(job=row, key=key, state=JobRun.State.QUEUED)
        run = queued.select_related("job").first() or _queue(
            row, key, dict(params or {}), timezone.now()
        )
    if run is None:
        raise NotFound(f"{job} could not be queued; try again.", code="queue")
    transaction.on_commit(lambda: _ring(run, timezone.now()))
    bump(TAG)
    return run


def _job(name: str) -> Job:
    row = Job.objects.filter(name=name).first()
    if row is not None:
        return row
    bare = name.removeprefix(PROBE_PREFIX)
    if name in JOBS:
        fresh = _row_of_job(name)
    elif name.startswith(PROBE_PREFIX) and bare in PROBES:
        fresh = _row_of_probe(bare)
    else:
        raise NotFound(f"There is no job named {name!r}.", code="not_found")
    Job.objects.bulk_create([fresh], ignore_conflicts=True)
    return Job.objects.get(name=name)


def _queue(
    job: Job, key: str, params: Mapping[str, str], due: datetime
) -> JobRun | None:
    """A new queued run; None when one is queued already, or had this very slot."""
    try:
        with transaction.atomic():
            return JobRun.objects.create(job=job, key=key, params=params, due_at=due)
    except IntegrityError:
        return None


def run_due(at: datetime, *, probes: bool = True, ring: bool = True) -> int:
    """Queue what is due, free what was lost, ring for what waits; how many queued.

    `probes=False` leaves scheduled probes alone and `ring=False` sends no message:
    so `watch` keeps the clock while Celery is away.
    """
    sync()
    _free_lost(at)
    queued = 0
    due = Job.objects.exclude(schedule="").filter(paused_at=None)
    if not probes:
        due = due.exclude(kind=Job.Kind.PROBE)
    for job in due:
        queued += _take_slot(job, at)
    if ring:
        _ring_waiting(at)
    if queued:
        bump(TAG)
    return queued


def _take_slot(job: Job, at: datetime) -> int:
    """Queue the job's slot, if one is due; whoever moves next_due has the slot."""
    schedule = schedules.parse(job.schedule)
    if schedule is None:
        return 0
    slot = schedules.step(schedule, job.next_due, at)
    if slot.following == job.next_due:
        return 0
    with transaction.atomic():
        mine = Job.objects.filter(pk=job.pk, next_due=job.next_due)
        if not mine.update(next_due=slot.following) or slot.due is None:
            return 0
        return int(_queue(job, "", {}, slot.due) is not None)


def _free_lost(at: datetime) -> None:
    """Runs whose worker stopped renewing: queued again, or lost after three tries."""
    late = JobRun.objects.filter(state=JobRun.State.RUNNING, lease_until__lt=at)
    for run in late.select_related("job"):
        mine = JobRun.objects.filter(
            pk=run.pk, state=JobRun.State.RUNNING, fence=run.fence
        )
        if run.attempts < MOST_ATTEMPTS and _requeue(mine):
            logger.warning("%s was lost; queued again", run.job.name)
            continue
        if mine.update(
            state=JobRun.State.LOST,
            finished_at=at,
            lease_until=None,
            error=f"the worker {run.lease_owner} stopped renewing its lease",
        ):
            _count_failure(run.job_id)


def _requeue(mine: QuerySet[JobRun]) -> bool:
    """False when another run of the same job and key is queued already."""
    try:
        with transaction.atomic():
            return bool(
                mine.update(
                    state=JobRun.State.QUEUED,
                    lease_owner="",
                    lease_until=None,
                    published_at=None,
                )
            )
    except IntegrityError:
        return False


def _ring_waiting(at: datetime) -> None:
    """Ring for every queued run that was not rung for in the last 10 s."""
    unheard = Q(published_at=None) | Q(published_at__lt=at - RING_AGAIN)
    # A clock set back must not silence a run that was rung for "in the future".
    unheard |= Q(published_at__gt=at + RING_AGAIN)
    waiting = JobRun.objects.filter(unheard, state=JobRun.State.QUEUED)
    for run in waiting.select_related("job").order_by("due_at")[:200]:
        if not _ring(run, at):
            return


def _ring(run: JobRun, at: datetime) -> bool:
    limit = timedelta(seconds=run.job.timeout)
    if not bell.ring(run, queue=queue_of(run.job), limit=limit):
        return False
    JobRun.objects.filter(pk=run.pk, state=JobRun.State.QUEUED).update(published_at=at)
    return True


def owner() -> str:
    """A name for one claim, never used twice."""
    return f"{platform.node()}:{os.getpid()}:{secrets.token_hex(6)}"[:120]


def claim(uid: str, who: str, at: datetime, lease: timedelta = LEASE) -> JobRun | None:
    """The run, now ours until the lease ends; None when it is not to be had:
    somebody has it, it is done, or another of its job and key is running."""
    wanted = JobRun.objects.filter(uid=uid, state=JobRun.State.QUEUED)
    try:
        with transaction.atomic():
            won = wanted.update(
                state=JobRun.State.RUNNING,
                fence=F("fence") + 1,
                attempts=F("attempts") + 1,
                lease_owner=who,
                lease_until=at + lease,
                started_at=at,
            )
    except IntegrityError:
        return None
    if not won:
        return None
    return JobRun.objects.select_related("job").get(uid=uid)


def renew(run: JobRun, at: datetime, lease: timedelta = LEASE) -> bool:
    """Hold the run longer; False when it is no longer ours."""
    return bool(_ours(run).update(lease_until=at + lease))


def finish(run: JobRun, at: datetime, *, result: str = "", error: str = "") -> bool:
    """Write how it ended, only under our own fence; False when somebody else has
    the run by now, and nothing was written."""
    with transaction.atomic():
        written = _ours(run).update(
            state=JobRun.State.FAILED if error else JobRun.State.OK,
            finished_at=at,
            lease_until=None,
            result=result,
            error=error[:2000],
        )
        if not written:
            return False
        if error:
            _count_failure(run.job_id)
        else:
            Job.objects.filter(pk=run.job_id).update(last_ok=at, consecutive_failures=0)
        bump(TAG)
    return True


def _ours(run: JobRun) -> QuerySet[JobRun]:
    return JobRun.objects.filter(pk=run.pk, state=JobRun.State.RUNNING, fence=run.fence)


def _count_failure(job: int) -> None:
    Job.objects.filter(pk=job).update(
        consecutive_failures=F("consecutive_failures") + 1
    )


def cancel_unfinished(at: datetime, why: str) -> int:
    """Unfinished runs become lost: a restored copy must not wake the past."""
    return JobRun.objects.filter(state__in=JobRun.UNFINISHED).update(
        state=JobRun.State.LOST, finished_at=at, lease_until=None, error=why
    )

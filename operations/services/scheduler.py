"""What is to be done becomes rows: due slots and requests are queued, and rung for.

The queue only rings. A lost message costs one tick, a dead worker its lease, two
beats nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from kernel.cache import bump
from kernel.errors import NotFound
from kernel.registry import JOBS
from operations.domain import schedules
from operations.models import Job, JobRun
from operations.services import bell, catalogue, leases, pausing
from operations.services.catalogue import TAG

RING_AGAIN = timedelta(seconds=10)
MOST_RINGS = 200


def request(
    job: str,
    key: str = "",
    params: Mapping[str, str] | None = None,
    *,
    ring: bool = True,
) -> JobRun:
    """A queued run of the job, rung for once the transaction has committed; with
    `ring=False` by the next tick, for a product that is shut.

    The one already queued for this key is returned instead of a second.
    Raises NotFound for a name that nobody registered.
    """
    row, given, now = catalogue.job_row(job), dict(params or {}), timezone.now()
    run = _queue(row, key, given, now, published=now if ring else None)
    if run is None:
        queued = JobRun.objects.filter(job=row, key=key, state=JobRun.State.QUEUED)
        run = queued.select_related("job").first()
    # It may have been claimed in between, or have had this very microsecond.
    now = timezone.now()
    run = run or _queue(row, key, given, now, published=now if ring else None)
    if run is None:
        raise NotFound(f"{row.title} could not be queued; try again.", code="queue")
    if ring:
        transaction.on_commit(lambda: _ring_first(run))
    bump(TAG)
    return run


def request_job(name: str) -> JobRun:
    """As `request`, for whoever may run jobs: probes have a door and a permission
    of their own. Raises NotFound."""
    if catalogue.runs_a_probe(name):
        raise NotFound("There is no such job.", code="not_found")
    return request(name)


def request_following(change: str, key: str = "") -> None:
    """A queued run of every job that follows `change`, in the caller's transaction:
    it comes exactly when the change is committed.

    `key` says what of it changed and is the run's param; "" is all of it.
    """
    for name, known in JOBS.items():
        if change in known.follows and not _waits(name, key):
            request(name, key, {change: key} if key else {})


def _waits(job: str, key: str) -> bool:
    """Whether a run is queued. It stays so until our transaction ends: no worker may
    begin it before the change is there to be seen."""
    queued = JobRun.objects.filter(job__name=job, key=key, state=JobRun.State.QUEUED)
    return queued.select_for_update(of=("self",)).first() is not None


def _queue(
    job: Job,
    key: str,
    params: Mapping[str, str],
    due: datetime,
    published: datetime | None = None,
) -> JobRun | None:
    """A new queued run; None when one is queued already, or had this very slot."""
    new = JobRun(job=job, key=key, params=params, due_at=due, published_at=published)
    try:
        with transaction.atomic():
            new.save(force_insert=True)
            return new
    except IntegrityError:
        return None


def run_due(at: datetime, *, probes: bool = True, ring: bool = True) -> int:
    """Queue what is due, free what was lost, ring for what waits; how many queued.

    `probes=False` leaves scheduled probes alone and `ring=False` sends no message:
    so `watch` keeps the clock while Celery is away.
    """
    catalogue.sync()
    pausing.resume_due(at)
    leases.free_lost(at)
    due = Job.objects.exclude(schedule="").filter(paused_at=None)
    if not probes:
        due = due.exclude(kind=Job.Kind.PROBE)
    queued = sum(_take_slot(job, at) for job in due)
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


def _ring_waiting(at: datetime) -> None:
    """Ring for every queued run that was not rung for in the last 10 s."""
    unheard = Q(published_at=None) | Q(published_at__lt=at - RING_AGAIN)
    # A clock set back must not silence a run that was rung for "in the future".
    unheard |= Q(published_at__gt=at + RING_AGAIN)
    waiting = JobRun.objects.filter(unheard, state=JobRun.State.QUEUED)
    for run in waiting.select_related("job").order_by("due_at")[:MOST_RINGS]:
        if not _ring(run, at):
            return


def _ring(run: JobRun, at: datetime) -> bool:
    if _rang(run):
        _queued(run).update(published_at=at)
        return True
    return False


def _ring_first(run: JobRun) -> None:
    """The ring of a new run, whose row says already that it was rung for: what was
    committed with it costs no second write, and none can fail after it."""
    if not _rang(run):
        with contextlib.suppress(DatabaseError):  # then a tick rings 10 s later
            _queued(run).update(published_at=None)


def _rang(run: JobRun) -> bool:
    limit = timedelta(seconds=run.job.timeout)
    return bell.ring(run, queue=catalogue.queue_of(run.job), limit=limit)


def _queued(run: JobRun) -> QuerySet[JobRun]:
    return JobRun.objects.filter(pk=run.pk, state=JobRun.State.QUEUED)

"""Who has a run: claimed by compare-and-set, held by a lease, finished under a fence.

Whoever turns `queued` into `running` has the run, nobody else; a worker that died
loses it with its lease, and whatever it writes later is dropped.
"""

from __future__ import annotations

import logging
import os
import platform
import secrets
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from kernel.cache import bump
from operations.models import Job, JobRun
from operations.services.catalogue import TAG

logger = logging.getLogger("rrr.jobs")
LEASE = timedelta(seconds=30)
MOST_ATTEMPTS = 3


def owner() -> str:
    """A name for one claim, never used twice."""
    return f"{platform.node()}:{os.getpid()}:{secrets.token_hex(6)}"[:120]


def claim(uid: str, who: str, at: datetime, lease: timedelta = LEASE) -> JobRun | None:
    """The run, now ours until the lease ends; None when it is not to be had:
    somebody has it, it is done, or another of its job and key is running."""
    try:
        with transaction.atomic():
            won = JobRun.objects.filter(uid=uid, state=JobRun.State.QUEUED).update(
                state=JobRun.State.RUNNING,
                fence=F("fence") + 1,
                attempts=F("attempts") + 1,
                lease_owner=who,
                lease_until=at + lease,
                started_at=at,
            )
    except IntegrityError:
        return None
    return JobRun.objects.select_related("job").get(uid=uid) if won else None


def renew(run: JobRun, at: datetime, lease: timedelta = LEASE) -> bool:
    """Hold the run longer; False when it is no longer ours."""
    return bool(_held(run).update(lease_until=at + lease))


def finish(run: JobRun, at: datetime, *, result: str = "", error: str = "") -> bool:
    """Write how it ended, only under our own fence; False when somebody else has
    the run by now, and nothing was written."""
    with transaction.atomic():
        written = _held(run).update(
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


def free_lost(at: datetime) -> None:
    """Runs whose worker stopped renewing: queued again, or lost after three tries.

    A lease further ahead than one can be (the clock was set back) is pulled back: a
    living worker renews it, a dead one loses it."""
    running = JobRun.objects.filter(state=JobRun.State.RUNNING)
    running.filter(lease_until__gt=at + 2 * LEASE).update(lease_until=at + LEASE)
    late = running.filter(lease_until__lt=at)
    for run in late.select_related("job"):
        if run.attempts < MOST_ATTEMPTS and _requeue(run):
            logger.warning("%s was lost; queued again", run.job.name)
            continue
        if _held(run).update(
            state=JobRun.State.LOST,
            finished_at=at,
            lease_until=None,
            error=f"the worker {run.lease_owner} stopped renewing its lease",
        ):
            _count_failure(run.job_id)


def _held(run: JobRun) -> QuerySet[JobRun]:
    """The run, as long as nobody has claimed it since."""
    return JobRun.objects.filter(pk=run.pk, state=JobRun.State.RUNNING, fence=run.fence)


def _requeue(run: JobRun) -> bool:
    """False when another run of the same job and key is queued already."""
    try:
        with transaction.atomic():
            return bool(
                _held(run).update(
                    state=JobRun.State.QUEUED,
                    lease_owner="",
                    lease_until=None,
                    published_at=None,
                )
            )
    except IntegrityError:
        return False


def _count_failure(job: int) -> None:
    Job.objects.filter(pk=job).update(
        consecutive_failures=F("consecutive_failures") + 1
    )

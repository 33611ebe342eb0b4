"""Pausing a job's schedule for a while.

Only the schedule rests: whoever asks for a run gets one, and whatever grows old
meanwhile is told by its own rule. A pause ends by itself at a tick.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from audit.services import append
from kernel.cache import bump
from kernel.errors import Conflict, Invalid
from kernel.texts import plain
from operations import queries
from operations.domain.schedules import LONGEST_PAUSE_MINUTES
from operations.domain.spans import refusals
from operations.models import Job
from operations.services.catalogue import TAG

LONGEST = timedelta(minutes=LONGEST_PAUSE_MINUTES)
ACTOR = "j:scheduler"
GOES_ON = {
    "paused_at": None,
    "paused_until": None,
    "paused_by": None,
    "pause_reason": "",
}


@transaction.atomic
def pause(name: str, *, reason: str, minutes: int, by: User, at: datetime) -> None:
    """Queue no slot of it for so many minutes. Raises NotFound, Invalid naming the
    field, or Conflict where it may not rest or rests already."""
    line = queries.job_line(name, at)
    if line.goes_on:
        raise Conflict(f"{line.job.title} goes on: {line.goes_on}.", code="goes_on")
    faults = refusals(reason, minutes, most=LONGEST_PAUSE_MINUTES)
    if faults:
        raise Invalid.of(faults)
    until = at + timedelta(minutes=minutes)
    kept = plain(reason.strip(), "reason")
    won = Job.objects.filter(pk=line.job.pk, paused_at=None).update(
        paused_at=at, paused_until=until, paused_by=by, pause_reason=kept
    )
    if not won:
        raise Conflict(
            f"{line.job.title} is paused already: resume it first.", code="paused"
        )
    bump(TAG)
    until_text = f"{until:%Y-%m-%dT%H:%M:%SZ}"
    data = {"reason": kept, "ends_at": until_text}
    append("operations.job.paused", actor=by.actor, object=f"job:{name}", data=data)


@transaction.atomic
def resume(name: str, *, by: User, at: datetime) -> Job:
    """Keep its schedule again. Raises NotFound, or Conflict when it is not paused."""
    job = queries.job_line(name, at).job
    if not _resume(job, by.actor):
        raise Conflict(f"{job.title} is not paused.", code="not_paused")
    return job


def resume_due(at: datetime) -> int:
    """End the pauses whose time is over, and those that reach further ahead than one
    can: a clock was set back since. Returns how many ended."""
    over = Q(paused_until__lte=at) | Q(paused_until__gt=at + LONGEST)
    return sum(_resume(job, ACTOR) for job in Job.objects.filter(over))


@transaction.atomic
def _resume(job: Job, actor: str) -> bool:
    """False when somebody resumed it first."""
    paused = Job.objects.filter(pk=job.pk).exclude(paused_at=None)
    if not paused.filter(paused_until=job.paused_until).update(**GOES_ON):
        return False
    bump(TAG)
    append("operations.job.resumed", actor=actor, object=f"job:{job.name}", data={})
    return True

"""Registered work as rows: one Job per job and per probe, with its current schedule."""

from __future__ import annotations

from datetime import timedelta

from kernel.errors import NotFound
from kernel.registry import JOBS, PROBES, Weight
from operations.domain import schedules
from operations.models import Job
from operations.models.jobs import PROBE_PREFIX

TAG = "operations"  # the cache tag of everything that runs
PROBE_LIMITS = {
    Weight.QUICK: timedelta(seconds=10),
    Weight.LONG: timedelta(seconds=180),
    Weight.HEAVY: timedelta(minutes=30),
}
HEAVY = "heavy"


def sync() -> None:
    """One row for everything registered.

    Rows of work that no longer exists are kept for their runs, but never due.
    """
    known = {row.name: row for row in Job.objects.all()}
    for row in [*map(_row_of_job, JOBS), *map(_row_of_probe, PROBES)]:
        old = known.pop(row.name, None)
        if old is None:
            Job.objects.bulk_create([row], ignore_conflicts=True)
        elif _terms(old) != _terms(row):
            Job.objects.filter(pk=old.pk).update(
                schedule=row.schedule,
                grace=row.grace,
                timeout=row.timeout,
                next_due=None if old.schedule != row.schedule else old.next_due,
            )
    gone = [row.pk for row in known.values() if row.schedule]
    if gone:
        Job.objects.filter(pk__in=gone).update(schedule="", next_due=None)


def _terms(job: Job) -> tuple[str, int, int]:
    return job.schedule, job.grace, job.timeout


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
    return Job(
        name=job_of_probe(name),
        kind=Job.Kind.PROBE,
        schedule=schedules.write(probe.every) if probe.every else "",
        timeout=int(PROBE_LIMITS[probe.weight].total_seconds()),
    )


def job_of_probe(name: str) -> str:
    """The name of the job that runs this probe."""
    return PROBE_PREFIX + name


def runs_a_probe(name: str) -> bool:
    return name.startswith(PROBE_PREFIX)


def probe_of(job: Job) -> str:
    """The probe that a job of kind "probe" runs."""
    return job.name.removeprefix(PROBE_PREFIX)


def queue_of(job: Job) -> str:
    """Which workers do it: a backup must never hold up a probe."""
    if job.kind == Job.Kind.PROBE:
        probe = PROBES.get(probe_of(job))
        return HEAVY if probe and probe.weight != Weight.QUICK else "probes"
    known = JOBS.get(job.name)
    return known.queue if known else HEAVY


def job_row(name: str) -> Job:
    """The row of this name, made if it is new. Raises NotFound for a name that
    nobody registered."""
    row = Job.objects.filter(name=name).first()
    if row is not None:
        return row
    if name in JOBS:
        fresh = _row_of_job(name)
    elif runs_a_probe(name) and name.removeprefix(PROBE_PREFIX) in PROBES:
        fresh = _row_of_probe(name.removeprefix(PROBE_PREFIX))
    else:
        raise NotFound(f"There is no job named {name!r}.", code="not_found")
    Job.objects.bulk_create([fresh], ignore_conflicts=True)
    return Job.objects.get(name=name)

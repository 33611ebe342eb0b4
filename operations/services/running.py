"""Doing one run: claim, work under a lease that is renewed, finish under the fence."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType

from django.db import DatabaseError, connection
from django.utils import timezone

from kernel.deadline import within
from kernel.errors import said_by
from kernel.patience import limit_statements, stand_beside
from kernel.registry import JOBS, PROBES
from operations.models import Job, JobRun
from operations.services import catalogue, leases, probing

logger = logging.getLogger("rrr.jobs")
# A lease lasts three times as long; a try that failed is soon repeated.
EVERY_SECONDS = leases.LEASE.total_seconds() / 3
AGAIN_SECONDS = 2.0
# Does a run's work, for as long as it may take.
Limit = Callable[[JobRun, Callable[[], str]], str]


def no_limit(run: JobRun, work: Callable[[], str]) -> str:
    """Somebody else ends it: a worker's task has its own."""
    return work()


def time_limit(run: JobRun, work: Callable[[], str]) -> str:
    """The job's own limit, for whom no worker ends. Raises Overdue; what goes on then
    goes on for nobody: the run has ended, and its fence is shut."""

    def alone() -> str:
        try:
            return work()
        finally:
            connection.close()

    return within(run.job.timeout, alone)


def execute(uid: str, limit: Limit = no_limit) -> bool:
    """Do the run if it can still be claimed; True when its result was written.

    A message for a run that is not queued any more is simply dropped.
    """
    run = leases.claim(uid, leases.owner(), timezone.now())
    if run is None:
        return False
    with Renewing(run):
        try:
            result = limit(run, lambda: _work(run))
        except Exception as error:
            logger.exception("%s failed", run.job.name)
            leases.finish(run, timezone.now(), error=said_by(error))
            return True
    return leases.finish(run, timezone.now(), result=result)


def _work(run: JobRun) -> str:
    """The job's sentence. A probe that could not measure still ran well: what it
    could not see is in its result."""
    name = run.job.name
    limit_statements(run.job.timeout)
    if run.job.kind == Job.Kind.PROBE:
        probe = catalogue.probe_of(run.job)
        if probe not in PROBES:
            raise LookupError(f"the probe {probe} is gone")
        result = probing.run(probe, run.params, run.uid)
        return result.error or result.detail
    if name not in JOBS:
        raise LookupError(f"the job {name} is gone")
    return JOBS[name].function(run.params)


class Renewing:
    """Renews the run's lease from a thread while the work goes on."""

    def __init__(self, run: JobRun) -> None:
        self._run = run
        self._end = Event()
        self._thread = Thread(target=self._renew, name="lease", daemon=True)

    def __enter__(self) -> Renewing:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.join(timeout=2)

    def _renew(self) -> None:
        stand_beside()
        pause = EVERY_SECONDS
        while not self._end.wait(pause):
            pause = self._once()

    def _once(self) -> float:
        """The seconds to the next try."""
        try:
            if leases.renew(self._run, timezone.now()):
                return EVERY_SECONDS
            logger.error(
                "%s lost its lease: what it brings is dropped", self._run.job.name
            )
            self._end.set()
        except DatabaseError as error:
            logger.warning("lease not renewed: %s", error)
        except Exception:
            logger.exception("lease not renewed")  # the next try may
        finally:
            connection.close()
        return AGAIN_SECONDS

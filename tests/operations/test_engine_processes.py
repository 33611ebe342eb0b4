"""The engine with real processes: claims, lost messages, dead workers, two beats."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from operations.models import Heartbeat, JobRun, ProbeResult
from operations.services import catalogue, leases, scheduler

pytestmark = [
    pytest.mark.process,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(240),
]
ROOT = Path(settings.BASE_DIR)
CLAIMERS, EACH = 3, 100
CLAIM = """
    import django
    django.setup()
    from django.db import connections
    from django.utils import timezone
    connections["default"].settings_dict["NAME"] = {database!r}
    from operations.models import JobRun
    from operations.services import leases
    won = 0
    for uid in JobRun.objects.order_by("pk").values_list("uid", flat=True):
        if leases.claim(str(uid), leases.owner(), timezone.now()):
            won += 1
    print(won)
"""
# A worker's or beat's command line behind the switch to the test's own database.
# Beat ticks every 2 s instead of 10, and a broker is away after 1 s instead of 300:
# what is done then is the same.
CELERY = """
    import sys
    from datetime import timedelta
    import django
    django.setup()
    from django.db import connections
    connections["default"].settings_dict["NAME"] = {database!r}
    from operations.services import polling
    from rrr_dashboard.beat import SteadyEvery
    from rrr_dashboard.celery import app
    polling.AWAY_SECONDS, polling.LOOK_EVERY = 1.0, 1.0
    app.conf.beat_schedule["tick"]["schedule"] = SteadyEvery(timedelta(seconds=2))
    app.start(sys.argv[1:])
"""


def test_database() -> str:
    """What the processes must open: this test's database, not the product's."""
    return str(connection.settings_dict["NAME"])


test_database.__test__ = False  # type: ignore[attr-defined]


def python(code: str, *words: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent(code).format(database=test_database()),
            *words,
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "rrr_dashboard.settings",
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until(seconds: float, true: Callable[[], object]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.2)
    return bool(true())


def test_every_run_is_claimed_exactly_once() -> None:
    job = catalogue.job_row("prune")
    now = timezone.now()
    runs = [JobRun(job=job, key=f"k{n}", due_at=now) for n in range(EACH)]
    JobRun.objects.bulk_create(runs)
    claimers = [python(CLAIM) for _ in range(CLAIMERS)]
    ends = [claimer.communicate(timeout=120) for claimer in claimers]

    assert [error for _, error in ends if "Traceback" in error] == []
    assert sum(int(out) for out, _ in ends) == EACH
    assert set(JobRun.objects.values_list("state", "fence", "attempts")) == {
        ("running", 1, 1)
    }


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """start("worker", …) a Celery process that is ended afterwards. Each test has
    queues of its own kind: the broker is emptied of what others left."""
    from celery import current_app

    with current_app.connection_for_write() as broker:
        channel: Any = broker.default_channel
        for queue in ("tick", "probes", "heavy"):
            channel.queue_declare(queue)
            channel.queue_purge(queue)
    running: list[subprocess.Popen[str]] = []

    def run(*words: str, **environment: str) -> subprocess.Popen[str]:
        process = python(CELERY, "-q", *words, "-l", "warning", **environment)
        running.append(process)
        return process

    yield run
    for process in running:
        process.send_signal(signal.SIGTERM)
    for process in running:
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


WORKER = (
    *("worker", "-Q", "tick,probes", "-c", "2"),
    *("--without-gossip", "--without-mingle"),
)


def finished(uid: UUID) -> bool:
    return JobRun.objects.filter(uid=uid, state__in=["ok", "failed"]).exists()


def lost_message() -> JobRun:
    """The row says it was rung for 10 s ago, but nobody ever got the message."""
    job, at = catalogue.job_row("probe:redis"), timezone.now() - scheduler.RING_AGAIN
    return JobRun.objects.create(job=job, key="lost", due_at=at, published_at=at)


def dead_worker() -> JobRun:
    """kill -9 left a lease behind that ends in a second."""
    run = scheduler.request("probe:redis", "dead")
    before = timezone.now() - leases.LEASE
    claimed = leases.claim(str(run.uid), "killed", before, timedelta(seconds=31))
    assert claimed
    return claimed


def test_a_worker_and_two_beats_do_every_run_once(start) -> None:
    """One with its message, one whose message is lost, one whose worker died."""
    runs = [scheduler.request("probe:redis"), lost_message(), dead_worker()]
    start(*WORKER, "-n", "a@%h")
    start("beat", "--pidfile=")
    start("beat", "--pidfile=")
    assert until(60, lambda: all(finished(run.uid) for run in runs))
    for run in runs:
        run.refresh_from_db()
    assert [(run.state, run.attempts) for run in runs] == [
        ("ok", 1),
        ("ok", 1),
        ("ok", 2),
    ]
    results = ProbeResult.objects.filter(run__in=[run.uid for run in runs])
    # Each was measured once; there is no web process that it could be bound to.
    assert len(results) == 3
    assert all(row.detail for row in results)
    assert {row.error for row in results} == {"no web process answers"}
    assert until(30, lambda: Heartbeat.objects.filter(kind="beat").exists())
    assert Heartbeat.objects.filter(kind="worker", role="probes,tick").exists()
    # Both beats ticked: every scheduled probe was queued for one slot only.
    scheduled = JobRun.objects.filter(job__name="probe:health")
    assert until(30, scheduled.exists)
    assert scheduled.count() == 1


def test_a_worker_that_never_finds_its_broker_does_what_is_queued(start) -> None:
    run = scheduler.request("probe:redis", "unheard")
    start(*WORKER, "-n", "b@%h", CELERY_BROKER_URL="redis://127.0.0.1:1/0")
    assert until(60, lambda: finished(run.uid))
    run.refresh_from_db()
    assert (run.state, run.attempts) == ("ok", 1)

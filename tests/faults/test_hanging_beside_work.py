"""A PostgreSQL that hangs under a worker: the threads beside its work notice in time,
and go on when it answers again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from operations.models import Heartbeat, JobRun
from operations.services import catalogue, heartbeats, leases, running
from tests.faults.swallowing import SwallowingProxy
from tests.served import until
from tests.slowness import Slowness

pytestmark = [
    pytest.mark.process,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(240),
]
LEASE = timedelta(seconds=30)


@pytest.fixture
def by_proxy(proxy: SwallowingProxy) -> Iterator[SwallowingProxy]:
    """New connections go by way of the proxy; that of the test has been made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    given = {name: connection.settings_dict[name] for name in ("HOST", "PORT")}
    connection.settings_dict.update(HOST="127.0.0.1", PORT=proxy.port)
    try:
        yield proxy
    finally:
        proxy.hanging.clear()
        connection.settings_dict.update(given)


def test_a_worker_shows_life_again_after_its_database_hung(
    by_proxy: SwallowingProxy,
    factor: Slowness,
    seen: Callable[[str, str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heartbeats, "EVERY_SECONDS", 0.2)

    def beaten_after(moment: object) -> bool:
        return Heartbeat.objects.filter(role="hung", beaten_at__gt=moment).exists()

    beating = heartbeats.Beating(Heartbeat.Kind.WORKER, "hung")
    began = timezone.now()
    beating.start()
    try:
        assert until(20 * factor, lambda: beaten_after(began))
        by_proxy.hanging.set()
        time.sleep(2)  # it has asked, and hears nothing
        by_proxy.hanging.clear()
        freed, moment = time.monotonic(), timezone.now()
        assert until(20 * factor, lambda: beaten_after(moment))
        seen(
            "PostgreSQL hangs under a worker",
            "a sign of life ≤ 20 s after it answers again",
            f"after {time.monotonic() - freed:.1f} s",
        )
    finally:
        beating.stop()


def test_a_lease_is_renewed_again_before_it_ends(
    by_proxy: SwallowingProxy,
    factor: Slowness,
    seen: Callable[[str, str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It asked while the database hung, and that answer never comes."""
    monkeypatch.setattr(running, "EVERY_SECONDS", 0.2)
    run = JobRun.objects.create(
        job=catalogue.job_row("prune"), key="hung", due_at=timezone.now()
    )
    claimed = leases.claim(str(run.uid), leases.owner(), timezone.now())
    assert claimed is not None

    def held_beyond(moment: object) -> bool:
        return JobRun.objects.filter(pk=run.pk, lease_until__gt=moment).exists()

    with running.Renewing(claimed):
        first = timezone.now() + LEASE
        assert until(20 * factor, lambda: held_beyond(first))
        by_proxy.hanging.set()
        time.sleep(2)
        by_proxy.hanging.clear()
        freed, moment = time.monotonic(), timezone.now() + LEASE
        assert until(20 * factor, lambda: held_beyond(moment))
        spent = time.monotonic() - freed
    seen(
        "PostgreSQL hangs under a job",
        "its lease is renewed ≤ 20 s after it answers again",
        f"after {spent:.1f} s",
    )

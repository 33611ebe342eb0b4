"""Runs are rows: queued once, claimed once, finished only by their holder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.utils import timezone

from kernel import registry
from kernel.errors import NotFound
from operations import queries
from operations.models import Job, JobRun
from operations.services import bell, catalogue, leases, running, scheduler

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[JobRun]:
    """The rings, kept instead of sent."""
    heard: list[JobRun] = []

    def hear(run: JobRun, **kwargs: object) -> bool:
        heard.append(run)
        return True

    monkeypatch.setattr(bell, "ring", hear)
    return heard


@pytest.fixture(autouse=True)
def only_these_jobs() -> Iterator[None]:
    def sweep(params: registry.Params) -> str:
        if params.get("break"):
            raise RuntimeError("the broom broke")
        return f"swept {params.get('room', 'all')}"

    jobs = {"sweep": registry.JobSpec("sweep", sweep, schedule="every 10m")}
    with (
        patch.dict(registry.JOBS, jobs, clear=True),
        patch.dict(registry.PROBES, clear=True),
    ):
        yield


def test_a_due_job_is_queued_once_however_often_we_look() -> None:
    at = timezone.now()
    assert [scheduler.run_due(at) for _ in range(3)] == [1, 0, 0]
    assert JobRun.objects.get().state == "queued"


def test_missed_slots_make_one_run() -> None:
    at = timezone.now()
    scheduler.run_due(at)
    running.execute(str(JobRun.objects.get().uid))
    scheduler.run_due(at + timedelta(hours=5))
    assert JobRun.objects.count() == 2


def test_a_queued_run_is_rung_for_again_after_ten_seconds(rung: list[JobRun]) -> None:
    at = timezone.now()
    for seconds in (0, 5, 11):
        scheduler.run_due(at + timedelta(seconds=seconds))
    assert len(rung) == 2


def test_an_unheard_ring_leaves_the_run_to_the_next_tick(
    rung: list[JobRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = timezone.now()
    monkeypatch.setattr(bell, "ring", lambda run, **kwargs: False)
    scheduler.run_due(at)
    assert JobRun.objects.get().published_at is None


def test_what_was_committed_is_rung_for_without_another_write(
    rung: list[JobRun], django_capture_on_commit_callbacks, django_assert_num_queries
) -> None:
    with django_capture_on_commit_callbacks() as after:
        run = scheduler.request("sweep", "attic")
    with django_assert_num_queries(0):
        for ring in after:
            ring()
    assert run in rung
    assert JobRun.objects.get(pk=run.pk).published_at is not None


def test_a_request_is_one_run_a_key() -> None:
    first = scheduler.request("sweep", "attic", {"room": "attic"})
    assert scheduler.request("sweep", "attic", {"room": "attic"}).pk == first.pk
    assert scheduler.request("sweep", "cellar").pk != first.pk


def test_a_request_rings_only_once_committed(
    rung: list[JobRun], django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks() as waiting:
        scheduler.request("sweep")
        assert not rung
    assert waiting
    for call in waiting:
        call()
    assert len(rung) == 1


def test_an_unknown_job_is_refused() -> None:
    with pytest.raises(NotFound, match="no job named"):
        scheduler.request("vacuum")


def test_a_message_for_a_finished_run_is_dropped() -> None:
    run = scheduler.request("sweep")
    assert running.execute(str(run.uid))
    assert not running.execute(str(run.uid))
    run.refresh_from_db()
    assert (run.state, run.result, run.attempts) == ("ok", "swept all", 1)


def test_two_runs_of_one_key_do_not_run_beside_each_other() -> None:
    at = timezone.now()
    first = scheduler.request("sweep")
    assert leases.claim(str(first.uid), "ada", at)
    second = scheduler.request("sweep")
    assert leases.claim(str(second.uid), "grace", at) is None


def test_a_failure_is_recorded_and_counted() -> None:
    run = scheduler.request("sweep", "", {"break": "yes"})
    running.execute(str(run.uid))
    run.refresh_from_db()
    job = Job.objects.get(name="sweep")
    assert (run.state, job.consecutive_failures) == ("failed", 1)
    assert run.error == "the broom broke"


def test_a_dead_workers_run_is_queued_again_and_its_late_result_dropped() -> None:
    at = timezone.now()
    run = scheduler.request("sweep")
    dead = leases.claim(str(run.uid), "dead", at)
    assert dead
    scheduler.run_due(at + leases.LEASE + timedelta(seconds=1), ring=False)
    again = leases.claim(str(run.uid), "alive", at + timedelta(seconds=40))
    assert again
    assert not leases.finish(dead, at + timedelta(seconds=41), result="late")
    assert leases.finish(again, at + timedelta(seconds=42), result="done")
    run.refresh_from_db()
    assert (run.result, run.fence) == ("done", 2)


def test_after_three_lost_tries_a_run_is_lost() -> None:
    at = timezone.now()
    run = scheduler.request("sweep")
    for _ in range(3):
        assert leases.claim(str(run.uid), "dead", at)
        at += leases.LEASE + timedelta(seconds=1)
        leases.free_lost(at)
    run.refresh_from_db()
    assert run.state == "lost"
    assert "stopped renewing" in run.error
    assert Job.objects.get(name="sweep").consecutive_failures == 1


def test_a_renewed_lease_is_not_lost() -> None:
    at = timezone.now()
    run = leases.claim(str(scheduler.request("sweep").uid), "ada", at)
    assert run
    assert leases.renew(run, at + timedelta(seconds=25))
    leases.free_lost(at + timedelta(seconds=35))
    run.refresh_from_db()
    assert run.state == "running"


def test_a_clock_set_back_does_not_stop_a_job() -> None:
    at = timezone.now()
    scheduler.run_due(at + timedelta(days=1))
    scheduler.run_due(at)
    job = Job.objects.get(name="sweep")
    assert job.next_due == at + timedelta(minutes=10)


def test_a_paused_job_is_never_due() -> None:
    catalogue.sync()
    Job.objects.update(paused_at=timezone.now())
    assert scheduler.run_due(timezone.now()) == 0


def test_a_job_that_is_gone_from_the_code_is_never_due() -> None:
    catalogue.sync()
    registry.JOBS.clear()
    assert scheduler.run_due(timezone.now()) == 0
    assert Job.objects.get().schedule == ""


def test_the_board_says_what_each_job_is_doing() -> None:
    at = timezone.now()
    states = []
    run = scheduler.request("sweep")
    states.append(queries.job_board(at)[0].state)
    mine = leases.claim(str(run.uid), "ada", at)
    assert mine
    states.append(queries.job_board(at)[0].state)
    leases.finish(mine, at, error="no broom")
    states.append(queries.job_board(at)[0].state)
    running.execute(str(scheduler.request("sweep").uid))
    states.append(queries.job_board(at)[0].state)
    assert states == ["queued", "running", "failing", "idle"]


@pytest.fixture
def mop() -> registry.JobSpec:
    """A job that follows what happens in rooms."""
    job = registry.JobSpec(
        "mop", lambda params: f"mopped {params.get('room', 'all')}", follows=("room",)
    )
    registry.JOBS["mop"] = job
    return job


@pytest.mark.parametrize(
    ("key", "params"), [("7", {"room": "7"}), ("", {})], ids=["one room", "all rooms"]
)
def test_a_job_that_follows_is_asked_for_once_until_it_ran(
    mop: registry.JobSpec, key: str, params: dict[str, str]
) -> None:
    for _ in range(3):
        scheduler.request_following("room", key)
    run = JobRun.objects.get()
    assert (run.job.name, run.key, run.params) == ("mop", key, params)
    running.execute(str(run.uid))
    scheduler.request_following("room", key)
    assert JobRun.objects.filter(state="queued").count() == 1


def test_what_nothing_follows_asks_for_nothing(mop: registry.JobSpec) -> None:
    scheduler.request_following("roof")
    assert not JobRun.objects.exists()

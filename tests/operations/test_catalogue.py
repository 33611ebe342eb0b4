"""Registered work as rows: made once, kept up to date, sent to the right workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from kernel import registry
from kernel.errors import NotFound
from kernel.registry import JobSpec, Measurement, Probe, Weight
from operations.models import Job, JobRun
from operations.services import catalogue, leases, running, scheduler

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("silent_bell")]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def empty_registry() -> Iterator[None]:
    with (
        patch.dict(registry.JOBS, clear=True),
        patch.dict(registry.PROBES, clear=True),
    ):
        yield


def job(name: str = "sweep", schedule: str = "every 10m", **terms: Any) -> None:
    function: Callable[[registry.Params], str] = lambda params: "swept"  # noqa: E731
    registry.JOBS[name] = JobSpec(name, function, schedule, **terms)


def probe(name: str = "look", **terms: Any) -> None:
    measure: Callable[[registry.Params], Measurement] = lambda params: Measurement(  # noqa: E731
        "0", "looked", "faults"
    )
    registry.PROBES[name] = Probe(name, measure, name, **terms)


def test_everything_registered_has_one_row_however_often_we_look() -> None:
    job()
    probe(every=timedelta(minutes=5))
    for _ in range(3):
        catalogue.sync()
    rows = Job.objects.order_by("name").values_list("name", "kind", "schedule")
    assert list(rows) == [
        ("probe:look", "probe", "every 5m"),
        ("sweep", "job", "every 10m"),
    ]


@pytest.mark.parametrize(
    ("weight", "seconds", "queue"),
    [
        (Weight.QUICK, 10, "probes"),
        (Weight.LONG, 180, "heavy"),
        (Weight.HEAVY, 1800, "heavy"),
    ],
)
def test_a_probe_has_its_time_and_its_workers(
    weight: Weight, seconds: int, queue: str
) -> None:
    probe(weight=weight)
    catalogue.sync()
    row = Job.objects.get()
    assert (row.timeout, catalogue.queue_of(row)) == (seconds, queue)


@pytest.mark.parametrize(
    ("terms", "queue"), [({}, "heavy"), ({"queue": "probes"}, "probes")]
)
def test_a_job_goes_where_it_says(terms: dict[str, Any], queue: str) -> None:
    job(**terms)
    catalogue.sync()
    assert catalogue.queue_of(Job.objects.get()) == queue


@pytest.mark.parametrize("kind", ["job", "probe"])
def test_work_that_is_gone_from_the_code_goes_to_whoever_is_left(kind: str) -> None:
    row = Job.objects.create(
        name="probe:gone" if kind == "probe" else "gone", kind=kind
    )
    assert catalogue.queue_of(row) == ("probes" if kind == "probe" else "heavy")


@pytest.mark.parametrize(
    ("terms", "kept"),
    [
        ({"timeout": timedelta(hours=1)}, True),
        ({"grace": timedelta(hours=1)}, True),
        ({"schedule": "every 5m"}, False),
    ],
    ids=["another time limit", "another grace", "another schedule"],
)
def test_only_a_new_schedule_moves_the_next_slot(
    terms: dict[str, Any], kept: bool
) -> None:
    job()
    catalogue.sync()
    Job.objects.update(next_due=NOON)
    job(**terms)
    catalogue.sync()
    row = Job.objects.get()
    assert row.next_due == (NOON if kept else None)
    spec = registry.JOBS["sweep"]
    assert (row.schedule, row.timeout, row.grace) == (
        spec.schedule,
        spec.timeout.total_seconds(),
        spec.grace.total_seconds(),
    )


def test_work_that_comes_back_is_due_again() -> None:
    job()
    catalogue.sync()
    registry.JOBS.clear()
    catalogue.sync()
    assert Job.objects.get().schedule == ""
    job()
    catalogue.sync()
    assert Job.objects.get().schedule == "every 10m"


@pytest.mark.parametrize(
    "name",
    ["sweep", "probe:look", "probe:", "probe:sweep", ""],
    ids=["no job", "no probe", "a probe without a name", "a job as a probe", "nothing"],
)
def test_a_name_that_nobody_registered_makes_no_row(name: str) -> None:
    with pytest.raises(NotFound, match="There is no job named"):
        catalogue.job_row(name)
    assert not Job.objects.exists()


@pytest.mark.parametrize("name", ["sweep", "probe:look"])
def test_a_row_is_made_when_it_is_first_asked_for(name: str) -> None:
    job()
    probe()
    assert catalogue.job_row(name).pk == catalogue.job_row(name).pk
    assert Job.objects.get().name == name


# --- who has a run


def test_a_claim_has_a_name_of_its_own() -> None:
    names = {leases.owner() for _ in range(50)}
    assert len(names) == 50
    assert all(len(name) <= 120 for name in names)


def queued(key: str = "") -> JobRun:
    job()
    return scheduler.request("sweep", key)


@pytest.mark.parametrize("state", ["running", "ok", "failed", "lost"])
def test_only_a_queued_run_can_be_claimed(state: str) -> None:
    run = queued()
    JobRun.objects.update(state=state)
    assert leases.claim(str(run.uid), "ada", NOON) is None


def test_runs_of_two_keys_run_beside_each_other() -> None:
    first, second = queued("attic"), queued("cellar")
    assert leases.claim(str(first.uid), "ada", NOON)
    assert leases.claim(str(second.uid), "grace", NOON)


@pytest.mark.parametrize("act", ["renew", "finish"])
def test_who_lost_the_run_changes_nothing(act: str) -> None:
    run = leases.claim(str(queued().uid), "ada", NOON)
    assert run
    JobRun.objects.update(fence=run.fence + 1)
    if act == "renew":
        assert not leases.renew(run, NOON)
    else:
        assert not leases.finish(run, NOON, result="late")
    kept = JobRun.objects.get()
    assert (kept.state, kept.result, kept.lease_until) == (
        "running",
        "",
        run.lease_until,
    )


@pytest.mark.parametrize(
    ("seconds", "state"), [(30, "running"), (31, "queued")], ids=["alive", "silent"]
)
def test_a_lease_ends_after_thirty_seconds(seconds: float, state: str) -> None:
    run = leases.claim(str(queued().uid), "ada", NOON)
    assert run
    leases.free_lost(NOON + timedelta(seconds=seconds))
    run.refresh_from_db()
    assert run.state == state


def test_a_lost_run_is_not_queued_beside_the_next_of_its_key() -> None:
    first = queued()
    assert leases.claim(str(first.uid), "dead", NOON)
    second = scheduler.request("sweep")
    leases.free_lost(NOON + timedelta(seconds=31))
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("lost", "queued")
    assert "the worker dead stopped renewing" in first.error
    assert Job.objects.get().consecutive_failures == 1


def test_a_success_ends_the_row_of_failures() -> None:
    for error in ("no broom", "no bucket", ""):
        run = leases.claim(str(queued().uid), "ada", NOON)
        assert run
        leases.finish(run, NOON, error=error)
    row = Job.objects.get()
    assert (row.consecutive_failures, row.last_ok) == (0, NOON)


def test_a_long_error_is_cut() -> None:
    run = leases.claim(str(queued().uid), "ada", NOON)
    assert run
    leases.finish(run, NOON, error="x" * 5000)
    assert len(JobRun.objects.get().error) == 2000


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("sweep", "LookupError: the job sweep is gone"),
        ("probe:look", "LookupError: the probe look is gone"),
    ],
)
def test_work_that_is_gone_when_its_turn_comes_fails_in_words(
    name: str, error: str
) -> None:
    job()
    probe()
    run = scheduler.request(name)
    registry.JOBS.clear()
    registry.PROBES.clear()
    assert running.execute(str(run.uid))
    run.refresh_from_db()
    assert (run.state, run.error) == ("failed", error)


def test_a_probe_that_could_not_measure_ran_well() -> None:
    registry.PROBES["mute"] = Probe(
        "mute", lambda params: Measurement.uncollected("needs TLS"), "mute"
    )
    run = scheduler.request("probe:mute")
    running.execute(str(run.uid))
    run.refresh_from_db()
    assert (run.state, run.result) == ("ok", "needs TLS")


# --- what is due


@pytest.mark.parametrize(
    ("probes", "queued_names"),
    [(True, ["probe:look", "sweep"]), (False, ["sweep"])],
    ids=["the worker ticks", "watch ticks"],
)
def test_watch_leaves_probes_alone(probes: bool, queued_names: list[str]) -> None:
    job()
    probe(every=timedelta(minutes=5))
    scheduler.run_due(NOON, probes=probes)
    names = JobRun.objects.order_by("job__name").values_list("job__name", flat=True)
    assert list(names) == queued_names


@pytest.mark.parametrize("schedule", ["", "daily 13:00 UTC"])
def test_what_is_not_due_is_not_queued(schedule: str) -> None:
    job(schedule=schedule)
    assert scheduler.run_due(NOON) == 0
    assert not JobRun.objects.exists()


def test_a_daily_job_waits_for_its_time_of_day() -> None:
    job(schedule="daily 13:00 UTC")
    scheduler.run_due(NOON)
    assert scheduler.run_due(NOON + timedelta(minutes=59)) == 0
    assert scheduler.run_due(NOON + timedelta(minutes=60)) == 1
    assert Job.objects.get().next_due == NOON + timedelta(days=1, hours=1)


def test_at_most_two_hundred_runs_are_rung_for_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scheduler, "MOST_RINGS", 3)
    rung: list[JobRun] = []

    def hear(run: JobRun, **how: object) -> bool:
        rung.append(run)
        return True

    monkeypatch.setattr("operations.services.bell.ring", hear)
    for key in "abcde":
        queued(key)
    scheduler.run_due(NOON + timedelta(days=400))
    assert len(rung) == 3


def test_a_broker_that_takes_nothing_is_asked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rung: list[JobRun] = []

    def deaf(run: JobRun, **how: object) -> bool:
        rung.append(run)
        return False

    for key in "abc":
        queued(key)
    monkeypatch.setattr("operations.services.bell.ring", deaf)
    scheduler.run_due(NOON + timedelta(days=400))
    assert len(rung) == 1

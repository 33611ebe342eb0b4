"""Jobs, probes and backups over HTTP: read in their order, asked for by whoever may."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from kernel import registry
from kernel.registry import Measurement
from operations.models import Backup, Job, JobRun
from operations.services import catalogue, probing
from operations.services.subjects import Subject

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("silent_bell")]
JOBS, PROBES = "/api/operations/jobs", "/api/operations/probes"
BACKUPS = "/api/operations/backups"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
Api = Callable[..., Any]


def seeing(value: str | None, unit: str = "faults", error: str = "") -> Any:
    return lambda params: Measurement(value, "looked", unit, error=error)


@pytest.fixture(autouse=True)
def small_world() -> Iterator[None]:
    """Three jobs and four probes, one of each kind of answer."""
    jobs = {
        name: registry.JobSpec(name, lambda params: "done", schedule)
        for name, schedule in {
            "alpha": "every 10m",
            "backup": "daily 02:00 UTC",
            "gamma": "",
        }.items()
    }
    probes = {
        name: registry.Probe(name, measure, f"{name} probe", every=every)
        for name, measure, every in (
            ("bad", seeing("2"), timedelta(minutes=5)),
            ("figure", seeing("7", "ms"), timedelta(hours=1)),
            ("good", seeing("0"), timedelta(days=1)),
            ("mute", seeing(None, error="needs TLS"), None),
        )
    }
    with (
        patch.dict(registry.JOBS, jobs, clear=True),
        patch.dict(registry.PROBES, probes, clear=True),
        patch.object(probing, "subject_of", lambda probe: Subject("a" * 40, "d")),
    ):
        catalogue.sync()
        yield


def walk(desk: Client, path: str, noun: str, limit: int) -> list[dict[str, Any]]:
    """Every row of a list, page by page."""
    rows, query = [], {"limit": str(limit)}
    for _ in range(20):
        answer = desk.get(path, query).json()
        rows += answer[noun]
        if answer["next_cursor"] is None:
            return rows
        query["cursor"] = answer["next_cursor"]
    raise AssertionError("the list does not end")


def test_a_job_answers_in_the_contracts_shape(desk: Client) -> None:
    Job.objects.filter(name="alpha").update(
        next_due=NOON, last_ok=NOON, consecutive_failures=0
    )
    assert desk.get(JOBS).json()["jobs"][0] == {
        "name": "alpha",
        "schedule": "every 10m",
        "next_due": "2026-03-01T12:00:00Z",
        "last_ok": "2026-03-01T12:00:00Z",
        "consecutive_failures": 0,
        "state": "idle",
        "error": "",
        "paused_until": None,
        "paused_by": None,
        "pause_reason": "",
    }


def test_failing_jobs_come_first_with_the_error_of_their_last_run(
    desk: Client,
) -> None:
    gamma = Job.objects.get(name="gamma")
    for minutes, error in ((0, "older"), (1, "no broom")):
        JobRun.objects.create(
            job=gamma,
            due_at=NOON + timedelta(minutes=minutes),
            state="failed",
            error=error,
            finished_at=NOON + timedelta(minutes=minutes),
        )
    Job.objects.filter(pk=gamma.pk).update(consecutive_failures=2)
    jobs = desk.get(JOBS).json()["jobs"]
    assert [job["name"] for job in jobs] == ["gamma", "alpha", "backup"]
    assert (jobs[0]["state"], jobs[0]["error"]) == ("failing", "no broom")


@pytest.mark.parametrize("limit", [1, 2, 3, 500])
def test_jobs_are_paged_in_their_order(desk: Client, limit: int) -> None:
    Job.objects.filter(name="backup").update(consecutive_failures=1)
    names = [job["name"] for job in walk(desk, JOBS, "jobs", limit)]
    assert names == ["backup", "alpha", "gamma"]


def test_probes_are_not_listed_as_jobs(desk: Client) -> None:
    names = {job["name"] for job in desk.get(JOBS).json()["jobs"]}
    assert names == {"alpha", "backup", "gamma"}
    assert Job.objects.filter(kind="probe").count() == 4


@pytest.mark.parametrize("limit", [1, 2, 3, 500])
def test_probes_are_paged_failing_first_and_unmeasured_last(
    desk: Client, limit: int
) -> None:
    for name in ("good", "mute", "bad", "figure"):
        probing.run(name, {})
    probes = walk(desk, PROBES, "probes", limit)
    assert [(probe["name"], probe["state"]) for probe in probes] == [
        ("bad", "failing"),
        ("figure", "measured"),
        ("good", "passing"),
        ("mute", "no_data"),
    ]


def test_a_probe_has_a_line_for_each_of_its_params(desk: Client) -> None:
    for params in ({}, {"pragma": "a"}, {"pragma": "b"}):
        probing.run("good", params)
    lines = [
        probe["params"]
        for probe in walk(desk, PROBES, "probes", 1)
        if probe["name"] == "good"
    ]
    assert sorted(map(str, lines)) == ["{'pragma': 'a'}", "{'pragma': 'b'}", "{}"]


def test_a_probe_that_never_ran_has_null_where_its_result_would_be(
    desk: Client,
) -> None:
    probes = {probe["name"]: probe for probe in desk.get(PROBES).json()["probes"]}
    assert probes["mute"] == {
        "name": "mute",
        "title": "mute probe",
        "params": {},
        "state": "never",
        "value": None,
        "unit": "",
        "detail": "",
        "error": "",
        "commit": None,
        "observed_at": None,
        "every": "on request",
    }
    assert probes["figure"]["every"] == "1h"


def test_what_could_not_be_measured_says_why(desk: Client) -> None:
    probing.run("mute", {})
    probes = {probe["name"]: probe for probe in desk.get(PROBES).json()["probes"]}
    assert (probes["mute"]["value"], probes["mute"]["error"]) == (None, "needs TLS")


@pytest.mark.parametrize("path", [JOBS, PROBES, BACKUPS])
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"cursor": "1"}, "cursor"),
        ({"cursor": "WyJhIl0"}, "cursor"),
        ({"cursor": "e30"}, "cursor"),
        ({"limit": "-1"}, "limit"),
        ({"limit": ""}, "limit"),
        ({"state": "failing"}, "unknown_parameter"),
    ],
    ids=[
        "an offset of old",
        "a key of another shape",
        "an object",
        "a negative limit",
        "an empty limit",
        "a parameter nobody knows",
    ],
)
def test_a_query_that_is_not_understood_is_refused(
    desk: Client, path: str, query: dict[str, str], code: str
) -> None:
    answer = desk.get(path, query)
    assert answer.status_code == 400, answer.content
    assert answer.json()["type"] == f"urn:rrr:problem:{code}"


def test_a_job_is_queued_once_however_often_it_is_asked_for(send: Api) -> None:
    first = send("post", f"{JOBS}/alpha/run")
    second = send("post", f"{JOBS}/alpha/run")
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    run = JobRun.objects.get()
    assert first.json() == {"run": str(run.uid), "state": "queued"}


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("delta", "There is no job named 'delta'."),
        ("probe:good", "There is no such job."),
    ],
    ids=["unknown", "a probe through the jobs' door"],
)
@pytest.mark.parametrize("path", [f"{JOBS}/{{}}/run", "/operations/jobs/{}/run/"])
def test_a_job_that_is_none_is_a_404(
    desk: Client, path: str, name: str, detail: str
) -> None:
    answer = desk.post(path.format(name))
    assert answer.status_code == 404
    if path.startswith("/api/"):
        assert answer.json()["detail"] == detail
    assert not JobRun.objects.exists()


def test_a_probe_is_queued_once_for_its_params(send: Api) -> None:
    body = {"params": {"pragma": "journal_mode"}}
    first = send("post", f"{PROBES}/good/run", body).json()
    assert send("post", f"{PROBES}/good/run", body).json() == first
    assert send("post", f"{PROBES}/good/run").json() != first
    params = [run.params for run in JobRun.objects.order_by("pk")]
    assert params == [{"pragma": "journal_mode"}, {}]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"params": []}, "/params"),
        ({"params": {"pragma": {"deep": "no"}}}, "/params/pragma"),
        ({"params": {"pragma": "x" * 201}}, "/params/pragma"),
        ({"params": {"pragma": None}}, "/params/pragma"),
        ([], "/"),
    ],
    ids=["a list", "nested", "too long", "null", "no object"],
)
def test_params_that_are_none_are_a_422(send: Api, body: object, pointer: str) -> None:
    answer = send("post", f"{PROBES}/good/run", body)
    if body == []:
        # An empty body means no params.
        assert answer.status_code in {202, 422}
        return
    assert answer.status_code == 422, answer.content
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert not JobRun.objects.exists()


def test_a_probe_that_is_none_is_a_404(send: Api) -> None:
    answer = send("post", f"{PROBES}/moon/run")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no probe named 'moon'."


ASKING = [
    # role, lists, runs a job, runs a probe, takes a backup
    ("Operator", 200, 202, 202, 202),
    ("Developer", 200, 403, 202, 403),
    ("Viewer", 200, 403, 403, 403),
    ("Trader", 403, 403, 403, 403),
    ("Administrator", 200, 403, 403, 403),
]


@pytest.mark.parametrize(
    ("role", "lists", "job", "probe", "backup"), ASKING, ids=[row[0] for row in ASKING]
)
def test_who_may_ask_for_what(
    person: Callable[..., User],
    client_of: Callable[[User], Client],
    role: str,
    lists: int,
    job: int,
    probe: int,
    backup: int,
) -> None:
    client = client_of(person("ada", role))
    for path in (JOBS, PROBES, BACKUPS):
        assert client.get(path).status_code == lists
    asked = {f"{JOBS}/alpha/run": job, f"{PROBES}/good/run": probe, BACKUPS: backup}
    for path, status in asked.items():
        answer = client.post(path, content_type="application/json")
        assert answer.status_code == status, path
    assert JobRun.objects.count() == [job, probe, backup].count(202)


def test_a_backup_is_asked_for_with_its_reason(send: Api) -> None:
    answer = send("post", BACKUPS)
    assert answer.status_code == 202
    run = JobRun.objects.get()
    assert (run.job.name, run.key, run.params) == ("backup", "now", {"now": "true"})
    assert answer.json() == {"run": str(run.uid), "state": "queued"}


def test_a_retry_with_the_same_key_is_the_same_answer(send: Api) -> None:
    first = send("post", BACKUPS, Idempotency_Key="once")
    JobRun.objects.update(state="ok")
    second = send("post", BACKUPS, Idempotency_Key="once")
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    assert JobRun.objects.count() == 1


@pytest.mark.parametrize(("key_id", "sealed"), [("", False), ("age1of", True)])
def test_a_backup_answers_in_the_contracts_shape(
    desk: Client, key_id: str, sealed: bool
) -> None:
    backup = Backup.objects.create(
        engine="sqlite",
        status="verified",
        started_at=NOON,
        finished_at=NOON + timedelta(seconds=3),
        bytes=9,
        sha256="ab" * 32,
        key_id=key_id,
    )
    assert desk.get(BACKUPS).json() == {
        "backups": [
            {
                "id": backup.uid.hex,
                "engine": "sqlite",
                "status": "verified",
                "started_at": "2026-03-01T12:00:00Z",
                "finished_at": "2026-03-01T12:00:03Z",
                "bytes": 9,
                "sha256": "ab" * 32,
                "sealed": sealed,
                "error": "",
            }
        ],
        "next_cursor": None,
    }


@pytest.mark.parametrize("limit", [1, 2, 4])
def test_backups_are_paged_newest_first(desk: Client, limit: int) -> None:
    at = timezone.now()
    for hours in (3, 1, 2, 2):
        Backup.objects.create(
            engine="sqlite", started_at=at - timedelta(hours=hours), status="failed"
        )
    listed = [backup["id"] for backup in walk(desk, BACKUPS, "backups", limit)]
    newest = Backup.objects.order_by("-started_at", "-pk")
    assert listed == [backup.uid.hex for backup in newest]

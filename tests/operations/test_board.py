"""The operations page and its API: failing first, polls cost a 304."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.utils import timezone

from kernel import registry
from kernel.registry import Measurement
from operations import queries
from operations.models import Heartbeat, JobRun, ProbeResult
from operations.services import bell, catalogue, heartbeats, probing
from operations.services.subjects import Subject
from rrr_dashboard import badges
from tests.html import flat

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "div#board"}


def seeing(faults: str):
    return lambda params: Measurement(faults, "seen", "faults")


@pytest.fixture(autouse=True)
def small_world(monkeypatch: pytest.MonkeyPatch):
    """Two probes and one job; a bell that nobody hears."""
    monkeypatch.setattr(bell, "ring", lambda run, **kwargs: True)
    probes = {
        name: registry.Probe(name, measure, f"{name} one", every=timedelta(minutes=5))
        for name, measure in {"good": seeing("0"), "bad": seeing("2")}.items()
    }
    jobs = {"sweep": registry.JobSpec("sweep", lambda params: "swept", "every 10m")}
    with (
        patch.dict(registry.PROBES, probes, clear=True),
        patch.dict(registry.JOBS, jobs, clear=True),
        patch.object(probing, "subject_of", lambda probe: Subject("a" * 40, "d")),
    ):
        catalogue.sync()
        yield


def test_the_page_says_what_never_ran_and_that_nobody_lives(person, client_of) -> None:
    page = client_of(person("olga", "Operator")).get("/operations/").content.decode()
    assert "Never ran" in page
    assert "no data" in page
    assert "never ran" in page
    assert "No sign of life" in page


def test_failing_comes_first(person, client_of) -> None:
    for name in ("good", "bad"):
        probing.run(name, {})
    client = client_of(person("olga", "Operator"))
    page = flat(client.get("/operations/").content.decode())
    assert page.index("bad one") < page.index("good one")
    assert "1 probe failing" in page


def test_what_could_not_be_measured_is_no_data_and_no_pass(person, client_of) -> None:
    registry.PROBES["mute"] = registry.Probe(
        "mute", lambda params: Measurement(None, "", error="needs TLS"), "mute one"
    )
    probing.run("mute", {})
    client = client_of(person("olga", "Operator"))
    probes = client.get("/api/operations/probes").json()["probes"]
    assert [row["state"] for row in probes if row["name"] == "mute"] == ["no_data"]
    assert "needs TLS" in client.get("/operations/?p=no-data").content.decode()


def test_the_day_shows_the_worst_of_each_half_hour(person, client_of) -> None:
    at = timezone.now()
    for name, hours in (("good", 0), ("bad", 0), ("bad", 5)):
        made = probing.run(name, {})
        ProbeResult.objects.filter(pk=made.pk).update(
            observed_at=at - timedelta(hours=hours, minutes=1)
        )
    days = {line.name: line.day for line in queries.probe_board(at)}
    assert days["good"] == "." * 47 + "o"
    assert days["bad"] == "." * 37 + "c" + "." * 9 + "c"


def test_a_silent_process_is_shown_as_silent(person, client_of) -> None:
    at = timezone.now()
    heartbeats.beat(Heartbeat.Kind.WORKER, at - timedelta(seconds=90), role="tick")
    page = client_of(person("olga", "Operator")).get("/operations/").content.decode()
    assert "over 60 s" in page
    assert "0 of 1 alive" in page


def test_the_second_poll_is_a_304_until_something_ran(
    person, client_of, django_capture_on_commit_callbacks, monkeypatch
) -> None:
    monkeypatch.setattr("operations.views.board.AGES_KEPT_SECONDS", 10**9)
    client = client_of(person("olga", "Operator"))
    first = client.get("/operations/", headers=HTMX)
    held = {**HTMX, "HX-PTag": first["HX-PTag"]}
    assert client.get("/operations/", headers=held).status_code == 304
    with django_capture_on_commit_callbacks(execute=True):
        probing.run("bad", {})
    changed = client.get("/operations/", headers=held)
    assert changed.status_code == 200
    assert b"<html" not in changed.content


def test_the_page_needs_permission(person, client_of) -> None:
    assert client_of(person("tom", "Trader")).get("/operations/").status_code == 403


def test_the_page_takes_a_fixed_number_of_queries(
    person, client_of, django_assert_max_num_queries
) -> None:
    client = client_of(person("olga", "Operator"))
    for _ in range(20):
        probing.run("bad", {})
    # A third of them are the checks of /health, which the page lists too; PostgreSQL is
    # asked for its clock as well.
    badges.counts()
    with django_assert_max_num_queries(34):
        client.get("/operations/")


def test_an_operator_runs_a_job_and_a_viewer_may_not(person, client_of) -> None:
    viewer, operator = person("vic", "Viewer"), person("olga", "Operator")
    assert client_of(viewer).post("/operations/jobs/sweep/run/").status_code == 403
    assert client_of(operator).post("/operations/jobs/sweep/run/").status_code == 302
    assert JobRun.objects.get().job.name == "sweep"


def test_a_probe_is_not_run_through_the_jobs_door(person, client_of) -> None:
    client = client_of(person("olga", "Operator"))
    assert client.post("/operations/jobs/probe:bad/run/").status_code == 404


def test_a_developer_runs_a_probe_with_params(person, client_of) -> None:
    client = client_of(person("dev", "Developer"))
    client.post("/operations/probes/bad/run/", {"pragma": "journal_mode"})
    assert JobRun.objects.get().params == {"pragma": "journal_mode"}


def test_the_api_lists_probes_in_the_contracts_shape(person, client_of) -> None:
    probing.run("bad", {})
    client = client_of(person("olga", "Operator"))
    first, second = client.get("/api/operations/probes").json()["probes"]
    assert first["name"] == "bad"
    assert {"params", "value", "detail", "commit", "observed_at"} <= set(first)
    assert (second["state"], second["value"]) == ("never", None)


def test_the_api_lists_jobs_in_the_contracts_shape(person, client_of) -> None:
    jobs = client_of(person("olga", "Operator")).get("/api/operations/jobs").json()
    assert jobs["jobs"][0] == {
        "name": "sweep",
        "schedule": "every 10m",
        "next_due": None,
        "last_ok": None,
        "consecutive_failures": 0,
        "state": "idle",
        "error": "",
        "paused_until": None,
        "paused_by": None,
        "pause_reason": "",
    }


def test_the_api_queues_a_job(person, client_of) -> None:
    client = client_of(person("olga", "Operator"))
    answer = client.post("/api/operations/jobs/sweep/run")
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    assert client.post("/api/operations/jobs/nothing/run").status_code == 404


def test_lists_are_paged(person, client_of) -> None:
    client = client_of(person("olga", "Operator"))
    first = client.get("/api/operations/probes?limit=1").json()
    url = f"/api/operations/probes?limit=1&cursor={first['next_cursor']}"
    assert first["probes"] != client.get(url).json()["probes"]

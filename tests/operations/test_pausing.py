"""A job's schedule rests for a while: said everywhere, ended by itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEvent
from kernel.errors import Conflict, Invalid, NotFound
from operations import queries
from operations.models import Alert, Backup, Job, JobRun, Rule
from operations.queries import health, lateness
from operations.services import alerting, pausing, scheduler

JOB = "portfolio-equity"  # every 10 minutes
TITLE = "Equity curves"
WISH = {"reason": "the bucket moves", "minutes": 60}


def after(now: datetime, minutes: float) -> datetime:
    return now + timedelta(minutes=minutes)


@pytest.fixture
def planned(silent_bell: None, db: None, now: datetime) -> Job:
    """A product whose jobs have all run, and are due again."""
    scheduler.run_due(now)
    JobRun.objects.all().delete()
    return Job.objects.get(name=JOB)


def runs() -> int:
    return JobRun.objects.filter(job__name=JOB).count()


def rest(by: User, now: datetime, name: str = JOB, **values: Any) -> None:
    pausing.pause(name, **{**WISH, **values}, by=by, at=now)


def test_the_schedule_rests_and_goes_on_by_itself(
    operator: User, planned: Job, now: datetime
) -> None:
    rest(operator, now)
    for minutes in range(1, 60):
        scheduler.run_due(after(now, minutes))
    assert runs() == 0
    scheduler.run_due(after(now, 60))
    assert runs() == 1  # six slots were missed
    job = Job.objects.get(name=JOB)
    assert (job.paused_at, job.paused_until, job.pause_reason) == (None, None, "")


def test_run_now_is_still_possible(desk: Client, operator: User, planned: Job) -> None:
    rest(operator, timezone.now())
    desk.post(f"/operations/jobs/{JOB}/run/")
    assert runs() == 1


@pytest.mark.parametrize("days", [-8, 8], ids=["back", "ahead"])
def test_a_clock_that_is_set_lets_none_rest_for_long(
    operator: User, planned: Job, now: datetime, days: int
) -> None:
    rest(operator, now)
    scheduler.run_due(now + timedelta(days=days))
    assert Job.objects.get(name=JOB).paused_at is None


def test_begin_and_end_are_events(operator: User, planned: Job, now: datetime) -> None:
    rest(operator, now)
    pausing.resume(JOB, by=operator, at=now)
    rest(operator, now)
    pausing.resume_due(after(now, 60))
    pausing.resume_due(after(now, 60))
    events = AuditEvent.objects.filter(object=f"job:{JOB}").order_by("seq")
    assert [(each.kind, each.actor) for each in events] == [
        ("operations.job.paused", operator.actor),
        ("operations.job.resumed", operator.actor),
        ("operations.job.paused", operator.actor),
        ("operations.job.resumed", "j:scheduler"),
    ]


@pytest.mark.parametrize(
    ("name", "values", "error"),
    [
        ("audit-checkpoint", {}, Conflict),
        ("prune", {}, Conflict),
        ("accounts.prune", {}, Conflict),
        ("readiness.waivers", {}, Conflict),
        ("readiness.void", {}, Conflict),
        ("portfolio-rederive", {}, Conflict),
        ("probe:redis", {}, NotFound),
        ("none", {}, NotFound),
        (JOB, {"minutes": 7 * 1440 + 1}, Invalid),
        (JOB, {"minutes": 0}, Invalid),
        (JOB, {"reason": " "}, Invalid),
    ],
)
def test_what_goes_on_and_what_is_no_pause(
    operator: User,
    planned: Job,
    now: datetime,
    name: str,
    values: dict[str, Any],
    error: type[Exception],
) -> None:
    with pytest.raises(error):
        rest(operator, now, name, **values)
    assert not Job.objects.exclude(paused_at=None).exists()


def test_it_is_paused_once(operator: User, planned: Job, now: datetime) -> None:
    rest(operator, now)
    with pytest.raises(Conflict):
        rest(operator, now)
    pausing.resume(JOB, by=operator, at=now)
    with pytest.raises(Conflict):
        pausing.resume(JOB, by=operator, at=now)


def test_what_rests_is_neither_late_nor_well(
    operator: User, planned: Job, now: datetime
) -> None:
    rest(operator, now)
    line = queries.job_line(JOB, after(now, 50))
    assert (line.state, line.overdue) == ("paused", False)
    said = health.jobs()
    assert said.status == "warn"
    assert f"{TITLE} by olga until" in said.detail
    assert said.detail.endswith("UTC: the bucket moves")


def test_a_backup_that_grows_old_in_a_pause_fires_and_says_why(
    operator: User, well: None, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest(operator, now, "backup")
    Backup.objects.update(finished_at=now - timedelta(days=3))
    monkeypatch.setattr(lateness, "_installed", lambda at: timedelta(days=9))
    Rule.objects.filter(name="backup-stale").update(for_seconds=0)
    alerting.evaluate(now)
    alert = Alert.objects.get(rule="backup-stale")
    assert alert.state == "firing"
    assert "paused by olga until" in queries.reasons_by_alert([alert])[alert.pk]


def test_pages_say_who_paused_it_until_when_and_why(
    desk: Client, operator: User, planned: Job
) -> None:
    rest(operator, timezone.now())
    for path in ("/operations/", "/operations/jobs/"):
        page = re.sub(r"<[^>]*>|\s+", " ", desk.get(path).content.decode())
        page = re.sub(r" +", " ", page)
        assert "paused by olga until" in page, path
        assert ": the bucket moves" in page


def test_it_is_paused_and_resumed_by_buttons(desk: Client, planned: Job) -> None:
    page = desk.get("/operations/jobs/").content.decode()
    assert f'href="/operations/jobs/{JOB}/pause/"' in page
    assert 'href="/operations/jobs/prune/pause/"' not in page
    path = f"/operations/jobs/{JOB}/pause/"
    assert "Why it should rest" in desk.get(path).content.decode()
    refused = desk.post(path, {"reason": "", "minutes": "60"})
    assert refused.status_code == 422
    assert 'aria-invalid="true"' in refused.content.decode()
    done = desk.post(path, {"reason": "moved", "minutes": "60"}, follow=True)
    assert f"{TITLE} is paused." in done.content.decode()
    done = desk.post(f"/operations/jobs/{JOB}/resume/", follow=True)
    assert f"{TITLE} keeps its schedule again." in done.content.decode()
    assert (
        "the disk would fill"
        in desk.get("/operations/jobs/prune/pause/").content.decode()
    )


def test_the_api_pauses_shows_and_resumes(send: Any, planned: Job) -> None:
    path = f"/api/operations/jobs/{JOB}"
    paused = send("post", f"{path}/pause", WISH, Idempotency_Key="one")
    again = send("post", f"{path}/pause", WISH, Idempotency_Key="one")
    assert (paused.status_code, again.json()) == (200, paused.json())
    answer = paused.json()
    assert (answer["state"], answer["paused_by"]) == ("paused", "olga")
    assert answer["pause_reason"] == "the bucket moves"
    resumed = send("post", f"{path}/resume")
    assert (resumed.status_code, resumed.json()["paused_until"]) == (200, None)
    assert send("post", f"{path}/resume").status_code == 409
    assert send("post", "/api/operations/jobs/prune/pause", WISH).status_code == 409


def test_a_viewer_pauses_nothing(
    person: Callable[..., User], client_of: Callable[[User], Client], planned: Job
) -> None:
    viewer = client_of(person("vera", "Viewer"))
    assert viewer.post(f"/operations/jobs/{JOB}/pause/", WISH).status_code == 403
    assert "/pause/" not in viewer.get("/operations/jobs/").content.decode()

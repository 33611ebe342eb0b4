"""The pages of operations: every state has its words, every refusal its page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from accounts.models import User
from operations import pages
from operations.domain.board import HALF_HOURS, QUIET_DAY
from operations.models import (
    Alert,
    Backup,
    Heartbeat,
    Job,
    JobRun,
    Notice,
    Rule,
    TimelineEntry,
)
from operations.services import heartbeats

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("silent_bell")]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MakeAlert = Callable[..., Alert]


def text_of(client: Client, path: str, **query: str) -> str:
    answer = client.get(path, query)
    assert answer.status_code == 200, path
    return answer.content.decode()


@pytest.mark.parametrize(
    ("day", "field", "path"),
    [
        ("o" + "." * 47, "fine", "M0.0 1h3v16h-3z"),
        ("." * 47 + "c", "faults", "M197.4 1h3v16h-3z"),
        (".w" + "." * 46, "not_measured", "M4.2 1h3v16h-3z"),
        ("o" * 48, "empty", ""),
    ],
    ids=["fine at first", "faults at last", "not measured", "nothing empty"],
)
def test_a_half_hour_is_a_bar_of_its_kind(day: str, field: str, path: str) -> None:
    assert getattr(pages.day_strip(day), field) == path


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (QUIET_DAY, "0 of 0 half hours with faults, 0 not measured"),
        ("o" * 48, "0 of 48 half hours with faults, 0 not measured"),
        ("c" * 2 + "w" * 3 + "." * 43, "2 of 5 half hours with faults, 3 not measured"),
    ],
    ids=["nothing seen", "a clean day", "faults and gaps"],
)
def test_a_day_is_told_to_who_cannot_see_it(day: str, text: str) -> None:
    assert len(day) == HALF_HOURS
    assert pages.day_strip(day).text == f"last 24 hours: {text}"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("", "all"),
        ("all", "all"),
        ("failing", "failing"),
        ("no-data", "no-data"),
        ("passing", "all"),
        ("<script>", "all"),
    ],
)
def test_a_filter_that_is_none_shows_all(given: str, shown: str) -> None:
    assert pages.shown_probes(given) == shown


@pytest.mark.parametrize("shown", ["failing", "no-data", "moon"])
def test_the_board_opens_with_every_filter(desk: Client, shown: str) -> None:
    assert "Probes" in text_of(desk, "/operations/", p=shown)


def test_the_board_names_a_failing_job_and_its_error(desk: Client) -> None:
    text_of(desk, "/operations/")
    job, _ = Job.objects.update_or_create(
        name="prune", defaults={"consecutive_failures": 3}
    )
    JobRun.objects.create(
        job=job, due_at=NOON, finished_at=NOON, state="failed", error="no broom"
    )
    page = text_of(desk, "/operations/")
    assert "Cleaning up runs and results: failed 3 times in a row" in page
    assert "no broom" in page


def test_the_board_counts_who_is_alive(desk: Client) -> None:
    at = timezone.now()
    heartbeats.beat(Heartbeat.Kind.WORKER, at, role="tick")
    heartbeats.beat(Heartbeat.Kind.WATCH, at - timedelta(hours=1))
    assert "1 of 2 alive" in text_of(desk, "/operations/")


def test_the_jobs_page_lists_jobs_and_their_newest_runs(desk: Client) -> None:
    job, _ = Job.objects.get_or_create(name="prune")
    JobRun.objects.create(
        job=job, due_at=NOON, finished_at=NOON, state="ok", result="swept the attic"
    )
    page = text_of(desk, "/operations/jobs/")
    assert "prune" in page
    assert page.count("swept the attic") == 2  # in its column, and under its name
    assert "· 0 tries" in page


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        ("running", "", "running"),
        ("verified", "", "verified"),
        ("ok", "", "ok"),
        ("failed", "No space left", "No space left"),
        ("expired", "", "expired"),
    ],
)
def test_a_backup_of_every_status_has_its_words(
    desk: Client, status: str, error: str, words: str
) -> None:
    Backup.objects.create(
        engine="sqlite", started_at=NOON, status=status, error=error, bytes=1234
    )
    page = text_of(desk, "/operations/backups/")
    assert words in page
    good = status in {"ok", "verified"}
    assert ("Newest good one" in page) is good
    assert ("No good backup yet" in page) is not good
    assert "one is due every 1 d " in page


def test_backups_go_on_on_the_next_page(desk: Client) -> None:
    for hours in range(pages.PAGE + 1):
        Backup.objects.create(
            engine="sqlite",
            started_at=NOON - timedelta(hours=hours),
            status="failed",
            error=f"number {hours} ",
        )
    first = text_of(desk, "/operations/backups/")
    assert "Older" in first
    assert f"number {pages.PAGE} " not in first
    cursor = first.split("?cursor=", 1)[1].partition('"')[0]
    second = text_of(desk, "/operations/backups/", cursor=cursor)
    assert f"number {pages.PAGE} " in second
    assert "number 0 " not in second


def test_taking_a_backup_says_that_it_is_queued(desk: Client) -> None:
    answer = desk.post("/operations/backups/take/", follow=True)
    assert "A backup is queued" in answer.content.decode()
    assert JobRun.objects.get().job.name == "backup"


@pytest.mark.parametrize(
    ("state", "where"),
    [("firing", "Firing"), ("pending", "Pending")],
)
def test_an_open_alert_has_its_state(
    desk: Client, make_alert: MakeAlert, state: str, where: str
) -> None:
    make_alert(state=state, target="the-host")
    page = text_of(desk, "/alerts/")
    assert "the-host" in page
    assert where in page


def test_resolved_alerts_go_on_on_the_next_page(
    desk: Client, make_alert: MakeAlert
) -> None:
    for minutes in range(pages.PAGE + 1):
        make_alert(-minutes, "resolved", target=f"host-number-{minutes}-")
    first = text_of(desk, "/alerts/")
    last = f"host-number-{pages.PAGE}-"
    assert last not in first
    cursor = first.split("?cursor=", 1)[1].partition('"')[0]
    assert last in text_of(desk, "/alerts/", cursor=cursor)


def test_an_alert_tells_its_story_with_names(
    desk: Client, operator: User, make_alert: MakeAlert
) -> None:
    alert = make_alert()
    for kind, actor, text in (
        ("firing", "j:alerting", "91 % (threshold 80 %)"),
        ("notified", "j:alerting", "mail to 7 operators about firing"),
        ("acknowledged", operator.actor, "by olga"),
    ):
        TimelineEntry.objects.create(
            alert=alert, at=NOON, kind=kind, actor=actor, text=text
        )
    page = text_of(desk, f"/alerts/{alert.uid}/")
    for words in ("91 % (threshold 80 %)", "olga"):
        assert words in page
    assert "7 operators" not in page, "they were only meant to be told"


@pytest.mark.parametrize(
    ("state", "values", "line"),
    [
        (
            "sent",
            {"sent_at": NOON + timedelta(minutes=3)},
            "Sent “firing” to olga by mail",
        ),
        ("queued", {}, "Waits to be sent “firing” to olga by mail"),
        ("queued", {"last_error": "no route"}, "to olga by mail: no route"),
        ("sending", {}, "Being sent “firing” to olga by mail"),
        (
            "dead",
            {"last_error": "refused"},
            "Not sent “firing” to olga by mail: refused",
        ),
        ("suppressed", {"last_error": "too late"}, "Not sent “firing” to olga by mail"),
    ],
)
def test_the_story_names_what_was_written_and_what_became_of_it(
    desk: Client,
    make_alert: MakeAlert,
    state: str,
    values: dict[str, Any],
    line: str,
) -> None:
    alert = make_alert()
    told = {"about": f"alert:{alert.uid}", "level": "firing", "channel": "email"}
    Notice.objects.create(
        **told, kind="alert", recipient="olga", state=state, created_at=NOON, **values
    )
    page = text_of(desk, f"/alerts/{alert.uid}/")
    assert line in " ".join(strip_tags(page).split())
    assert ("12:03:00Z" in page) is (state == "sent")


def test_before_anything_is_judged_nothing_is_said_to_be_right(desk: Client) -> None:
    assert "Nothing judged yet" in text_of(desk, "/alerts/")
    Rule.objects.exclude(name="memory").update(judged_at=timezone.now())
    page = text_of(desk, "/alerts/")
    assert "No data for 2 minutes: “High memory usage”." in page
    assert "Nothing is wrong" not in page
    etag = desk.get("/alerts/")["ETag"]
    Rule.objects.update(judged_at=timezone.now())
    answer = desk.get("/alerts/", headers={"If-None-Match": etag})
    assert "Nothing is wrong" in answer.content.decode()
    Rule.objects.update(judged_at=timezone.now() - timedelta(minutes=3))
    assert "Nothing is wrong" not in text_of(desk, "/alerts/")


def test_figures_have_their_units(desk: Client, make_alert: MakeAlert) -> None:
    slow = {"rule": "latency-p95", "threshold": Decimal(500)}
    make_alert(**slow, value=Decimal(1000), target="slow")
    make_alert(rule="database", value=Decimal(1), threshold=Decimal(0), target="gone")
    make_alert(target="full")
    for path in ("/alerts/", "/operations/"):
        page = text_of(desk, path)
        for words in ("500–1,000 ms", "500 ms", "1 failure", "0 failures", "91 %"):
            assert words in page, (path, words)


def test_an_alert_of_a_rule_that_is_gone_still_opens(
    desk: Client, make_alert: MakeAlert
) -> None:
    alert = make_alert(rule="moon-phase")
    assert "moon-phase" in text_of(desk, f"/alerts/{alert.uid}/")


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("acknowledge", "Acknowledged: the others see that you are on it."),
        ("resolve", "Resolved by hand."),
    ],
)
def test_a_decision_is_confirmed_in_words(
    desk: Client, make_alert: MakeAlert, verb: str, said: str
) -> None:
    alert = make_alert()
    page = desk.post(f"/alerts/{alert.uid}/{verb}/", follow=True).content.decode()
    assert said in page


@pytest.mark.parametrize("verb", ["acknowledge", "resolve"])
def test_a_decision_that_comes_too_late_says_so(
    desk: Client, make_alert: MakeAlert, verb: str
) -> None:
    alert = make_alert(state="resolved")
    page = desk.post(f"/alerts/{alert.uid}/{verb}/", follow=True).content.decode()
    assert "This alert has already resolved." in page


GONE = "00000000-0000-4000-8000-000000000000"
MISSING = [
    ("get", f"/alerts/{GONE}/"),
    ("post", f"/alerts/{GONE}/acknowledge/"),
    ("post", f"/alerts/{GONE}/resolve/"),
    ("get", "/alerts/rules/moon-phase/"),
    ("post", "/alerts/rules/moon-phase/"),
    ("post", "/operations/jobs/moon/run/"),
    ("post", "/operations/probes/moon/run/"),
]


@pytest.mark.parametrize(
    ("method", "path"), MISSING, ids=[f"{m} {p}" for m, p in MISSING]
)
def test_what_is_not_there_is_a_page_that_says_so(
    desk: Client, method: str, path: str
) -> None:
    answer = getattr(desk, method)(path, headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")


FOREIGN = "WzEsMl0"


@pytest.mark.parametrize("path", ["/alerts/", "/operations/backups/"])
@pytest.mark.parametrize("cursor", ["nonsense", FOREIGN])
def test_a_cursor_that_is_not_ours_is_a_400_page(
    desk: Client, path: str, cursor: str
) -> None:
    answer = desk.get(path, {"cursor": cursor})
    assert answer.status_code == 400
    assert "start again without it" in answer.content.decode()


READS = [
    "/operations/",
    "/operations/jobs/",
    "/operations/backups/",
    "/alerts/",
    "/alerts/rules/memory/",
]


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize(
    ("role", "status"),
    [("Operator", 200), ("Developer", 200), ("Viewer", 200), ("Trader", 403)],
)
def test_who_may_open_the_pages(
    person: Callable[..., User],
    client_of: Callable[[User], Client],
    path: str,
    role: str,
    status: int,
) -> None:
    assert client_of(person("ada", role)).get(path).status_code == status


@pytest.mark.parametrize("path", READS)
def test_a_stranger_is_asked_to_log_in(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


WRITES = [
    ("/operations/jobs/prune/run/", {"Operator": 302, "Developer": 403, "Viewer": 403}),
    (
        "/operations/probes/redis/run/",
        {"Operator": 302, "Developer": 302, "Viewer": 403},
    ),
    ("/operations/backups/take/", {"Operator": 302, "Developer": 403, "Viewer": 403}),
]


@pytest.mark.parametrize(
    ("path", "role", "status"),
    [(path, role, status) for path, roles in WRITES for role, status in roles.items()],
)
def test_who_may_press_the_buttons(
    person: Callable[..., User],
    client_of: Callable[[User], Client],
    path: str,
    role: str,
    status: int,
) -> None:
    client = client_of(person("ada", role))
    assert client.post(path).status_code == status
    assert JobRun.objects.count() == (1 if status == 302 else 0)


@pytest.mark.parametrize("path", [path for path, _ in WRITES])
def test_a_button_is_no_link(desk: Client, path: str) -> None:
    assert desk.get(path).status_code == 405
    assert not JobRun.objects.exists()

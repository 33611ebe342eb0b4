"""Runbooks: one for each rule, where the alert is, and in the mail that wakes people."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from operations import queries
from operations.domain.alerting import Reading
from operations.domain.seeds import SEEDS
from operations.models import Alert, Notice, Rule
from operations.queries import runbooks
from operations.services import alerting, paging
from operations.services.database_watch import DatabaseWatch
from tests.operations.conftest import NOON

pytestmark = pytest.mark.django_db
RULES = [seed.name for seed in SEEDS]
PARTS = ("What it means", "What to look at", "Steps")
MakeAlert = Callable[..., Alert]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_one_that_says_what_to_do(rule: str) -> None:
    text = queries.runbook(rule)
    assert [line[4:] for line in text.splitlines() if line.startswith("### ")] == [
        *PARTS
    ]
    means, look, steps = text.split("### ")[1:]
    assert len(means) > 100
    assert look.count("\n- ") >= 2
    assert "\n3. " in steps


def test_there_is_none_for_a_rule_that_is_gone() -> None:
    folder = settings.BASE_DIR / "docs" / "runbooks"
    assert sorted(path.stem for path in folder.glob("*.md")) == sorted(RULES)
    titles = {seed.name: seed.title for seed in SEEDS}
    for path in folder.glob("*.md"):
        assert path.read_text().splitlines()[0] == f"# {titles[path.stem]}"


@pytest.mark.parametrize("rule", RULES)
def test_an_alerts_page_shows_it(
    desk: Client, make_alert: MakeAlert, rule: str
) -> None:
    alert = make_alert(rule=rule)
    page = desk.get(f"/alerts/{alert.uid}/").content.decode()
    assert "What to do" in page
    for part in PARTS:
        assert f"<h3>{part}</h3>" in page
    assert "<h3>Steps</h3>" in desk.get(f"/alerts/rules/{rule}/").content.decode()


@pytest.mark.parametrize("rule", ["gone", "../../README", "../api", ""])
def test_what_is_no_rule_has_none(rule: str) -> None:
    assert queries.runbook(rule) == ""


def test_an_alert_of_another_engine_has_a_page_all_the_same(
    desk: Client, make_alert: MakeAlert
) -> None:
    page = desk.get(f"/alerts/{make_alert(rule='moon-phase').uid}/")
    assert page.status_code == 200
    assert "What to do" not in page.content.decode()


def test_what_somebody_wrote_into_one_never_acts(
    desk: Client, make_alert: MakeAlert, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = "### Steps\n1. <script>alert(1)</script> [go](javascript:alert(2))"
    monkeypatch.setattr(queries, "runbook", lambda rule: bad)
    page = desk.get(f"/alerts/{make_alert().uid}/").content.decode()
    assert "<script>alert(1)" not in page
    assert 'javascript:alert(2)"' not in page
    assert "<h3>Steps</h3>" in page


def test_the_mail_that_begins_it_says_what_to_do(
    operator: User, memory_rule: Rule
) -> None:
    rule = Rule.objects.get(name="audit-log-broken")
    alerting.apply(
        Reading(rule.name, "audit log", Decimal(1), breached=True), rule, NOON
    )
    notice = Notice.objects.get()
    assert queries.runbook("audit-log-broken") in notice.body


def test_so_does_the_one_about_the_database_whose_pages_are_away(
    operator: User, tmp_path, settings, mailoutbox
) -> None:
    settings.STATE_DIR = tmp_path
    paging.mirror()
    DatabaseWatch(ask=lambda: "gone").look(NOON)
    assert "Start the database server" in mailoutbox[0].body


def test_the_list_is_read_from_the_folder_that_the_image_holds() -> None:
    lines = (settings.BASE_DIR / ".dockerignore").read_text().splitlines()
    assert lines.index("!docs/runbooks") > lines.index("docs")
    assert runbooks.runbook_folder() == settings.BASE_DIR / "docs" / "runbooks"


@pytest.mark.parametrize(("rule", "fixed"), [("broker", True), ("memory", False)])
def test_a_threshold_that_nobody_may_change_has_no_form(
    desk: Client, rule: str, fixed: bool
) -> None:
    page = desk.get(f"/alerts/rules/{rule}/").content.decode()
    assert ("Nobody changes it" in page) is fixed
    assert ('name="threshold"' in page) is not fixed

"""What is promised of a recovery, and what it needs, stands on the page of backups."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from kernel.errors import said_by
from operations.domain import recovery
from operations.models import Backup, RestoreDrill
from tests.html import text_of

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def shown(desk: Client) -> str:
    return text_of(desk.get("/operations/backups/").content.decode())


def test_what_is_promised_stands_beside_what_was_measured(desk: Client) -> None:
    page = shown(desk)
    assert "promised 30 min, not measured" in page
    assert "promised 1 d, not measured" in page
    backup = Backup.objects.create(
        engine="sqlite", started_at=NOON, status="verified", key_id="age1x"
    )
    RestoreDrill.objects.create(
        backup=backup,
        started_at=NOON,
        rto_seconds=Decimal("12.500"),
        rpo_seconds=Decimal("7200.000"),
        environment=settings.RRR_ENV,
        ok=True,
    )
    page = shown(desk)
    assert "promised 30 min, last measured 12.500 s" in page
    assert "promised 1 d, last measured 2 h" in page


def test_what_no_backup_holds_is_told_on_the_page_and_in_the_document(
    desk: Client,
) -> None:
    page = unescape(shown(desk))
    document = (Path(settings.BASE_DIR) / "docs" / "disaster-recovery.md").read_text()
    for thing in recovery.OUTSIDE:
        assert f"{thing.name}; without: {thing.without}" in page
        assert f"| {thing.name} | {thing.without} |" in document
    promised = f"within {recovery.RTO.total_seconds() / 60:.0f} minutes"
    assert promised in document


def test_the_command_that_restores_the_newest_is_named(desk: Client) -> None:
    backup = Backup.objects.create(
        engine="sqlite", status="verified", started_at=NOON, finished_at=NOON
    )
    page = desk.get("/operations/backups/").content.decode()
    assert f"./manage.py restore {backup.uid.hex}" in page


def test_a_failed_drill_says_why_and_what_the_last_good_one_measured(
    desk: Client,
) -> None:
    backup = Backup.objects.create(
        engine="sqlite", started_at=NOON, status="verified", key_id="age1x"
    )
    given = {"backup": backup, "environment": settings.RRR_ENV}
    seconds = {"rto_seconds": Decimal("12.500"), "rpo_seconds": Decimal("7200.000")}
    RestoreDrill.objects.create(**given, **seconds, started_at=NOON, ok=True)
    failed = RestoreDrill.objects.create(
        **given,
        started_at=NOON + timedelta(days=1),
        assertions={"digest": "equal", "files": "2 missing"},
    )
    assert failed.differences == "files: 2 missing"
    page = " ".join(shown(desk).split())
    assert re.search(r"The trial restore \d+ d ago failed: files: 2 missing", page)
    assert re.search(r"last measured 12\.500 s, \d+ d ago", page)
    assert "last measured 2 h" in page


def test_the_systems_errors_are_no_reprs() -> None:
    with pytest.raises(OSError, match="17") as caught:
        Path(__file__).mkdir()
    assert said_by(caught.value) == f"{__file__}: File exists"
    assert said_by(RuntimeError("the broom broke")) == "the broom broke"
    assert said_by(KeyError("a")) == "KeyError: 'a'"

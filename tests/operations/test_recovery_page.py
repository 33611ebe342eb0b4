"""What is promised of a recovery, and what it needs, stands on the page of backups."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

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

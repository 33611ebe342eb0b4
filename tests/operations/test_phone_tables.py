"""What a phone hides as a column stands in the row's second line."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client

from accounts.models import User
from operations.models import Alert, Backup
from tests.html import text_of

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MakeAlert = Callable[..., Alert]


def beneath(page: str) -> str:
    """What stands in the second lines of rows, which a phone shows instead of columns."""
    lines = re.findall(r'<span class="second-line">(.*?)</span>', page, re.DOTALL)
    return "|".join(text_of(line) for line in lines)


def test_a_phone_shows_of_alerts_what_a_desk_does(
    desk: Client, operator: User, make_alert: MakeAlert
) -> None:
    make_alert(acknowledged_by=operator, acknowledged_at=NOON)
    make_alert(state="resolved", acknowledged_by=operator, acknowledged_at=NOON)
    lines = beneath(desk.get("/alerts/").content.decode())
    since = "91 %, threshold 80 % · since 1 Mar, 12:00 UTC · olga is on it"
    assert since in lines
    assert "above 80 % for 30 s" in lines
    assert "above 2 h for 15 min" in lines
    assert "above 97 % at once" in lines
    assert "fired 1 Mar, 12:00 UTC · acknowledged by olga" in lines


def test_a_phone_shows_of_backups_what_a_desk_does(desk: Client) -> None:
    made = Backup.objects.create(
        engine="sqlite", status="verified", started_at=NOON, finished_at=NOON,
        sha256="a" * 64, key_id="age1key",
    )  # fmt: skip
    page = desk.get("/operations/backups/").content.decode()
    assert f"sealed · id {made.uid.hex[:8]}" in beneath(page)
    assert re.search(r'muted nowrap">\d+ d ago', page)

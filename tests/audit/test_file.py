"""The log as a file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import User
from audit import services, views
from audit.models import AuditEvent
from tests.csv_files import csv_rows

pytestmark = pytest.mark.django_db


def test_every_event_stands_there_with_the_body_that_was_hashed(
    person: Callable[..., User],
    client_of: Callable[[User], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(views, "AT_ONCE", 2)
    reader = client_of(person("rita", "Technical Lead"))
    for n in range(5):
        with transaction.atomic():
            services.append(
                "test.thing.happened", actor="system", object=f"thing:{n}", data={}
            )
    rows = csv_rows(reader, "/audit/events.csv")
    count = AuditEvent.objects.count()
    assert [row["seq"] for row in rows] == [str(n) for n in reversed(range(count))]
    for row in rows:
        leaf = hashlib.sha256(b"\x00" + row["body"].encode()).hexdigest()
        assert row["leaf"] == leaf
    assert 'href="/audit/events.csv"' in reader.get("/audit/").content.decode()


def test_a_trader_gets_none(
    person: Callable[..., User], client_of: Callable[[User], Client]
) -> None:
    trader = client_of(person("ada", "Trader"))
    assert trader.get("/audit/events.csv").status_code == 403

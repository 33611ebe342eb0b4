"""While the database is silent nobody can be told apart: it counts against no address."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from accounts import middleware

pytestmark = [pytest.mark.django_db, pytest.mark.limits]


def silent(*_: Any) -> None:
    raise OperationalError("the database has just not answered")


def test_an_outage_leaves_nobodys_address_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = Client(headers={"Authorization": "Bearer of-somebody"})
    with monkeypatch.context() as patch:
        patch.setattr(middleware, "bearer", silent)
        codes = {client.get("/api/me").status_code for _ in range(30)}
    assert 429 not in codes
    assert client.get("/api/me").status_code == 401

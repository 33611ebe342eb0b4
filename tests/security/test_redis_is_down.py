"""Without Redis people still log in, and wrong passwords still lock the door."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from kernel.redis import BREAKER
from tests.conftest import PASSWORD

PAGE = "/accounts/login/"


@pytest.fixture
def no_redis(settings: Any) -> Iterator[None]:
    """The cache points at a port where nobody listens."""
    held = settings.CACHES["default"]
    cut = {**held, "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {**settings.CACHES, "default": cut}
    if hasattr(caches._connections, "default"):  # type: ignore[attr-defined]
        del caches["default"]
    BREAKER._open_until = 0.0
    yield
    if hasattr(caches._connections, "default"):  # type: ignore[attr-defined]
        del caches["default"]
    BREAKER._open_until = 0.0


def test_ada_logs_in(person: Any, no_redis: None) -> None:
    person("ada", "Developer")
    client = Client()
    form = {"username": "ada", "password": PASSWORD}
    assert client.post(PAGE, form).status_code == 302
    assert client.get("/").status_code == 200
    token = client.post("/api/token", form, content_type="application/json")
    assert token.status_code == 200


def test_mallory_is_locked_out(person: Any, no_redis: None) -> None:
    person("ada")
    form = {"username": "ada", "password": "wrong"}
    statuses = [Client().post(PAGE, form).status_code for _ in range(6)]
    assert statuses == [422, 422, 422, 422, 429, 429]


def test_revocation_holds(person: Any, client_of: Any, no_redis: None) -> None:
    ada = person("ada", "Developer")
    client = client_of(ada)
    assert client.get("/").status_code == 200
    ada.sessions.update(revoked_at="2026-01-01T00:00:00Z")
    assert client.get("/").status_code == 302


def test_an_error_page_needs_no_redis(db: None, no_redis: None) -> None:
    assert Client().get("/no-such-page/").status_code == 404

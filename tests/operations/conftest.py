"""Set-up that several of operations' stories share."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from operations.models import Alert, Rule
from operations.services import bell

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
Api = Callable[..., Any]


@pytest.fixture
def operator(person: Callable[..., User]) -> User:
    return person("olga", "Operator")


@pytest.fixture
def desk(operator: User, client_of: Callable[[User], Client]) -> Client:
    """The operator's browser."""
    return client_of(operator)


@pytest.fixture
def silent_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody hears a ring: what is queued stays queued."""
    monkeypatch.setattr(bell, "ring", lambda run, **kwargs: True)


@pytest.fixture
def send(desk: Client) -> Api:
    """send("patch", path, body, **headers) as the operator, in JSON."""

    def call(method: str, path: str, body: object = None, **headers: str) -> Any:
        return desk.generic(
            method.upper(),
            path,
            "" if body is None else json.dumps(body),
            content_type="application/json",
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    return call


@pytest.fixture
def make_alert(db: None) -> Callable[..., Alert]:
    """make_alert(minutes=5, state="resolved") -> an alert that began at noon + 5."""
    made = 0

    def make(minutes: float = 0, state: str = "firing", **values: Any) -> Alert:
        nonlocal made
        made += 1
        began = NOON + timedelta(minutes=minutes)
        given = {
            "fingerprint": f"{made:064}",
            "rule": "memory",
            "target": f"host-{made}",
            "severity": "P2",
            "state": state,
            "value": Decimal(91),
            "threshold": Decimal(80),
            "pending_at": began,
            "fired_at": None if state == "pending" else began + timedelta(seconds=30),
            "resolved_at": began + timedelta(minutes=1)
            if state == "resolved"
            else None,
        }
        return Alert.objects.create(**{**given, **values})

    return make


@pytest.fixture
def memory_rule(db: None) -> Rule:
    return Rule.objects.get(name="memory")

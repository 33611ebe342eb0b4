"""Set-up that several of operations' stories share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import User
from kernel import locks
from operations.models import Alert, Backup, RestoreDrill, Rule
from operations.queries import lateness
from operations.services import bell, catalogue, readings
from operations.services.backups import postgresql
from tests.operations.well import live
from tests.probing import changed as changed
from tests.probing import elsewhere as elsewhere
from tests.probing import own as own

# A skipped test fails CI: what needs a PostgreSQL is not collected without one.
ON_POSTGRESQL = settings.DATABASES["default"]["ENGINE"] == "kernel.postgresql"
collect_ignore = [] if ON_POSTGRESQL else ["test_backup_postgresql.py"]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
Api = Callable[..., Any]


@pytest.fixture
def state(tmp_path: Path, settings: Any, django_db_blocker: Any) -> Iterator[Path]:
    """A state directory of the test's own, with its backups in it. What the test's
    restores moved aside goes with it."""
    folder = tmp_path / "var"
    folder.mkdir(mode=0o700)
    settings.STATE_DIR = folder
    settings.BACKUP_URL = str(folder / "backups")
    settings.CHECKPOINT_DIR = folder / "checkpoints"
    settings.LOG_KEY_FILE = folder / "log.key"
    yield folder
    locks.release(folder / "database.lock")
    if ON_POSTGRESQL:
        with django_db_blocker.unblock():
            for aside in postgresql.set_aside():
                postgresql._run("dropdb", aside.name)


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


@pytest.fixture(autouse=True)
def _health_looked_at_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not what another test has seen less than a second ago."""
    monkeypatch.setattr("operations.queries.health._newest", (float("-inf"), []))


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def well(db: None, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """A product of a year, in which everything is as it should be."""
    monkeypatch.setattr(lateness, "_installed", lambda at: timedelta(days=365))
    # What Redis and this machine's disk decide is tested elsewhere, and takes its time.
    elsewhere = ("_requests", "_memory", "_disks", "_broker")
    readers = [each for each in readings.READERS if each.__name__ not in elsewhere]
    monkeypatch.setattr(readings, "READERS", readers)
    Rule.objects.filter(for_seconds__gt=60).update(for_seconds=60)
    catalogue.sync()
    live(now)
    backup = Backup.objects.create(
        engine="sqlite", status="verified", started_at=now, finished_at=now
    )
    RestoreDrill.objects.create(
        backup=backup,
        started_at=now,
        finished_at=now,
        ok=True,
        environment=settings.RRR_ENV,
    )

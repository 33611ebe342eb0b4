"""How old secrets are: what is old is found, and nothing makes an old one look young."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import SigningKey
from accounts.services import keys
from accounts.services.secret_ages import OURS, YEAR, outlived, secret_ages
from audit import services
from kernel.registry import PROBES, Measurement

pytestmark = pytest.mark.django_db
NOW = timezone.now()
LATER = NOW + YEAR + timedelta(days=2)


@pytest.fixture(autouse=True)
def state(settings: Any, tmp_path: Path) -> Path:
    settings.STATE_DIR = tmp_path
    settings.LOG_KEY_FILE = str(tmp_path / "log.key")
    (tmp_path / "log.key").write_bytes(b"the key of the log")
    return tmp_path


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Any:
    def at(moment: Any) -> None:
        monkeypatch.setattr("accounts.probes.secrets.timezone.now", lambda: moment)

    at(NOW)
    return at


def measure() -> Measurement:
    return PROBES["secret_age"].function({})


def days(name: str) -> int:
    [secret] = [each for each in secret_ages(LATER) if each.name == name]
    return (LATER - secret.since).days


def test_a_secret_that_is_too_old_is_found(now: Any) -> None:
    assert measure().value == "0"
    now(LATER)
    assert "SECRET_KEY is 367 days old" in measure().detail


def test_a_changed_secret_is_young_and_the_others_are_not(
    now: Any, settings: Any
) -> None:
    measure()
    settings.SECRET_KEY = "another one, which was made today"
    now(LATER)
    detail = measure().detail
    assert "SECRET_KEY" not in detail
    assert "JWT_SECRET is 367 days old" in detail


def test_a_former_secret_that_comes_back_is_as_old_as_it_was(settings: Any) -> None:
    """Changing it twice renews nothing."""
    secret_ages(NOW)
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another one for an hour"
    secret_ages(NOW + timedelta(hours=1))
    settings.SECRET_KEY = former
    assert days("SECRET_KEY") == 367


def test_without_a_record_a_secret_is_as_old_as_the_installation(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a new folder nor a deleted file makes secrets young."""
    with monkeypatch.context() as past, transaction.atomic():
        past.setattr("audit.services.timezone.now", lambda: NOW - timedelta(days=30))
        services.append("test.thing.done", actor="system", object="thing:1", data={})
    secret_ages(NOW)
    (state / "secrets.json").unlink()
    assert days("SECRET_KEY") == 397


def test_a_record_that_cannot_be_read_tells_nothing(state: Path) -> None:
    (state / "secrets.json").write_text("{")
    seen = measure()
    assert seen.value is None
    assert "cannot be read" in seen.error


def test_the_record_holds_no_secret_and_is_ours_alone(
    settings: Any, state: Path
) -> None:
    secret_ages(NOW)
    record = state / "secrets.json"
    assert record.stat().st_mode & 0o077 == 0
    assert settings.SECRET_KEY not in record.read_text()
    assert {"SECRET_KEY", "LOG_KEY_FILE"} <= set(json.loads(record.read_text()))


def test_a_persons_key_counts_and_a_revoked_one_does_not(now: Any, person: Any) -> None:
    dan = person("dan", "Developer")
    keys.create(dan, "a passphrase of many words")
    SigningKey.objects.update(created_at=NOW - YEAR - timedelta(days=1))
    assert "signing key of dan is 366 days old" in measure().detail
    keys.revoke(dan, "lost", by=dan)
    assert measure().value == "0"


def test_the_guide_says_how_each_is_changed() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "security.md").read_text()
    inventory = guide.split("## Secrets")[1].split("## Where TLS ends")[0]
    assert [name for name in OURS if name not in inventory] == []


def test_a_former_secret_is_needed_for_two_weeks_after_its_change(
    settings: Any,
) -> None:
    """SECRET_KEY_FALLBACKS stayed for years, and nobody said a word."""
    secret_ages(NOW - timedelta(days=100))
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.JWT_SECRET_PREVIOUS = settings.JWT_SECRET
    settings.SECRET_KEY = "another one, which was made today"
    settings.JWT_SECRET = "another one for tokens, which was made today"
    assert outlived(NOW) == []
    assert outlived(NOW + timedelta(days=13)) == []
    later = NOW + timedelta(days=15)
    assert outlived(later) == ["SECRET_KEY_FALLBACKS", "JWT_SECRET_PREVIOUS"]
    settings.SECRET_KEY_FALLBACKS, settings.JWT_SECRET_PREVIOUS = [], ""
    assert outlived(later) == []

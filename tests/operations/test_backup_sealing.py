"""Backups that nobody reads who finds them, and that come back with the key."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyrage
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pyrage.x25519 import Identity

from accounts.models import User
from operations.models import Backup, RestoreDrill
from operations.services.backups import (
    drilling,
    kept,
    places,
    restoring,
    sealing,
    taking,
)
from operations.services.backups.copies import BackupError
from rrr_dashboard.management.commands import doctor
from tests.operations.commands import said

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def key(state: Path, settings: Any) -> str:
    settings.BACKUP_KEY = str(Identity.generate())
    return str(settings.BACKUP_KEY)


def test_a_sealed_backup_is_verified_drilled_and_opens_with_any_age(
    key: str, person: Callable[..., User]
) -> None:
    person("olga", "Operator")
    backup = taking.take("system")
    assert (backup.status, backup.error) == ("verified", "")
    assert backup.key_id == str(Identity.from_str(key).to_public())
    path = Path(backup.location)
    assert path.name.endswith(".tar.gz.age")
    assert path.read_bytes().startswith(b"age-encryption.org/v1\n")
    assert b"olga" not in path.read_bytes()
    assert drilling.drill("system").ok
    opened = path.parent / "by-hand.tar.gz"
    pyrage.decrypt_file(str(path), str(opened), [Identity.from_str(key)])
    with tarfile.open(opened) as tar:
        assert "manifest.json" in tar.getnames()


@pytest.mark.parametrize(
    ("recipient", "words"),
    [("age1pq", "sealed to a key of this"), ("", "not sealed: whoever finds it")],
)
def test_the_page_says_how_the_newest_is_sealed_whatever_the_web_process_knows(
    settings: Any,
    client: Client,
    person: Callable[..., User],
    recipient: str,
    words: str,
) -> None:
    settings.BACKUP_KEY = "" if recipient else settings.BACKUP_KEY
    Backup.objects.create(
        engine="sqlite", started_at=timezone.now(), status="verified", key_id=recipient
    )
    client.force_login(person("olga", "Operator"))
    page = client.get("/operations/backups/").content.decode()
    assert words in " ".join(page.split())


@pytest.mark.process
@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "unsealed"])
def test_both_kinds_come_back(
    settings: Any, person: Callable[..., User], key: str, sealed: bool
) -> None:
    person("olga", "Operator")
    settings.BACKUP_KEY = key if sealed else ""
    backup = taking.take("system", unsealed=not sealed)
    settings.BACKUP_KEY = key
    person("late", "Viewer")
    assert "restored to" in said("restore", backup.uid.hex[:8], "--yes")
    assert not User.objects.filter(username="late").exists()
    assert User.objects.filter(username="olga").exists()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("", "is sealed and BACKUP_KEY is not set"),
        (str(Identity.generate()), "sealed to another key than BACKUP_KEY"),
    ],
    ids=["no key", "another key"],
)
def test_the_wrong_key_is_a_sentence_and_a_failed_drill(
    settings: Any, given: str, why: str
) -> None:
    backup = taking.take("system")
    settings.BACKUP_KEY = given
    with pytest.raises(CommandError, match=why):
        call_command("restore", backup.location)
    assert list(kept.whole()) == []
    with pytest.raises(CommandError, match=why):
        call_command("restore_drill")
    assert not RestoreDrill.objects.get().ok


def changed(content: bytes, place: float) -> bytes:
    at = int(len(content) * place)
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:60],
        lambda content: content[: len(content) // 2],
        lambda content: changed(content, 0.5),
        lambda content: changed(content, 0.999),
        lambda content: b"something else" * 1000,
    ],
    ids=["empty", "no head", "truncated", "flipped", "flipped at the end", "swapped"],
)
def test_a_damaged_sealed_file_is_found_and_leaves_nothing_readable(
    damage: Callable[[bytes], bytes],
) -> None:
    path = Path(taking.take("system").location)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BackupError, match=path.name):
        restoring.plan(str(path))
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "unsealed"])
def test_opening_asks_for_room_first(
    monkeypatch: pytest.MonkeyPatch, settings: Any, sealed: bool
) -> None:
    settings.BACKUP_KEY = settings.BACKUP_KEY if sealed else ""
    backup = taking.take("system", unsealed=not sealed)
    few = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda path: few)
    with pytest.raises(BackupError, match=r"needs \d+ MB in .*, where 0 MB are free"):
        restoring.plan(backup.location)


def test_a_disk_that_is_full_while_sealing_is_a_failed_backup(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = sealing.seal
    with Path("/dev/full").open("wb", buffering=0) as full:
        monkeypatch.setattr(sealing, "seal", lambda plain, into: real(plain, full))
        backup = taking.take("system")
    assert backup.status == "failed"
    assert "No space left" in backup.error
    assert list(places.folder().iterdir()) == []


def found() -> tuple[str, str]:
    finding = doctor._backup_key()
    return finding.level, finding.detail


def test_doctor_asks_until_backups_are_sealed_and_the_key_is_elsewhere(
    settings: Any, key: str, tmp_path: Path
) -> None:
    settings.BACKUP_KEY = ""
    taking.take("system", unsealed=True)
    assert "BACKUP_KEY is not set" in found()[1]
    settings.BACKUP_KEY = key
    assert "export_backup_key FILE" in found()[1]
    assert "keep it where the backups are not" in said(
        "export_backup_key", str(tmp_path / "kept.key")
    )
    assert found() == (
        "warn",
        "1 kept backup made without a key can be read by whoever finds them",
    )
    Backup.objects.all().delete()
    taking.take("system")
    assert found()[0] == "ok"
    settings.BACKUP_KEY = str(Identity.generate())
    assert "export_backup_key FILE" in found()[1], "another key was never exported"


def test_the_exported_file_is_private_and_is_the_key(key: str, tmp_path: Path) -> None:
    target = tmp_path / "kept.key"
    said("export_backup_key", str(target))
    assert target.read_text() == f"{key}\n"
    assert target.stat().st_mode & 0o777 == 0o600
    assert said("export_backup_key") == f"{key}\n"


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("var/kept.key", "would be lost, or found, together with the backups"),
        ("there", "is there already"),
        ("nowhere/kept.key", "cannot be written"),
    ],
)
def test_a_place_that_is_none_for_the_key_is_refused(
    tmp_path: Path, place: str, why: str
) -> None:
    (tmp_path / "there").write_text("something")
    with pytest.raises(CommandError, match=why):
        call_command("export_backup_key", str(tmp_path / place))
    assert "export_backup_key FILE" in found()[1], "nothing was exported"

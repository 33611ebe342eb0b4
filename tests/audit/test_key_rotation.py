"""A new log key: what the old one signed stays good, and it signs nothing more."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from audit import channels, queries, services
from audit.domain import note
from audit.models import AuditEvent, Checkpoint
from kernel.errors import Unavailable
from tests.heads import leave_at_once

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def log(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log with a head, whose files are its own."""
    settings.LOG_KEY_FILE = str(tmp_path / "log.key")
    settings.CHECKPOINT_DIR = str(tmp_path / "heads")
    monkeypatch.setattr(services, "_publish_on_commit", leave_at_once)
    say()
    sign()


def say() -> None:
    with transaction.atomic():
        services.append("test.thing.done", actor="system", object="thing:1", data={})


def sign() -> Checkpoint:
    with transaction.atomic():
        return services.checkpoint()


def rotate() -> str:
    said = StringIO()
    call_command("rotate_log_key", stdout=said)
    return said.getvalue().strip().rpartition(" ")[2]


def test_the_log_is_whole_with_heads_of_both_keys() -> None:
    before = channels.public_key()
    key = rotate()
    assert channels.public_key() != before
    say()
    newest = sign()
    assert note.opened(bytes(newest.note), [key]).size == AuditEvent.objects.count()
    verified = queries.check()
    assert (verified.ok, list(verified.problems)) == (True, [])


def test_a_rotation_is_in_the_log_under_the_old_keys_last_head() -> None:
    before = channels.public_key()
    rotate()
    last = Checkpoint.objects.order_by("-size")[0]
    old = note.vkey(last.origin, before)
    assert note.opened(bytes(last.note), [old]).size == AuditEvent.objects.count()
    assert AuditEvent.objects.order_by("-seq")[0].kind == "audit.key.rotated"


def test_keys_are_rotated_more_than_once() -> None:
    for _ in range(3):
        rotate()
        say()
        sign()
    assert len(channels.trusted_keys()) == 4
    assert queries.check().ok


def test_a_stolen_former_key_signs_no_longer_log() -> None:
    old = channels.log_key()
    rotate()
    say()
    head = sign()
    forged = note.signed(note.Head(head.origin, head.size, bytes(head.root)), old)
    verified = queries.check(outside=forged)
    assert not verified.ok
    assert "a former key signed it" in verified.problems[0]


def test_a_damaged_list_of_former_keys_can_tell_nothing(settings: Any) -> None:
    rotate()
    Path(f"{settings.LOG_KEY_FILE}.former").write_text("[{}]")
    with pytest.raises(Unavailable, match="damaged"):
        queries.check()


def test_only_our_own_user_reads_the_files(settings: Any) -> None:
    rotate()
    for path in Path(settings.LOG_KEY_FILE).parent.glob("log.key*"):
        assert path.stat().st_mode & 0o077 == 0

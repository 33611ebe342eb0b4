"""A log that could have been written anew unseen is not called whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from accounts.probes.audit_log import audit_log
from audit import queries, services
from audit.models import AuditEvent, Checkpoint, guard

OnCommit = Callable[..., Any]


@pytest.fixture
def log(db: None) -> None:
    with transaction.atomic():
        for number in range(3):
            services.append(
                "readiness.item.claimed", actor="p:7", object=f"item:{number}", data={}
            )


@pytest.fixture
def signed(log: None, django_capture_on_commit_callbacks: OnCommit) -> Checkpoint:
    """A head that was signed and has left."""
    with django_capture_on_commit_callbacks(execute=True):
        return services.checkpoint()


def records() -> list[Path]:
    name = (queries.origin() or "").replace("/", "_")
    return list(Path(settings.CHECKPOINT_DIR).glob(f"{name}*"))


def verify(*words: str) -> int:
    try:
        call_command("verify_log", *words)
    except SystemExit as end:
        return int(str(end.code))
    return 0


def test_a_signed_log_with_its_record_outside_is_whole(signed: Checkpoint) -> None:
    found = queries.check()
    assert (found.ok, found.problems, found.unsure) == (True, [], [])
    assert verify() == 0


def test_a_record_that_is_gone_leaves_nobody_to_tell(
    signed: Checkpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in records():
        path.unlink()
    found = queries.check()
    assert not found.ok
    assert found.problems == []
    assert "is gone from CHECKPOINT_DIR" in found.unsure[0]
    assert verify("--json") == 2
    assert json.loads(capsys.readouterr().out)["unsure"] == list(found.unsure)
    assert audit_log({}).error.startswith("cannot tell")


def test_rows_that_outlive_the_record_still_tell_of_a_changed_event(
    signed: Checkpoint,
) -> None:
    """Files deleted, an event edited and all chained anew."""
    for path in records():
        path.unlink()
    guard.remove()
    kept = list(AuditEvent.objects.order_by("seq"))
    AuditEvent.objects.filter(seq__gte=1).delete()
    for row in kept[1:]:
        services.append(row.kind, actor="p:8", object=row.object, data={})
    assert verify() == 1
    assert "not those that were signed" in queries.check().problems[0]


@pytest.mark.parametrize(
    ("column", "value"), [("root", b"\0" * 32), ("size", 2), ("note", b"nonsense")]
)
def test_a_changed_checkpoint_row_is_named(
    signed: Checkpoint, column: str, value: object
) -> None:
    Checkpoint.objects.update(**{column: value})
    size = 2 if column == "size" else signed.size
    assert f"the checkpoint at {size}: " in queries.check().problems[0]
    assert verify() == 1


def test_a_row_that_is_newer_than_the_record_is_no_fault(signed: Checkpoint) -> None:
    services.append("readiness.item.claimed", actor="p:7", object="item:9", data={})
    services.checkpoint()
    assert queries.check().ok


@pytest.mark.parametrize(
    ("age", "kind", "whole"),
    [
        pytest.param(timedelta(minutes=5), "readiness.item.claimed", True, id="young"),
        pytest.param(timedelta(minutes=21), "readiness.item.claimed", False, id="old"),
        pytest.param(timedelta(0), queries.SIGNED, False, id="somebody signed"),
    ],
)
def test_a_log_of_which_nothing_was_ever_signed_is_doubtful_when_it_was_time(
    db: None, monkeypatch: pytest.MonkeyPatch, age: timedelta, kind: str, whole: bool
) -> None:
    services.append(kind, actor="p:7", object="item:1", data={})
    now = timezone.now() + age
    monkeypatch.setattr("audit.queries.timezone.now", lambda: now)
    found = queries.check()
    assert (found.ok, bool(found.unsure)) == (whole, not whole)


def test_a_checkpoint_that_somebody_kept_stands_in_for_the_record(
    signed: Checkpoint, tmp_path: Path
) -> None:
    for path in records():
        path.unlink()
    note = tmp_path / "kept.note"
    note.write_bytes(bytes(signed.note))
    assert verify() == 2
    assert verify("--checkpoint", str(note)) == 0

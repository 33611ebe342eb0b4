"""Mallory owns the database. What she changes is found, or needs a kept checkpoint."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import transaction

from accounts.probes.audit_log import audit_log
from audit import channels, queries, services
from audit.domain import event, merkle
from audit.models import AuditEvent, Checkpoint, guard
from kernel.errors import Unavailable

EVENTS = 6


@pytest.fixture
def outside(settings: object, tmp_path: Path) -> Path:
    """CHECKPOINT_DIR and key of this test alone."""
    settings.CHECKPOINT_DIR = tmp_path / "checkpoints"  # type: ignore[attr-defined]
    settings.LOG_KEY_FILE = tmp_path / "log.key"  # type: ignore[attr-defined]
    return tmp_path


@pytest.fixture
def log(db: None, outside: Path) -> Iterator[None]:
    """Five events after the first, guard lifted: Mallory can do that too."""
    for number in range(1, EVENTS):
        services.append(
            "readiness.item.claimed",
            actor="p:7",
            object=f"item:{number}",
            data={"n": str(number)},
        )
    with guard.lifted():
        yield


def kept_checkpoint() -> bytes:
    """A checkpoint that somebody took home; the server has forgotten its own."""
    with transaction.atomic():
        return bytes(services.checkpoint().note)


def rewrite(row: AuditEvent, prev: bytes, **change: object) -> bytes:
    """Edit a row's body, hash it and its columns; its new leaf."""
    body = json.loads(bytes(row.body))
    made = event.body(
        seq=row.seq,
        prev=prev,
        at=row.at,
        kind=row.kind,
        actor=row.actor,
        object=row.object,
        data=body["data"] | change,
    )
    leaf = merkle.leaf_hash(made)
    AuditEvent.objects.filter(seq=row.seq).update(body=made, leaf=leaf)
    return leaf


def edit_a_row() -> None:
    row = AuditEvent.objects.get(seq=3)
    forged = bytes(row.body).replace(b'"n":"3"', b'"n":"4"')
    AuditEvent.objects.filter(seq=3).update(body=forged)


def edit_a_copy() -> None:
    AuditEvent.objects.filter(seq=3).update(actor="p:8")


def edit_a_row_and_its_hash() -> None:
    rewrite(
        AuditEvent.objects.get(seq=3),
        bytes(AuditEvent.objects.get(seq=2).leaf),
        n="4",
    )


def swap_two_rows() -> None:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        AuditEvent.objects.filter(seq=old).update(seq=new)


def delete_a_row() -> None:
    AuditEvent.objects.filter(seq=3).delete()


def delete_the_first_row() -> None:
    AuditEvent.objects.filter(seq=0).delete()


def cut_the_tail() -> None:
    AuditEvent.objects.filter(seq__gte=4).delete()


def chain_anew() -> None:
    """Edit one event and every leaf and `prev` after it."""
    leaf = bytes(AuditEvent.objects.get(seq=2).leaf)
    for row in AuditEvent.objects.filter(seq__gte=3):
        leaf = rewrite(row, leaf, **({"n": "forged"} if row.seq == 3 else {}))


def delete_and_chain_anew() -> None:
    AuditEvent.objects.filter(seq=3).delete()
    leaf = bytes(AuditEvent.objects.get(seq=2).leaf)
    for row in list(AuditEvent.objects.filter(seq__gte=4)):
        AuditEvent.objects.filter(seq=row.seq).update(seq=row.seq - 1)
        row.seq -= 1
        leaf = rewrite(row, leaf)


SEEN_BY_THE_CHAIN = [
    (edit_a_row, "event 3: the body does not hash to its leaf"),
    (edit_a_copy, "event 3: the column actor says 'p:8', the body 'p:7'"),
    (edit_a_row_and_its_hash, "event 4: it does not follow the event before it"),
    (swap_two_rows, "event 2: it does not follow the event before it"),
    (delete_a_row, "event 3 is missing"),
    (delete_the_first_row, "event 0 is missing"),
]
SEEN_FROM_OUTSIDE_ONLY = [
    (cut_the_tail, f"the log holds 4 events; a signed checkpoint has seen {EVENTS}"),
    (chain_anew, f"the first {EVENTS} events are not those that were signed"),
    (
        delete_and_chain_anew,
        f"the log holds {EVENTS - 1} events; a signed checkpoint has seen {EVENTS}",
    ),
]
Attack = Callable[[], None]


def test_an_honest_log_is_whole(log: None) -> None:
    note = kept_checkpoint()

    assert queries.check(note).problems == []


@pytest.mark.parametrize(("attack", "words"), SEEN_BY_THE_CHAIN)
def test_the_chain_alone_shows_it(log: None, attack: Attack, words: str) -> None:
    attack()

    found = queries.check()

    assert not found.ok
    assert words in found.problems


@pytest.mark.parametrize(("attack", "words"), SEEN_FROM_OUTSIDE_ONLY)
def test_only_a_checkpoint_from_outside_shows_it(
    log: None, attack: Attack, words: str
) -> None:
    note = kept_checkpoint()
    Checkpoint.objects.all().delete()
    attack()

    assert queries.check().ok, "the chain alone cannot know"
    found = queries.check(note)

    assert not found.ok
    assert words in found.problems


@pytest.mark.parametrize("attack", [attack for attack, _ in SEEN_FROM_OUTSIDE_ONLY])
def test_the_signer_s_own_record_shows_it_too(
    log: None, attack: Attack, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        kept_checkpoint()
    attack()

    assert not queries.check().ok


@pytest.mark.parametrize("attack", [attack for attack, _ in SEEN_FROM_OUTSIDE_ONLY])
def test_the_signer_signs_no_second_history(
    log: None, attack: Attack, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        kept_checkpoint()
    attack()
    services.append("readiness.item.claimed", actor="p:7", object="item:9", data={})
    Checkpoint.objects.all().delete()

    with pytest.raises(Unavailable, match="no longer holds what was signed"):
        services.checkpoint()


def test_an_old_backup_put_back_is_seen_from_outside(log: None) -> None:
    old = list(AuditEvent.objects.all())
    services.append("readiness.item.claimed", actor="p:7", object="item:9", data={})
    note = kept_checkpoint()
    AuditEvent.objects.all().delete()
    AuditEvent.objects.bulk_create(old)

    found = queries.check(note)

    assert found.problems == [
        f"the log holds {EVENTS} events; a signed checkpoint has seen {EVENTS + 1}"
    ]


def test_a_checkpoint_of_another_key_is_not_believed(log: None, outside: Path) -> None:
    note = kept_checkpoint()
    (outside / "log.key").write_bytes(channels._new_key())

    found = queries.check(note)

    assert "cannot be believed" in found.problems[0]


@pytest.mark.parametrize(("attack", "words"), SEEN_BY_THE_CHAIN)
def test_the_probe_counts_the_faults(log: None, attack: Attack, words: str) -> None:
    assert audit_log({}).value == "0"
    attack()

    seen = audit_log({})

    assert seen.value not in {None, "0"}


def test_the_command_says_0_for_a_whole_log(
    log: None, outside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (outside / "kept.note").write_bytes(kept_checkpoint())

    call_command("verify_log", checkpoint=outside / "kept.note", json=True)

    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is True
    assert said["size"] == EVENTS


def test_the_command_says_1_for_a_log_that_was_cut(
    log: None, outside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (outside / "kept.note").write_bytes(kept_checkpoint())
    cut_the_tail()

    with pytest.raises(SystemExit) as end:
        call_command("verify_log", checkpoint=outside / "kept.note")

    assert end.value.code == 1
    assert "NOT WHOLE" in capsys.readouterr().out


def test_the_command_says_2_when_it_cannot_tell(log: None, outside: Path) -> None:
    with pytest.raises(SystemExit) as end:
        call_command("verify_log", checkpoint=outside / "nowhere.note")

    assert end.value.code == 2

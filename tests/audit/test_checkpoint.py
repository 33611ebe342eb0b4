"""A signed head leaves the database only when it is true for good."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from audit import channels, queries, services
from audit.domain import merkle, note
from audit.jobs import make_checkpoint
from audit.models import AuditEvent, Checkpoint
from kernel.errors import Unavailable


@pytest.fixture
def outside(settings: Any, tmp_path: Path) -> Path:
    settings.CHECKPOINT_DIR = tmp_path / "checkpoints"
    settings.LOG_KEY_FILE = tmp_path / "log.key"
    return tmp_path


def say(count: int = 1) -> None:
    with transaction.atomic():
        for _ in range(count):
            services.append(
                "readiness.item.claimed", actor="p:7", object="item:1", data={}
            )


def sign() -> Checkpoint:
    with transaction.atomic():
        return services.checkpoint()


def test_the_key_is_made_once_and_only_its_owner_reads_it(
    db: None, outside: Path
) -> None:
    first = channels.public_key()

    assert (outside / "log.key").stat().st_mode & 0o777 == 0o600
    assert channels.public_key() == first


def test_a_checkpoint_states_size_and_root_of_all_leaves(
    db: None, outside: Path
) -> None:
    say(4)

    made = sign()

    leaves = [bytes(row.leaf) for row in AuditEvent.objects.all()]
    head = note.opened(bytes(made.note), [queries.verifier_key(made.origin)])
    assert head == note.Head(made.origin, 5, merkle.root(leaves))


@pytest.mark.django_db(transaction=True)
def test_each_next_root_costs_only_the_new_events(
    outside: Path, django_assert_num_queries: Callable[..., Any]
) -> None:
    say(9)
    sign()
    say(4)
    with (
        transaction.atomic(),
        django_assert_num_queries(
            8 if transaction.get_connection().vendor == "sqlite" else 9
        ),
    ):
        made = services.checkpoint()

    leaves = [bytes(row.leaf) for row in AuditEvent.objects.all()]
    assert bytes(made.root) == merkle.root(leaves)


def test_nothing_new_is_not_signed_again(db: None, outside: Path) -> None:
    say()

    assert sign().pk == sign().pk


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_head_never_leaves(outside: Path) -> None:
    say()
    with transaction.atomic():
        services.append("readiness.item.claimed", actor="p:7", object="item:2", data={})
        services.checkpoint()
        transaction.set_rollback(True)

    assert not list(outside.glob("checkpoints/*"))


@pytest.mark.django_db(transaction=True)
def test_a_committed_head_lies_outside_as_a_note(outside: Path) -> None:
    say()

    made = sign()

    kept = channels.published(made.origin)
    assert kept is not None
    assert (kept.size, kept.root) == (made.size, bytes(made.root).hex())
    (file,) = outside.glob("checkpoints/*.note")
    assert file.read_bytes() == bytes(made.note)


@pytest.mark.django_db(transaction=True)
def test_a_lost_key_is_not_replaced_silently(outside: Path) -> None:
    say()
    sign()
    (outside / "log.key").unlink()
    say()

    with pytest.raises(Unavailable, match="bring it back"):
        sign()


@pytest.mark.django_db(transaction=True)
def test_a_second_host_makes_no_key_of_its_own(outside: Path, settings: Any) -> None:
    """Heads of one log that are signed by two are believed by neither host."""
    say()
    sign()
    settings.LOG_KEY_FILE = str(outside / "second" / "log.key")
    settings.CHECKPOINT_DIR = str(outside / "second" / "checkpoints")

    with pytest.raises(Unavailable, match=r"copy it and log\.key\.former"):
        queries.check()
    say()
    with pytest.raises(Unavailable, match="from the host that has it"):
        sign()
    assert not (outside / "second").exists()


@pytest.mark.django_db(transaction=True)
def test_a_shorter_head_never_replaces_a_longer_one(outside: Path) -> None:
    say()
    made = sign()
    kept = channels.published(made.origin)
    assert kept is not None

    channels.publish(
        channels.PublishedHead(
            origin=made.origin, size=kept.size - 1, root="00", leaf="00", note="older"
        )
    )

    assert channels.published(made.origin) == kept


@pytest.mark.django_db(transaction=True)
def test_a_damaged_record_stops_the_signer(outside: Path) -> None:
    say()
    made = sign()
    (record,) = outside.glob("checkpoints/*.json")
    record.write_text("{")
    say()

    with pytest.raises(Unavailable, match="damaged"):
        sign()
    assert Checkpoint.objects.get().pk == made.pk


@pytest.mark.django_db(transaction=True)
def test_the_job_signs_what_grew(outside: Path) -> None:
    say()

    assert make_checkpoint({}) == "Signed the log at 2 events."
    assert "Nothing was appended" in make_checkpoint({})
    say()
    assert make_checkpoint({}) == "Signed the log at 3 events."

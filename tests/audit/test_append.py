"""An event exists if and only if what it tells of was committed."""

from __future__ import annotations

import json
from hashlib import sha256
from itertools import pairwise
from typing import Any

import pytest
from django.db import (
    DEFAULT_DB_ALIAS,
    DatabaseError,
    connection,
    connections,
    transaction,
)

from audit.domain import event
from audit.models import AuditEvent
from audit.services import AppendRefused, append

CLAIM: dict[str, Any] = {
    "actor": "p:7",
    "object": "item:2",
    "data": {"key": "SEC-01", "done": True},
}


def body_of(row: AuditEvent) -> dict[str, object]:
    found: dict[str, object] = json.loads(bytes(row.body))
    return found


def test_the_first_event_starts_the_log_with_a_random_name(db: None) -> None:
    append("readiness.item.claimed", **CLAIM)

    first, second = AuditEvent.objects.all()

    assert (first.kind, first.object, first.actor) == (event.STARTED, "log", "system")
    assert len(event.log_of(bytes(first.body))) == 32
    assert second.seq == 1


def test_each_event_names_the_leaf_before_it(db: None) -> None:
    for _ in range(3):
        append("readiness.item.claimed", **CLAIM)

    rows = list(AuditEvent.objects.all())

    assert body_of(rows[0])["prev"] == "0" * 64
    for before, after in pairwise(rows):
        expected = sha256(b"\x00" + bytes(before.body)).hexdigest()
        assert body_of(after)["prev"] == bytes(before.leaf).hex() == expected


def test_the_columns_are_copies_of_the_body(db: None) -> None:
    append("readiness.item.claimed", **CLAIM)

    row = AuditEvent.objects.get(seq=1)

    body = body_of(row)
    assert (body["kind"], body["actor"], body["object"]) == (
        row.kind,
        row.actor,
        row.object,
    )
    assert body["at"] == row.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert body["data"] == {"key": "SEC-01", "done": True}


def test_what_is_rolled_back_was_never_logged(db: None) -> None:
    append("readiness.item.claimed", **CLAIM)

    with transaction.atomic():
        append("readiness.item.claimed", **CLAIM)
        transaction.set_rollback(True)

    assert AuditEvent.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_append_is_refused() -> None:
    with pytest.raises(AppendRefused, match="atomic"):
        append("readiness.item.claimed", **CLAIM)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_an_isolation_that_could_break_the_chain_is_refused(
    level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor == "sqlite":
        connection.ensure_connection()  # connecting reads the mode from the settings
        monkeypatch.setattr(connections[DEFAULT_DB_ALIAS], "transaction_mode", None)

    with transaction.atomic():
        if connection.vendor == "postgresql":
            connection.cursor().execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
        with pytest.raises(AppendRefused):
            append("readiness.item.claimed", **CLAIM)

    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "claimed"},
        {"actor": "ada"},
        {"object": "item"},
        {"data": {"count": 3}},
        {"data": {"rate": 0.5}},
    ],
)
def test_what_cannot_be_signed_for_ever_is_refused(
    db: None, wrong: dict[str, object]
) -> None:
    given = {"kind": "readiness.item.claimed", **CLAIM, **wrong}

    with pytest.raises(ValueError, match=r"."), transaction.atomic():
        append(**given)

    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditevent SET kind = 'a.b.c'",
        "DELETE FROM audit_auditevent WHERE seq = 1",
        "TRUNCATE audit_auditevent",
    ],
)
def test_the_database_itself_refuses_to_change_the_log(
    db: None, statement: str
) -> None:
    append("readiness.item.claimed", **CLAIM)
    if connection.vendor == "sqlite":  # which has no TRUNCATE
        statement = statement.replace("TRUNCATE", "DELETE FROM")

    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert AuditEvent.objects.count() == 2

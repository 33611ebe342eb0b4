"""Events, tree and checkpoint as they are kept for ever: one known log of three."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.domain import event, merkle, note
from audit.verify import LogKey, StoredEvent, opened, verify

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
LOG = "0123456789abcdef0123456789abcdef"
START = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
BODIES = [
    b'{"actor":"system","at":"2026-01-02T03:04:00.000000Z","data":{"log":"0123456789abcdef0123456789abcdef"},"kind":"audit.log.started","object":"log","prev":"0000000000000000000000000000000000000000000000000000000000000000","seq":"0","v":"1"}',
    b'{"actor":"p:7","at":"2026-01-02T03:04:01.000000Z","data":{"roles":["Developer"]},"kind":"accounts.person.added","object":"x:1","prev":"89495842589d9ce4499b1a499bec37c97c41f304ebf4c60be2b43a5b21cd0042","seq":"1","v":"1"}',
    b'{"actor":"p:7","at":"2026-01-02T03:04:02.000000Z","data":{"done":true,"key":"SEC-01"},"kind":"readiness.item.claimed","object":"x:2","prev":"1b4e9c32ed6af67df9d5fdb2f631b515cee5b1e5fb099c60b80ec6474ad0c368","seq":"2","v":"1"}',
]
LEAVES = [
    "89495842589d9ce4499b1a499bec37c97c41f304ebf4c60be2b43a5b21cd0042",
    "1b4e9c32ed6af67df9d5fdb2f631b515cee5b1e5fb099c60b80ec6474ad0c368",
    "2d478a8db1a4b19b54f5c5ead8bec1526da2fc73ffb9c3815274f3de9f095892",
]
ROOTS = [
    "89495842589d9ce4499b1a499bec37c97c41f304ebf4c60be2b43a5b21cd0042",
    "c21298554f7b5932b67469bebd5ad0c173a5c7bfff701e648056109ef47e7279",
    "076959ff95e440f55f3d324bbf9310214a5f5fcb26ee713ce9b5501b06104807",
]
VKEY = f"rrr-dashboard/{LOG}+2655ea22+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
NOTE = (
    f"rrr-dashboard/{LOG}\n3\nB2lZ/5XkQPVfPTJLv5MQIUpfX8sm7nE86bVQGwYQSAc=\n\n"
    f"\N{EM DASH} rrr-dashboard/{LOG} JlXqIjwWSaPqq1bEnWrw/tkTuaVg+s8Rc10yTB86ghdPmeix"
    "oFXB+04UB+OdHt2GaWNfwkzB4DZGiHBZkfXgYf3eLQE=\n"
).encode()
ORIGIN = event.origin(LOG, 0)
FACTS: list[tuple[str, str, str, dict[str, object]]] = [
    ("audit.log.started", "system", "log", {"log": LOG}),
    ("accounts.person.added", "p:7", "x:1", {"roles": ["Developer"]}),
    ("readiness.item.claimed", "p:7", "x:2", {"done": True, "key": "SEC-01"}),
]


def rows() -> list[StoredEvent]:
    found: list[StoredEvent] = []
    prev = event.NO_LEAF
    for seq, (kind, actor, object, data) in enumerate(FACTS):
        at = START + timedelta(seconds=seq)
        body = event.body(
            seq=seq, prev=prev, at=at, kind=kind, actor=actor, object=object, data=data
        )
        prev = merkle.leaf_hash(body)
        found.append(
            StoredEvent(
                seq=seq,
                body=body,
                leaf=prev,
                kind=kind,
                actor=actor,
                object=object,
                at=at,
            )
        )
    return found


def test_bodies_and_leaves_are_the_known_ones() -> None:
    made = rows()

    assert [row.body for row in made] == BODIES
    assert [row.leaf.hex() for row in made] == LEAVES


def test_the_roots_are_the_known_ones() -> None:
    leaves = [row.leaf for row in rows()]

    assert [merkle.root(leaves[: size + 1]).hex() for size in range(3)] == ROOTS


def test_the_log_verifies_with_its_checkpoint() -> None:
    head, problems = opened(NOTE, ORIGIN, [LogKey(PUBLIC)])
    assert head is not None
    assert problems == []

    result = verify(rows(), [head])

    assert (result.ok, result.size, result.root) == (True, 3, ROOTS[2])


def test_the_checkpoint_is_signed_byte_for_byte_as_known() -> None:
    head = note.Head(ORIGIN, 3, bytes.fromhex(ROOTS[2]))

    assert note.vkey(ORIGIN, PUBLIC) == VKEY
    assert note.signed(head, KEY) == NOTE
    assert note.opened(NOTE, [VKEY]) == head


def test_a_witness_may_sign_too() -> None:
    line = "\N{EM DASH} witness.example abcdefgh\n".encode()

    assert note.opened(NOTE + line, [VKEY]).size == 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\n3\n", b"\n4\n"),
        (b"\n3\n", b"\n03\n"),
        (b"\n3\n", "\n\u0663\n".encode()),
        (b"B2lZ", b"B2lY"),
        (b"SAc=\n\n", b"SAc=\nextension\n\n"),
        (b"\n\n", b"\n"),
        (b"LQE=", b"LQI="),
        (b"\xe2\x80\x94", b"-"),
    ],
)
def test_a_changed_checkpoint_is_not_believed(old: bytes, new: bytes) -> None:
    assert old in NOTE

    with pytest.raises(note.BadNote):
        note.opened(NOTE.replace(old, new, 1), [VKEY])


def test_another_log_s_checkpoint_is_named_as_such() -> None:
    head, problems = opened(NOTE, event.origin("f" * 32, 0), [LogKey(PUBLIC)])

    assert head is None
    assert "is of" in problems[0]


def test_a_verifier_key_that_lies_about_its_id_is_refused() -> None:
    with pytest.raises(note.BadNote, match="verifier key"):
        note.opened(NOTE, [VKEY.replace("2655ea22", "2655ea23")])


def test_a_column_that_differs_from_its_body_is_a_problem() -> None:
    first, second, third = rows()

    for name, value in (
        ("kind", "a.b.c"),
        ("actor", "p:8"),
        ("object", "x:9"),
        ("at", START),
    ):
        changed = replace(second, **{name: value})  # type: ignore[arg-type]
        result = verify([first, changed, third])
        assert not result.ok
        assert f"the column {name}" in result.problems[0]


def test_a_body_that_is_not_canonical_is_a_problem() -> None:
    first, *_ = rows()
    body = first.body.replace(b'"v":"1"', b'"v": "1"')

    result = verify([replace(first, body=body, leaf=merkle.leaf_hash(body))])

    assert result.problems == ["event 0: the body is not written as events are"]


def test_many_problems_are_cut_and_counted() -> None:
    first, *_ = rows()
    broken = [replace(first, seq=2 * n + 1) for n in range(200)]

    result = verify(broken)

    assert len(result.problems) == 101
    assert result.problems[-1].startswith("and ")

"""Checks a log without the product: bodies, hashes, chain, root, a checkpoint.

Pure: no Django, no database, no clock. What the chain alone cannot show (a tail
cut off, a history rewritten and chained anew) needs a checkpoint from outside.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from audit.domain import event, merkle, note
from audit.domain.canonical import jcs, stamp

MOST_PROBLEMS = 100  # one fault early may break every later line; name the first


@dataclass(frozen=True, kw_only=True)
class StoredEvent:
    """One stored event: exact body, its hash, and the columns copied from it."""

    seq: int
    body: bytes
    leaf: bytes
    kind: str
    actor: str
    object: str
    at: datetime


@dataclass(frozen=True)
class Verification:
    """`ok` only without problems; `root` in hex over the leaves as stored."""

    ok: bool
    size: int
    root: str
    problems: Sequence[str] = ()


@dataclass
class _Walk:
    size: int = 0
    leaf: bytes = event.NO_LEAF
    tree: merkle.Frontier = field(default_factory=merkle.Frontier)
    roots: dict[int, bytes] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    more: int = 0

    def say(self, problem: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)
        else:
            self.more += 1

    def result(self) -> Verification:
        if self.more:
            self.problems.append(f"and {self.more} more problems")
        return Verification(
            not self.problems, self.size, self.tree.root().hex(), self.problems
        )


def verify(
    rows: Iterable[StoredEvent], heads: Sequence[note.Head] = ()
) -> Verification:
    """Walk the log from its first event; `heads` are signed heads from outside.

    Every problem is one sentence naming the event or the size.
    """
    walk = _Walk()
    wanted = {head.size for head in heads}
    if 0 in wanted:
        walk.roots[0] = merkle.EMPTY_ROOT
    for row in rows:
        _step(walk, row)
        if walk.size in wanted:
            walk.roots[walk.size] = walk.tree.root()
    for head in heads:
        _compare(walk, head)
    return walk.result()


@dataclass(frozen=True)
class LogKey:
    """32 public bytes of a key of the log. `most`: of a former one, the size of the last
    head that it signed; it is believed of no longer log, whoever has it by now."""

    public: bytes
    most: int | None = None


def opened(
    given: bytes, origin: str, keys: Sequence[LogKey]
) -> tuple[note.Head | None, list[str]]:
    """The head of a checkpoint from outside, or why it cannot be believed.

    A checkpoint of an earlier epoch (before a restore) of the same log counts.
    """
    first = given.split(b"\n", 1)[0].decode("utf-8", "replace")
    if first.split("/")[:2] != origin.split("/")[:2]:
        return None, [f"the checkpoint is of {first!r}, this log is {origin!r}"]
    reason = ""
    for key in keys:
        try:
            head = note.opened(given, [note.vkey(first, key.public)])
        except note.BadNote as error:
            reason = reason or str(error)
            continue
        if key.most is None or head.size <= key.most:
            return head, []
        reason = f"a former key signed it, which signs nothing beyond {key.most}"
    return None, [f"the checkpoint cannot be believed: {reason}"]


def _step(walk: _Walk, row: StoredEvent) -> None:
    if row.seq != walk.size:
        walk.say(_gap(walk.size, row.seq))
    computed = merkle.leaf_hash(row.body)
    if computed != row.leaf:
        walk.say(f"event {row.seq}: the body does not hash to its leaf")
    for problem in _body_problems(row, walk.leaf):
        walk.say(f"event {row.seq}: {problem}")
    walk.tree = walk.tree.extended([row.leaf])
    walk.leaf = row.leaf
    walk.size = row.seq + 1


def _gap(expected: int, seq: int) -> str:
    if seq < expected:
        return f"event {seq} stands twice or out of order"
    if seq == expected + 1:
        return f"event {expected} is missing"
    return f"events {expected} to {seq - 1} are missing"


def _body_problems(row: StoredEvent, before: bytes) -> Iterable[str]:
    try:
        body = json.loads(row.body)
        canonical = jcs(body) == row.body
    except (ValueError, RecursionError):
        yield "the body is no canonical JSON"
        return
    if not canonical or not isinstance(body, dict) or set(body) != event.FIELDS:
        yield "the body is not written as events are"
        return
    if body["v"] != "1":
        yield f"version {body['v']!r} is unknown"
    if body["prev"] != before.hex():
        yield "it does not follow the event before it"
    yield from _copies(row, body)
    if row.seq == 0 and body["kind"] != event.STARTED:
        yield f"a log begins with {event.STARTED}"


def _copies(row: StoredEvent, body: Mapping[str, Any]) -> Iterable[str]:
    copies = {
        "seq": str(row.seq),
        "kind": row.kind,
        "actor": row.actor,
        "object": row.object,
        "at": stamp(row.at),
    }
    for name, copy in copies.items():
        if body[name] != copy:
            yield f"the column {name} says {copy!r}, the body {body[name]!r}"


def _compare(walk: _Walk, head: note.Head) -> None:
    if head.size > walk.size:
        walk.say(
            f"the log holds {walk.size} events; a signed checkpoint has seen {head.size}"
        )
    elif walk.roots.get(head.size) != head.root:
        walk.say(f"the first {head.size} events are not those that were signed")

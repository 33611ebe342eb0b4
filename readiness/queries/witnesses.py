"""What the log tells of a review's signatures and of the keys that made them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from audit import queries as audit
from audit.domain.event import ToldEvent
from readiness.domain.envelopes import COMPROMISED, KeyEvents, SignedEvent
from readiness.domain.logged import LoggedReview

PUBLIC = re.compile(r"[0-9a-f]{64}")
KEY_MADE, KEY_REVOKED = "accounts.key.created", "accounts.key.revoked"


@dataclass(frozen=True)
class Witnesses:
    """`signed` by the review's id and the envelope's digest, `keys` by key id."""

    signed: Mapping[int, Mapping[str, SignedEvent]]
    keys: Mapping[str, KeyEvents]


def witnesses(logs: Mapping[int, LoggedReview]) -> Witnesses:
    """The log's events on these reviews' signatures: one query for the signers' keys
    where anybody has signed."""
    signed = {
        review: {each.envelope_sha256: each for each in map(_signed, log.signed)}
        for review, log in logs.items()
    }
    actors = {each.actor for events in signed.values() for each in events.values()}
    return Witnesses(signed, _keys(actors) if actors else {})


def _signed(event: ToldEvent) -> SignedEvent:
    return SignedEvent(
        event.seq,
        event.actor,
        str(event.data.get("role", "")),
        str(event.data.get("meaning", "")),
        # One that cannot be read still is a signature of which the log tells.
        str(event.data.get("envelope_sha256", f"unreadable {event.seq}")),
        event.intact,
    )


def _keys(actors: set[str]) -> dict[str, KeyEvents]:
    keys: dict[str, KeyEvents] = {}
    doubtful: set[str] = set()
    for event in audit.logged(map(_person, actors), [KEY_MADE, KEY_REVOKED]):
        name = str(event.data.get("key_id"))
        made = keys.get(name)
        if event.kind == KEY_MADE and made is None:
            public = str(event.data.get("public"))
            whole = event.intact and PUBLIC.fullmatch(public) is not None
            raw = bytes.fromhex(public) if whole else b""
            keys[name] = KeyEvents(event.actor, raw, whole)
        elif event.kind == KEY_REVOKED and not event.intact:
            # What was changed said something worse before: all keys of this person.
            doubtful.add(event.object)
        elif made and event.data.get("reason") == COMPROMISED:
            keys[name] = replace(made, compromised=True)
    return {
        name: replace(key, compromised=True) if _person(key.actor) in doubtful else key
        for name, key in keys.items()
    }


def _person(actor: str) -> str:
    """How the log names the person whom an actor is."""
    return f"person:{actor.partition(':')[2]}"

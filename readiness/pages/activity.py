"""The newest entries of the audit log about a review, in words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from accounts.models import User
from kernel.display import MISSING
from kernel.registry import probe_title
from readiness.domain.verdicts import Verdict
from readiness.queries.people import names


class LogEntry(Protocol):
    """An event as the audit log's queries hand it out."""

    @property
    def body(self) -> bytes | memoryview: ...

    @property
    def leaf(self) -> bytes | memoryview: ...

    @property
    def kind(self) -> str: ...

    @property
    def actor(self) -> str: ...


@dataclass(frozen=True)
class Activity:
    """One line of the activity: who did what, and its entry in the log."""

    who: str
    words: str
    event: LogEntry

    @property
    def leaf(self) -> str:
        return bytes(self.event.leaf).hex()


SENTENCES = {
    "readiness.review.opened": "opened this review",
    "readiness.item.claimed": "claimed {key}",
    "readiness.item.unclaimed": "took back the claim of {key}",
    "readiness.evidence.judged": "{key} {was_to}: {probe}",
    "readiness.evidence.filed": "filed evidence for {key}",
    "readiness.evidence.confirmed": "confirmed evidence of {key}",
    "readiness.report.attested": "attested a {kind} report",
    "readiness.item.filled": "filled in {key}",
    "readiness.item.assigned": "said who is to do {key}",
    "readiness.section.owned": "said who owns {title}",
    "readiness.note.written": "wrote a note",
    "readiness.note.resolved": "resolved a known issue",
    "readiness.item.commented": "commented on {key}",
    "readiness.review.signed": "signed as {role}",
}


VERDICTS: Mapping[str, str] = {
    Verdict.PASS: "passed",
    Verdict.FAIL: "failed",
    Verdict.ERROR: "could not be measured",
}


class _Data(dict[str, str]):
    """What an event says; a dash for what it does not."""

    def __missing__(self, key: str) -> str:
        return MISSING


def activity(events: Sequence[LogEntry], person: User) -> list[Activity]:
    """The newest events in words for this person, whose own name nobody is asked for:
    after a tick it is theirs that is new."""
    actors = {event.actor for event in events} - {person.actor}
    named = {**names(actors), person.actor: person.username}
    return [Activity(named[event.actor], _sentence(event), event) for event in events]


def _sentence(event: LogEntry) -> str:
    data = _Data(json.loads(bytes(event.body)).get("data", {}))
    data["probe"] = probe_title(data["probe"])
    data["was_to"] = VERDICTS.get(data["verdict"], data["verdict"])
    plain = event.kind.rpartition(".")[2].replace("-", " ")
    return SENTENCES.get(event.kind, plain).format_map(data)

"""What the log tells of one review, folded from its events. Pure.

Columns can be edited, events cannot unseen: what a review is, what was said of its lines
and what became of it is held against this, or taken from it. Once a review has ended
(deployed, aborted, …) nothing is said of its lines any more, whatever comes later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import cached_property

from audit.domain.event import ToldEvent
from readiness.domain.lifecycle import LENGTH, FollowUpWindow, may_follow
from readiness.domain.reviews import ReviewState
from readiness.domain.verdicts import CONCLUSIVE

OPENED = "readiness.review.opened"
SIGNED = "readiness.review.signed"
CLAIMED, UNCLAIMED = "readiness.item.claimed", "readiness.item.unclaimed"
FILLED, RESTORED = "readiness.item.filled", "readiness.item.restored"
JUDGED = "readiness.evidence.judged"
FILED, CONFIRMED = "readiness.evidence.filed", "readiness.evidence.confirmed"
ANSWERED = "readiness.follow_up.answered"
FOLLOWED = "readiness.follow_up.judged"
WAIVER, NOT_APPLICABLE = "waiver", "not_applicable"
_EXEMPTIONS = {
    f"readiness.{name}.{verb}": (name, verb)
    for name in (WAIVER, NOT_APPLICABLE)
    for verb in ("requested", "approved", "revoked")
}
_BECAME = {
    f"readiness.review.{state}": state
    for state in ReviewState
    if any(may_follow(before, state) for before in ReviewState)
}


@dataclass(frozen=True)
class LoggedTransition:
    """The review became `state`; its facts are those of `at`, which old events only
    have as the time of their writing (`exact` False). `cause` is the id of the review
    whose deployment superseded it."""

    state: ReviewState
    at: datetime
    exact: bool
    actor: str
    reason_hmac: str | None
    cause: str | None


@dataclass
class LoggedReview:
    """Of each thing the newest event counts. Never changed once it is made: `extended`
    makes another."""

    opened: ToldEvent | None = None
    # By item.
    claims: dict[str, ToldEvent] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    # By item and label: the digest of what stands in a blank; None of an event from
    # before there were digests, "?" of one that was edited, which fits no value.
    blanks: dict[str, dict[str, str | None]] = field(default_factory=dict)
    # By item, probe and definition.
    verdicts: dict[tuple[str, str, str], ToldEvent] = field(default_factory=dict)
    # The same of what was seen over a follow-up's window.
    followed: dict[tuple[str, str, str], ToldEvent] = field(default_factory=dict)
    # By kind and record; and the records that were confirmed, by item.
    evidence: dict[tuple[str, str], ToldEvent] = field(default_factory=dict)
    confirmed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    # By kind, verb and row.
    exemptions: dict[tuple[str, str, str], ToldEvent] = field(default_factory=dict)
    # By the follow-up's window.
    answers: dict[str, ToldEvent] = field(default_factory=dict)
    transitions: tuple[LoggedTransition, ...] = ()
    signed: tuple[ToldEvent, ...] = ()
    # What is told of the review's life, and cannot be believed.
    doubtful: tuple[str, ...] = ()

    @property
    def state(self) -> ReviewState:
        """What people and jobs decided; ready and approved are derived."""
        return self.transitions[-1].state if self.transitions else ReviewState.OPEN

    @property
    def ended_at(self) -> datetime | None:
        """As of when its lines' facts stand; None while it lives."""
        return self.transitions[0].at if self.transitions else None

    def became(self, state: ReviewState) -> LoggedTransition | None:
        return next((each for each in self.transitions if each.state == state), None)

    @property
    def unanswered(self) -> list[FollowUpWindow]:
        """The follow-ups that nobody has answered."""
        return [window for window in LENGTH if window not in self.answers]

    def exemption(self, name: str, row: str) -> ToldEvent | None:
        """The event that grants an exemption; None once it was revoked, or never was."""
        if (name, "revoked", row) in self.exemptions:
            return None
        return self.exemptions.get((name, "approved", row))

    @cached_property
    def granted(self) -> frozenset[tuple[str, str]]:
        """Of which items an exemption was granted, by its kind."""
        return frozenset(
            (name, str(event.data.get("item")))
            for (name, verb, row), event in self.exemptions.items()
            if verb == "approved" and self.exemption(name, row)
        )


def extended(known: LoggedReview, events: Iterable[ToldEvent]) -> LoggedReview:
    """`known` and what these later events tell."""
    log = replace(known)
    for each in fields(log):
        value = getattr(log, each.name)
        if isinstance(value, dict):
            setattr(log, each.name, dict(value))
    for event in events:
        _take(log, event)
    return log


def _take(log: LoggedReview, event: ToldEvent) -> None:
    if event.kind == OPENED:
        log.opened = log.opened or event
    elif event.kind == SIGNED:
        log.signed += (event,)
    elif event.kind == ANSWERED:
        log.answers[str(event.data.get("window"))] = event
    elif event.kind == FOLLOWED:
        item = str(event.data.get("item", ""))
        log.followed[_question(event, item)] = event
        _judge(log, event, item)
    elif event.kind in _BECAME:
        _become(log, _BECAME[event.kind], event)
    elif not log.transitions:
        _of_line(log, event)


def _become(log: LoggedReview, state: ReviewState, event: ToldEvent) -> None:
    if not event.intact:
        log.doubtful += (f"the event of its being {state} was edited",)
    elif not may_follow(log.state, state):
        log.doubtful += (f"the log tells of {state} after {log.state}",)
    else:
        as_of, reason = event.data.get("as_of"), event.data.get("reason_hmac")
        cause = event.data.get("cause")
        log.transitions += (
            LoggedTransition(
                state=state,
                at=datetime.fromisoformat(as_of) if as_of else event.at,
                exact=bool(as_of),
                actor=event.actor,
                reason_hmac=str(reason) if reason else None,
                cause=str(cause) if cause else None,
            ),
        )


def _of_line(log: LoggedReview, event: ToldEvent) -> None:
    item = str(event.data.get("item", ""))
    take = _TAKES.get(event.kind)
    if take is not None:
        log.keys[item] = str(event.data.get("key", ""))
        take(log, event, item)
    elif event.kind in _EXEMPTIONS:
        name, verb = _EXEMPTIONS[event.kind]
        log.exemptions[name, verb, str(event.data.get(name))] = event


def _claim(log: LoggedReview, event: ToldEvent, item: str) -> None:
    log.claims[item] = event


def _fill(log: LoggedReview, event: ToldEvent, item: str) -> None:
    log.blanks[item] = {**log.blanks.get(item, {}), **_digests(event)}


def _restore(log: LoggedReview, event: ToldEvent, item: str) -> None:
    _claim(log, event, item)
    _fill(log, event, item)


def _judge(log: LoggedReview, event: ToldEvent, item: str) -> None:
    if event.data.get("verdict") in CONCLUSIVE or not event.intact:
        log.verdicts[_question(event, item)] = event


def _question(event: ToldEvent, item: str) -> tuple[str, str, str]:
    data = event.data
    return item, str(data.get("probe")), str(data.get("definition_sha256"))


def _file(log: LoggedReview, event: ToldEvent, item: str) -> None:
    record = str(event.data.get("evidence"))
    log.evidence[event.kind, record] = event
    if event.kind == CONFIRMED:
        log.confirmed[item] = (*log.confirmed.get(item, ()), record)


_TAKES: Mapping[str, Callable[[LoggedReview, ToldEvent, str], None]] = {
    CLAIMED: _claim,
    UNCLAIMED: _claim,
    FILLED: _fill,
    RESTORED: _restore,
    JUDGED: _judge,
    FILED: _file,
    CONFIRMED: _file,
}


def _digests(event: ToldEvent) -> dict[str, str | None]:
    """{label: what the log keeps of its value}."""
    hmacs = event.data.get("hmacs")
    if not isinstance(hmacs, dict):
        labels = event.data.get("labels")
        return dict.fromkeys(map(str, labels if isinstance(labels, list) else ()))
    return {
        str(label): str(told) if event.intact else "?" for label, told in hmacs.items()
    }

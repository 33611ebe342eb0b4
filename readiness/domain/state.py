"""What an item's facts add up to at a moment: derived, never stored.

Pure: dataclasses in, dataclasses out, the moment passed in. Words for people
are made here, because the reason belongs to the rule that decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from readiness.domain.verdicts import Verdict


class ItemState(StrEnum):
    """Inside readiness from the worst to the best; then those of lines outside,
    which come from signatures and follow-ups."""

    FAILED = "failed"
    UNCLAIMED = "unclaimed"
    CLAIMED = "claimed"
    STALE = "stale"
    WAIVED = "waived"
    PROVEN = "proven"
    NOT_APPLICABLE = "not_applicable"
    OPEN = "open"
    SIGNED = "signed"
    VOID = "void"
    DONE = "done"
    OVERDUE = "overdue"


SETTLED = frozenset({ItemState.PROVEN, ItemState.WAIVED, ItemState.NOT_APPLICABLE})
SIGN_OFF = "sign-off"
FOLLOW_UP = "monitoring"
OUTSIDE = frozenset({SIGN_OFF, FOLLOW_UP})
AHEAD = timedelta(minutes=5)  # of our clock, that of another host may be
EXPIRED = "Passed, but its evidence is out of date."
FORGED = "Its record is not as this product wrote it: collect it again."
OUTSIDE_REASONS = {
    ItemState.OPEN: "Outside readiness: open.",
    ItemState.SIGNED: "Signed.",
    ItemState.VOID: "The signature no longer fits what was signed.",
    ItemState.DONE: "Done.",
    ItemState.OVERDUE: "Its time has passed.",
}


@dataclass(frozen=True)
class CheckRecord:
    """One record of a check: its verdict is pass, fail, error or info. `restarted_at`
    says since when the product has run with other settings than were seen, `forged` that the
    product did not write it as it stands: nobody knows when and with what it was seen."""

    verdict: str
    commit: str
    observed_at: datetime
    valid_until: datetime | None
    reason: str = ""
    restarted_at: datetime | None = None
    forged: bool = False

    def fresh(self, at: datetime) -> bool:
        return self.valid_until is None or at < self.valid_until


@dataclass(frozen=True)
class CheckFacts:
    """A check with its latest record and the latest that passed or failed.
    `out_of_reach` says why none can come from this product, "" where one can;
    `title` is what people call the probe."""

    probe: str
    latest: CheckRecord | None = None
    conclusive: CheckRecord | None = None
    required: bool = True
    out_of_reach: str = ""
    title: str = ""


@dataclass(frozen=True)
class FiledEvidence:
    """Evidence that a person filed; `confirmed_by` names the second person."""

    by: str
    commit: str
    confirmed_by: str | None = None


@dataclass(frozen=True)
class Exemption:
    """An approved waiver, or with `ends` None an approved "not applicable"; `id` is its
    row's, `salt` what the log's digest of the reason was made with; `requester` and
    `approver` are the ids of who asked and who approved."""

    reason: str
    ends: datetime | None = None
    requested_by: str = ""
    approved_by: str = ""
    id: int = 0
    salt: bytes = b""
    requester: int = 0
    approver: int = 0

    def active(self, at: datetime) -> bool:
        return self.ends is None or at < self.ends


@dataclass(frozen=True)
class ItemFacts:
    """Everything that decides an item's state. `commit` is the review's; `differs` is
    what of it the log does not tell, in words, `outside_reason` why it stands `outside`
    readiness as it does."""

    key: str
    commit: str
    parent: str | None = None
    section: str = ""
    section_kind: str = "checks"
    blocking: str = "blocking"
    claimed: bool = False
    claimed_by: str | None = None
    checks: Sequence[CheckFacts] = ()
    missing_fields: Sequence[str] = ()
    filed: Sequence[FiledEvidence] = ()
    waiver: Exemption | None = None
    not_applicable: Exemption | None = None
    outside: ItemState = ItemState.OPEN
    outside_reason: str = ""
    differs: Sequence[str] = ()

    @property
    def inside(self) -> bool:
        """Counts for readiness; sign-off lines and follow-ups do not."""
        return self.section_kind not in OUTSIDE


@dataclass(frozen=True)
class DerivedState:
    """A state and why; `own` is the item's without its children."""

    state: ItemState
    reason: str
    own: ItemState
    held_by: str | None = None


def item_state(facts: ItemFacts, at: datetime) -> DerivedState:
    """The item's own state; the first rule that matches wins."""
    state, reason = _own_state(facts, at)
    return DerivedState(state, reason, own=state)


def _own_state(facts: ItemFacts, at: datetime) -> tuple[ItemState, str]:
    if not facts.inside:
        return facts.outside, facts.outside_reason or OUTSIDE_REASONS[facts.outside]
    if facts.differs:
        return ItemState.FAILED, unlike_the_log(facts.differs)
    if facts.not_applicable is not None:
        return ItemState.NOT_APPLICABLE, facts.not_applicable.reason
    if facts.waiver is not None and facts.waiver.active(at):
        return ItemState.WAIVED, facts.waiver.reason
    failing = _failing(facts)
    if failing is not None:
        return ItemState.FAILED, failing
    lack = _lack(facts, at)
    if lack is None:
        return ItemState.PROVEN, _why_proven(facts)
    if _was_proven(facts):
        return ItemState.STALE, lack
    if facts.claimed:
        return ItemState.CLAIMED, f"Claimed by {facts.claimed_by or 'nobody'}. {lack}"
    return ItemState.UNCLAIMED, lack


def unlike_the_log(differs: Sequence[str]) -> str:
    """Why a record counts for nothing, in a sentence."""
    return f"The record differs from the log: {'; '.join(differs)}."


def _required(facts: ItemFacts) -> list[CheckFacts]:
    return [check for check in facts.checks if check.required]


def _failing(facts: ItemFacts) -> str | None:
    """The first fail for this commit: it never expires, only a pass clears it."""
    for check in _required(facts):
        seen = check.conclusive
        if seen and seen.verdict == Verdict.FAIL and seen.commit == facts.commit:
            return _told(facts, check, seen.reason)
    return None


def _told(facts: ItemFacts, check: CheckFacts, reason: str) -> str:
    """The reason; whose it is stands before it where several checks are asked."""
    said = reason or "No reason was given."
    several = len(_required(facts)) > 1
    return f"{check.title or check.probe}: {said}" if several else said


def _lack(facts: ItemFacts, at: datetime) -> str | None:
    """What keeps the item from being proven; None when nothing does."""
    required = _required(facts)
    for check in required:
        lack = _check_lack(check, facts.commit, at)
        if lack is not None:
            return _told(facts, check, lack)
    if not required:
        lack = _person_lack(facts)
        if lack:
            return lack
    if facts.missing_fields:
        return f"Still blank: {', '.join(facts.missing_fields)}."
    return None


def _check_lack(check: CheckFacts, commit: str, at: datetime) -> str | None:
    latest, seen = check.latest, check.conclusive
    if latest is None:
        return check.out_of_reach or "Not measured for this commit yet."
    if latest.forged or (seen and seen.forged):
        return FORGED
    if latest.verdict == Verdict.ERROR or seen is None:
        return latest.reason
    if seen.verdict != Verdict.PASS:
        return seen.reason
    if seen.commit != commit:
        return f"Passed for another commit ({seen.commit[:8]})."
    if seen.restarted_at is not None:
        return (
            f"Passed, but seen before the restart of {_clock(seen.restarted_at, at)}."
        )
    if seen.observed_at > at + AHEAD:
        return (
            f"Passed, but its record is of the future ({_clock(seen.observed_at, at)})."
        )
    if not seen.fresh(at):
        return EXPIRED
    return None


def _clock(moment: datetime, at: datetime) -> str:
    """The time of day, with its day where that is not today's."""
    shape = "%H:%M UTC" if moment.date() == at.date() else "%Y-%m-%d %H:%M UTC"
    return moment.strftime(shape)


def _person_lack(facts: ItemFacts) -> str | None:
    if not facts.filed:
        return "Needs a person's evidence, confirmed by another."
    current = [evidence for evidence in facts.filed if evidence.commit == facts.commit]
    if not current:
        return "The evidence on file is for another commit."
    if not any(evidence.confirmed_by for evidence in current):
        return f"The evidence of {current[0].by} waits for a second person."
    return None


def _was_proven(facts: ItemFacts) -> bool:
    """Everything once passed: what is missing is only freshness or the commit."""
    required = _required(facts)
    if facts.missing_fields:
        return False
    if required:
        return all(
            check.conclusive is not None and check.conclusive.verdict == Verdict.PASS
            for check in required
        )
    return any(evidence.confirmed_by for evidence in facts.filed)


def _why_proven(facts: ItemFacts) -> str:
    required = _required(facts)
    if not required:
        sure = next(evidence for evidence in facts.filed if evidence.confirmed_by)
        return f"Filed by {sure.by}, confirmed by {sure.confirmed_by}."
    seen = required[0].conclusive
    more = f" (and {len(required) - 1} more)" if len(required) > 1 else ""
    return f"{seen.reason if seen else ''}{more}"

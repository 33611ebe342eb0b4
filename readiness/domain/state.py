"""What an item's facts add up to at a moment: derived, never stored.

Pure: dataclasses in, dataclasses out, the moment passed in. Words for people
are made here, because the reason belongs to the rule that decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

State = Literal[
    "failed",
    "unclaimed",
    "claimed",
    "stale",
    "waived",
    "proven",
    "not_applicable",
    "open",
    "signed",
    "void",
    "done",
    "overdue",
]
WORST_FIRST: tuple[State, ...] = (
    "failed",
    "unclaimed",
    "claimed",
    "stale",
    "waived",
    "proven",
    "not_applicable",
)
SETTLED: frozenset[State] = frozenset({"proven", "waived", "not_applicable"})
SIGN_OFF = "sign-off"
FOLLOW_UP = "monitoring"
OUTSIDE = frozenset({SIGN_OFF, FOLLOW_UP})


@dataclass(frozen=True)
class Seen:
    """One record of a check: its verdict is pass, fail, error or info."""

    verdict: str
    commit: str
    observed_at: datetime
    valid_until: datetime | None
    reason: str = ""

    def fresh(self, at: datetime) -> bool:
        return self.valid_until is None or at < self.valid_until


@dataclass(frozen=True)
class CheckFacts:
    """A check with its latest record and the latest that passed or failed."""

    probe: str
    latest: Seen | None = None
    conclusive: Seen | None = None
    required: bool = True


@dataclass(frozen=True)
class Filed:
    """Evidence that a person filed; `confirmed_by` names the second person."""

    by: str
    commit: str
    valid_until: datetime | None = None
    confirmed_by: str | None = None


@dataclass(frozen=True)
class Exempt:
    """An approved waiver, or with `ends` None an approved "not applicable"."""

    reason: str
    ends: datetime | None = None


@dataclass(frozen=True)
class ItemFacts:
    """Everything that decides an item's state. `commit` is the review's."""

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
    filed: Sequence[Filed] = ()
    waiver: Exempt | None = None
    not_applicable: Exempt | None = None
    outside: State = "open"

    @property
    def inside(self) -> bool:
        """Counts for readiness; sign-off lines and follow-ups do not."""
        return self.section_kind not in OUTSIDE


@dataclass(frozen=True)
class Derived:
    """A state and why; `own` is the item's without its children."""

    state: State
    reason: str
    own: State
    held_by: str | None = None


def item_state(facts: ItemFacts, at: datetime) -> Derived:
    """The item's own state; the first rule that matches wins."""
    state, reason = _own_state(facts, at)
    return Derived(state, reason, own=state)


def _own_state(facts: ItemFacts, at: datetime) -> tuple[State, str]:
    if not facts.inside:
        return facts.outside, _outside_reason(facts.outside)
    if facts.not_applicable is not None:
        return "not_applicable", facts.not_applicable.reason
    waiver = facts.waiver
    active = waiver is not None and (waiver.ends is None or at < waiver.ends)
    failing = _failing(facts)
    if active and waiver is not None:
        return "waived", waiver.reason
    if failing is not None:
        return "failed", failing
    lack = _lack(facts, at)
    if lack is None:
        return "proven", _why_proven(facts)
    if _was_proven(facts):
        return "stale", lack
    if facts.claimed:
        return "claimed", f"Claimed by {facts.claimed_by or 'nobody'}. {lack}"
    return "unclaimed", lack


def _required(facts: ItemFacts) -> list[CheckFacts]:
    return [check for check in facts.checks if check.required]


def _failing(facts: ItemFacts) -> str | None:
    """The first fail for this commit: it never expires, only a pass clears it."""
    for check in _required(facts):
        seen = check.conclusive
        if seen and seen.verdict == "fail" and seen.commit == facts.commit:
            return f"{check.probe}: {seen.reason}"
    return None


def _lack(facts: ItemFacts, at: datetime) -> str | None:
    """What keeps the item from being proven; None when nothing does."""
    required = _required(facts)
    for check in required:
        lack = _check_lack(check, facts.commit, at)
        if lack:
            return lack
    if not required:
        lack = _person_lack(facts, at)
        if lack:
            return lack
    if facts.missing_fields:
        return f"Still blank: {', '.join(facts.missing_fields)}."
    return None


def _check_lack(check: CheckFacts, commit: str, at: datetime) -> str | None:
    latest, seen = check.latest, check.conclusive
    if latest is None:
        return f"{check.probe} has not run for this commit yet."
    if latest.verdict == "error":
        return f"{check.probe}: {latest.reason}"
    if seen is None or seen.verdict != "pass":
        return f"{check.probe}: {seen.reason if seen else latest.reason}"
    if seen.commit != commit:
        return f"{check.probe} passed for another commit ({seen.commit[:8]})."
    if not seen.fresh(at):
        return f"{check.probe} passed, but its evidence is out of date."
    return None


def _person_lack(facts: ItemFacts, at: datetime) -> str | None:
    if not facts.filed:
        return "Needs a person's evidence, confirmed by another."
    current = [one for one in facts.filed if one.commit == facts.commit]
    if not current:
        return "The evidence on file is for another commit."
    confirmed = [one for one in current if one.confirmed_by]
    if not confirmed:
        return f"The evidence of {current[0].by} waits for a second person."
    if all(one.valid_until and at >= one.valid_until for one in confirmed):
        return "The confirmed evidence is out of date."
    return None


def _was_proven(facts: ItemFacts) -> bool:
    """Everything once passed: what is missing is only freshness or the commit."""
    required = _required(facts)
    if facts.missing_fields:
        return False
    if required:
        return all(
            check.conclusive is not None and check.conclusive.verdict == "pass"
            for check in required
        )
    return any(one.confirmed_by for one in facts.filed)


def _why_proven(facts: ItemFacts) -> str:
    required = _required(facts)
    if not required:
        sure = next(one for one in facts.filed if one.confirmed_by)
        return f"Filed by {sure.by}, confirmed by {sure.confirmed_by}."
    seen = required[0].conclusive
    more = f" (and {len(required) - 1} more)" if len(required) > 1 else ""
    return f"{required[0].probe}: {seen.reason if seen else ''}{more}"


def _outside_reason(state: State) -> str:
    return {
        "open": "Outside readiness: open.",
        "signed": "Signed.",
        "void": "The signature no longer fits what was signed.",
        "done": "Done.",
        "overdue": "Its time has passed.",
    }.get(state, "")


def derive(items: Sequence[ItemFacts], at: datetime) -> dict[str, Derived]:
    """{key: Derived} with parents at the worst of their own and their blocking
    children; `items` in any order, cost linear in their number."""
    own = {facts.key: item_state(facts, at) for facts in items}
    children: dict[str, list[ItemFacts]] = {}
    for facts in items:
        if facts.parent is not None:
            children.setdefault(facts.parent, []).append(facts)
    found: dict[str, Derived] = {}
    for facts in _children_first(items, children):
        found[facts.key] = _worst(
            own[facts.key],
            [
                (child.key, found[child.key])
                for child in children.get(facts.key, ())
                if child.blocking == "blocking" and child.inside
            ],
        )
    return {facts.key: found[facts.key] for facts in items}


def _children_first(
    items: Sequence[ItemFacts], children: Mapping[str, Sequence[ItemFacts]]
) -> Iterable[ItemFacts]:
    """Parents after their children, without recursion (depth is the author's)."""
    stack = [facts for facts in items if facts.parent is None]
    order: list[ItemFacts] = []
    while stack:
        facts = stack.pop()
        order.append(facts)
        stack.extend(children.get(facts.key, ()))
    return reversed(order)


def _worst(own: Derived, children: Sequence[tuple[str, Derived]]) -> Derived:
    worst = own
    for key, child in children:
        if _rank(child.state) < _rank(worst.state):
            reason = f"Held back by {key}."
            worst = Derived(child.state, reason, own.own, held_by=key)
    return worst


def _rank(state: State) -> int:
    """0 is worst; what lies outside readiness ranks behind everything inside."""
    return WORST_FIRST.index(state) if state in WORST_FIRST else len(WORST_FIRST)


@dataclass(frozen=True)
class Counts:
    """Items inside readiness by state."""

    proven: int = 0
    stale: int = 0
    claimed: int = 0
    unclaimed: int = 0
    failed: int = 0
    waived: int = 0
    not_applicable: int = 0

    @property
    def all(self) -> int:
        return sum(self.as_dict().values())

    def as_dict(self) -> dict[str, int]:
        return {
            "proven": self.proven,
            "stale": self.stale,
            "claimed": self.claimed,
            "unclaimed": self.unclaimed,
            "failed": self.failed,
            "waived": self.waived,
            "not_applicable": self.not_applicable,
        }


def counts(items: Iterable[ItemFacts], derived: Mapping[str, Derived]) -> Counts:
    tally: dict[str, int] = {}
    for facts in items:
        if facts.inside:
            state = derived[facts.key].state
            tally[state] = tally.get(state, 0) + 1
    return Counts(**tally)


@dataclass(frozen=True)
class Meter:
    """`value` of `of`; nothing to measure: `of` is 0 and people see a dash."""

    value: int
    of: int


@dataclass(frozen=True)
class Verdict:
    """`blockers` are the blocking items that are not settled by themselves, in
    document order: a parent held back only by its child is not counted twice."""

    ready: bool
    blockers: Sequence[str] = field(default_factory=tuple)


def verdict(items: Sequence[ItemFacts], derived: Mapping[str, Derived]) -> Verdict:
    blockers = tuple(
        facts.key
        for facts in items
        if facts.inside
        and facts.blocking == "blocking"
        and derived[facts.key].own not in SETTLED
    )
    return Verdict(ready=not blockers, blockers=blockers)


def proven_meter(tally: Counts) -> Meter:
    """Proven of all inside readiness, without what does not apply."""
    return Meter(tally.proven, tally.all - tally.not_applicable)


def fresh_meter(tally: Counts) -> Meter:
    """Proven of all that ever was: proven and out of date."""
    return Meter(tally.proven, tally.proven + tally.stale)

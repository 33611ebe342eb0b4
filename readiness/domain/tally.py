"""What a review's items add up to: parents, counts, meters, verdict. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from readiness.domain.state import (
    SETTLED,
    DerivedState,
    ItemFacts,
    ItemState,
    item_state,
)

WORST_FIRST = tuple(ItemState)


def derive(items: Sequence[ItemFacts], at: datetime) -> dict[str, DerivedState]:
    """{key: DerivedState} with parents at the worst of their own and their blocking
    children; `items` in any order, cost linear in their number."""
    own = {facts.key: item_state(facts, at) for facts in items}
    children: dict[str, list[ItemFacts]] = {}
    for facts in items:
        if facts.parent is not None:
            children.setdefault(facts.parent, []).append(facts)
    derived: dict[str, DerivedState] = {}
    for facts in _children_first(items, children):
        derived[facts.key] = _worst(
            own[facts.key],
            [
                (child.key, derived[child.key])
                for child in children.get(facts.key, ())
                if child.blocking == "blocking" and child.inside
            ],
        )
    return {facts.key: derived[facts.key] for facts in items}


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


def _worst(
    own: DerivedState, children: Sequence[tuple[str, DerivedState]]
) -> DerivedState:
    worst = own
    for key, child in children:
        if _rank(child.state) < _rank(worst.state):
            reason = f"Held back by {key}."
            worst = DerivedState(child.state, reason, own.own, held_by=key)
    return worst


def _rank(state: ItemState) -> int:
    """0 is worst; what lies outside readiness ranks behind everything inside."""
    return WORST_FIRST.index(state)


@dataclass(frozen=True)
class StateCounts:
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
        return asdict(self)


def counts(
    items: Iterable[ItemFacts], derived: Mapping[str, DerivedState]
) -> StateCounts:
    tally: dict[str, int] = {}
    for facts in items:
        if facts.inside:
            state = derived[facts.key].state
            tally[state] = tally.get(state, 0) + 1
    return StateCounts(**tally)


@dataclass(frozen=True)
class Meter:
    """`value` of `of`; nothing to measure: `of` is 0 and people see a dash."""

    value: int
    of: int


@dataclass(frozen=True)
class ReviewVerdict:
    """`blockers` are the blocking items that are not settled by themselves, in
    document order: a parent held back only by its child is not counted twice."""

    ready: bool
    blockers: Sequence[str] = field(default_factory=tuple)


def verdict(
    items: Sequence[ItemFacts],
    derived: Mapping[str, DerivedState],
    *,
    whole: bool = True,
) -> ReviewVerdict:
    """`whole`: the log tells all of what is held here; else nothing is ready."""
    blockers = tuple(
        facts.key
        for facts in items
        if facts.inside
        and facts.blocking == "blocking"
        and derived[facts.key].own not in SETTLED
    )
    return ReviewVerdict(ready=whole and not blockers, blockers=blockers)


def proven_meter(tally: StateCounts) -> Meter:
    """Proven of all inside readiness, without what does not apply."""
    return Meter(tally.proven, tally.all - tally.not_applicable)


def fresh_meter(tally: StateCounts) -> Meter:
    """Proven of all that ever was: proven and out of date."""
    return Meter(tally.proven, tally.proven + tally.stale)

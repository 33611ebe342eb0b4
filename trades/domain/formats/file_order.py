"""The order of a file's rows: newest first or oldest first, which of two moments a
local time means, and the place of each fact among all of its file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import TypeAlias

from trades.domain.facts import NewFill, NewTransfer
from trades.domain.formats.parsed import ParsedFile
from trades.domain.formats.times import FileTimes


@dataclass(slots=True)
class RowTime:
    """When a row happened: `group` is its symbol ("" for cash, which follows the
    others), `second` the later of two moments that its local time names."""

    group: Hashable
    at: datetime
    line: int = 0
    second: datetime | None = None


def places(moments: Sequence[RowTime]) -> list[int]:
    """The place of each row among those of its time: as the file lists them, or the
    other way round where it lists them newest first.

    That is decided for each group by its own times, and only where they never rise
    and fall at least once; a group whose own times decide nothing, and cash, follow
    the others where all that decide agree.
    """
    verdicts = {
        group: _newest_first(rows)
        for group, rows in _grouped(moments).items()
        if group != ""
    }
    decided = {verdict for verdict in verdicts.values() if verdict is not None}
    others = decided == {True}
    last = len(moments) - 1
    return [
        last - index if _or(verdicts.get(moment.group), others) else index
        for index, moment in enumerate(moments)
    ]


def _or(verdict: bool | None, others: bool) -> bool:
    return others if verdict is None else verdict


def _grouped(moments: Sequence[RowTime]) -> Mapping[Hashable, list[RowTime]]:
    groups: dict[Hashable, list[RowTime]] = defaultdict(list)
    for moment in moments:
        groups[moment.group].append(moment)
    return groups


def _newest_first(rows: Sequence[RowTime]) -> bool | None:
    """None where the times are all equal, or rise and fall. Doubled ones say nothing:
    which moment they mean is decided by this."""
    sure = [row.at for row in rows if row.second is None]
    rises = any(a < b for a, b in pairwise(sure))
    falls = any(a > b for a, b in pairwise(sure))
    return None if rises == falls else falls


def settle(moments: Sequence[RowTime], order: Sequence[int]) -> Iterator[RowTime]:
    """Give each doubled local time the moment that keeps its group's order; yields
    those where both do (they take the first)."""
    for rows in _grouped(moments).values():
        if all(row.second is None for row in rows):
            continue
        ranks = {id(row): place for row, place in zip(moments, order, strict=True)}
        rows.sort(key=lambda row: ranks[id(row)])
        latest = _latest(rows)
        before: datetime | None = None
        for row, most in zip(rows, latest, strict=True):
            if row.second is not None:
                if before is not None and row.at < before <= row.second:
                    row.at = row.second
                elif most != row.at:
                    yield row
            before = row.at if before is None else max(before, row.at)


def _latest(rows: Sequence[RowTime]) -> list[datetime]:
    """For each row the latest of its moments that leaves room for those behind it."""
    latest: list[datetime] = []
    behind: datetime | None = None
    for row in reversed(rows):
        most = row.second or row.at
        if behind is not None and most > behind:
            most = row.at
        latest.append(most)
        behind = most if behind is None else min(behind, most)
    latest.reverse()
    return latest


Fact: TypeAlias = NewFill | NewTransfer


def arrange(parsed: ParsedFile, times: FileTimes) -> None:
    """Put fills and transfers in order of time and number them together. Until then
    their `sequence` is where the file has them."""
    facts: list[Fact] = sorted(
        [*parsed.fills, *parsed.transfers], key=lambda fact: fact.sequence
    )
    if not times.seconds and _rises(facts):
        order: Sequence[int] = range(len(facts))
    else:
        order = _order(facts, parsed, times)
    parsed.fills, parsed.transfers = [], []
    for sequence, index in enumerate(order):
        fact = facts[index]
        if fact.sequence != sequence:
            fact = replace(fact, sequence=sequence)
        if isinstance(fact, NewFill):
            parsed.fills.append(fact)
        else:
            parsed.transfers.append(fact)
    parsed.notes += times.said


def _rises(facts: Sequence[Fact]) -> bool:
    """Whether no fact is earlier than the one before it: then there is nothing to
    decide, of any symbol."""
    return all(fact_time(a) <= fact_time(b) for a, b in pairwise(facts))


def _order(facts: list[Fact], parsed: ParsedFile, times: FileTimes) -> list[int]:
    """Which fact comes first, second, …; doubled local times are settled."""
    moments = [
        RowTime(
            fact.symbol if isinstance(fact, NewFill) else "",
            fact_time(fact),
            fact.line,
            times.seconds.get(fact.line),
        )
        for fact in facts
    ]
    placed = places(moments)
    if times.seconds:
        parsed.notes += [
            f"line {row.line}: this local time exists twice (the clocks were set "
            "back); the first was taken"
            for row in settle(moments, placed)
        ]
        facts[:] = [
            _moved(fact, row.at) for fact, row in zip(facts, moments, strict=True)
        ]
    return sorted(
        range(len(facts)), key=lambda index: (moments[index].at, placed[index], index)
    )


def fact_time(fact: Fact) -> datetime:
    return fact.executed_at if isinstance(fact, NewFill) else fact.at


def _moved(fact: Fact, at: datetime) -> Fact:
    if fact_time(fact) == at:
        return fact
    if isinstance(fact, NewFill):
        return replace(fact, executed_at=at)
    return replace(fact, at=at)

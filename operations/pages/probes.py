"""Probes as the operations page lists them: those that differ in a param are one line."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from operations.domain.board import ProbeState, worst_day
from operations.pages.strips import DayStrip, day_strip
from operations.queries.probes import RANKS, ProbeLine

SHOWN = {
    "all": frozenset(ProbeState),
    "failing": frozenset({ProbeState.FAILING}),
    "no-data": frozenset({ProbeState.NO_DATA, ProbeState.NEVER}),
    "not-set": frozenset({ProbeState.NO_DATA}),
    "out-of-date": frozenset(ProbeState),
}
FILTERS = {
    "all": "All",
    "failing": "Failing",
    "no-data": "No data",
    "not-set": "Not set",
    "out-of-date": "Out of date",
}
ALWAYS = frozenset({"all", "failing"})  # also while none is in it
WORDS = {
    ProbeState.FAILING: "failing",
    ProbeState.PASSING: "passing",
    ProbeState.MEASURED: "measured",
    ProbeState.NEVER: "never ran",
    ProbeState.NO_DATA: "no data",
}
NOT_SET = "not set"


@dataclass(frozen=True, kw_only=True)
class ShownProbe:
    """A line in words."""

    line: ProbeLine

    @property
    def state(self) -> str:
        """ "Passing", or "Not set" where a setting of its own is what is missing."""
        state = NOT_SET if self.line.not_set else WORDS[self.line.state]
        return state.capitalize()


@dataclass(frozen=True, kw_only=True)
class ProbeGroup:
    """The lines of one probe, the worst first; `day` shows the worst of all of them."""

    name: str
    title: str
    lines: list[ShownProbe]
    day: DayStrip

    @property
    def first(self) -> ShownProbe:
        return self.lines[0]

    @property
    def counts(self) -> str:
        """ "2 failing, 5 passing"."""
        states = [shown.state.lower() for shown in self.lines]
        return ", ".join(f"{states.count(s)} {s}" for s in dict.fromkeys(states))


def shown_probes(given: str) -> str:
    """Which probes the operations page lists: one of SHOWN, all when in doubt."""
    return given if given in SHOWN else "all"


def chosen(lines: list[ProbeLine], shown: str) -> list[ProbeLine]:
    """Those of a filter; what is not set has one of its own."""
    if shown == "all":
        return lines
    if shown == "out-of-date":
        return [line for line in lines if line.overdue]
    return [
        line
        for line in lines
        if line.state in SHOWN[shown] and line.not_set == (shown == "not-set")
    ]


def groups(lines: list[ProbeLine]) -> list[ProbeGroup]:
    """One a probe, in the order of the worst line of each."""
    made = [
        ProbeGroup(
            name=name,
            title=members[0].title,
            lines=[ShownProbe(line=line) for line in members],
            day=day_strip(worst_day([line.day for line in members])),
        )
        for name, members in (
            (name, list(each))
            for name, each in groupby(
                sorted(lines, key=lambda line: (line.name, line.place)),
                key=lambda line: line.name,
            )
        )
    ]
    return sorted(made, key=_place)


def _place(group: ProbeGroup) -> tuple[int, bool, str]:
    line = group.first.line
    return RANKS.get(line.state, 1), line.not_set, group.title

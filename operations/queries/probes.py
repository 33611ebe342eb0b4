"""Reading how every probe stands in this environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from kernel.registry import PROBES, UNSET, Probe
from operations.domain import board, schedules
from operations.domain.board import ProbeState
from operations.models import ProbeResult
from operations.queries.measurements import Key, newest_by_key

RANKS = {ProbeState.FAILING: 0, ProbeState.NO_DATA: 2, ProbeState.NEVER: 3}


@dataclass(frozen=True, kw_only=True)
class ProbeLine:
    """A probe, asked with these params, and its newest result; `every` is "10m" or
    "on request", `day` the last 24 hours as `domain.board.day_of` writes them."""

    name: str
    title: str
    params: Mapping[str, str]
    state: ProbeState
    result: ProbeResult | None
    every: str
    overdue: bool
    day: str

    @property
    def every_words(self) -> str:
        every = PROBES[self.name].every
        return schedules.spoken(schedules.write(every) if every else "")

    @property
    def failing(self) -> bool:
        return self.state is ProbeState.FAILING

    @property
    def said(self) -> str:
        """What it says of itself in one sentence: the first fault, and how many more."""
        if self.result is None:
            return "never ran"
        told = self.result.error or self.result.detail
        first, _, rest = told.partition("; ")
        if self.result.unit != "faults" or not rest or self.result.error:
            return told
        return f"{first}; {int(self.result.value or 0) - 1:,} more"

    @property
    def not_set(self) -> bool:
        """Whether a setting of the probe's own is what it has no data for."""
        return self.result is not None and bool(self.result.facts.get(UNSET))

    @property
    def place(self) -> tuple[int, str, str]:
        """Failing ones first, those without data last, then by name and params."""
        digest = self.result.params_digest if self.result else ""
        return RANKS.get(self.state, 1), self.name, digest


def probe_board(at: datetime) -> list[ProbeLine]:
    """Every probe in the order of its place: two queries.

    A probe that was asked with several params has a line for each.
    """
    ours = ProbeResult.objects.filter(environment=settings.RRR_ENV)
    days = _last_day(at)
    lines = [
        _line(result.name, result, days.get(key, board.QUIET_DAY), at)
        for key, result in newest_by_key(ours).items()
        if result.name in PROBES
    ]
    measured = {line.name for line in lines}
    lines += [
        _line(name, None, board.QUIET_DAY, at)
        for name in PROBES
        if name not in measured
    ]
    return sorted(lines, key=lambda line: line.place)


def _last_day(at: datetime) -> dict[Key, str]:
    """{(name, params digest): its day}, one narrow query."""
    start = at - board.DAY
    rows = ProbeResult.objects.filter(
        environment=settings.RRR_ENV, observed_at__gt=start, observed_at__lte=at
    ).values_list("name", "params_digest", "observed_at", "value", "unit")
    results: dict[Key, list[tuple[datetime, str | None, str]]] = {}
    for name, digest, observed, value, unit in rows:
        results.setdefault((name, digest), []).append((observed, value, unit))
    return {key: board.day_of(measured, start) for key, measured in results.items()}


def _line(name: str, result: ProbeResult | None, day: str, at: datetime) -> ProbeLine:
    probe = PROBES[name]
    every = schedules.write(probe.every) if probe.every else "on request"
    return ProbeLine(
        name=name,
        title=probe.title,
        params=result.params if result else {},
        state=(
            board.probe_state(result.value, result.unit) if result else ProbeState.NEVER
        ),
        result=result,
        every=every.removeprefix("every "),
        overdue=result is not None and _is_late(probe, result, at),
        day=day,
    )


def _is_late(probe: Probe, result: ProbeResult, at: datetime) -> bool:
    """What somebody asked with params comes by no schedule."""
    if probe.every is None or result.params:
        return False
    return result.observed_at < at - 2 * probe.every

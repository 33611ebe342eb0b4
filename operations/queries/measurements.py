"""Reading what probes saw."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import rfc8785
from django.conf import settings
from django.db.models import Max, Q, QuerySet

from kernel.registry import PROBES
from operations.domain import schedules
from operations.models import ProbeResult

Wanted = tuple[str, Mapping[str, str]]


def params_digest(params: Mapping[str, str]) -> str:
    """SHA-256 (hex) of the canonical JSON of the params; {} has one too."""
    return hashlib.sha256(rfc8785.dumps(dict(params))).hexdigest()


def latest_results(
    wanted: Iterable[Wanted], commit: str, environment: str
) -> dict[tuple[str, str], ProbeResult]:
    """{(name, params digest): newest result} about exactly this commit, one query.

    Results about a tree that differed from its commit never count. Those about a
    running product count for its own environment, those about files for all.
    """
    keys = {(name, params_digest(params)) for name, params in wanted}
    if not keys:
        return {}
    rows = ProbeResult.objects.filter(commit=commit, tree_clean=True).filter(
        Q(environment=environment) | Q(about="files")
    )
    rows = rows.filter(
        name__in={name for name, _ in keys},
        params_digest__in={digest for _, digest in keys},
    )
    found = (((row.name, row.params_digest), row) for row in _newest(rows).defer("raw"))
    return _first_of_each((key, row) for key, row in found if key in keys)


def latest_result(
    name: str, params: Mapping[str, str], commit: str, environment: str
) -> ProbeResult | None:
    """The newest result for this probe, commit and environment; see latest_results."""
    found = latest_results([(name, params)], commit, environment)
    return found.get((name, params_digest(params)))


def _newest(rows: QuerySet[ProbeResult]) -> QuerySet[ProbeResult]:
    """The newest of each (name, params, commit, environment), newest first."""
    keys = ("name", "params_digest", "commit", "environment", "about")
    newest = rows.order_by().values(*keys).annotate(last=Max("pk")).values("last")
    return ProbeResult.objects.filter(pk__in=newest).order_by("-observed_at", "-pk")


def _first_of_each(
    pairs: Iterable[tuple[tuple[str, str], ProbeResult]],
) -> dict[tuple[str, str], ProbeResult]:
    found: dict[tuple[str, str], ProbeResult] = {}
    for key, row in pairs:
        found.setdefault(key, row)
    return found


HALF_HOURS = 48
NOTHING_SEEN = "." * HALF_HOURS


@dataclass(frozen=True)
class ProbeLine:
    """One probe as the operations page shows it: `state` is failing (a yes/no probe
    counted faults), no_data (it could not measure, which is no pass), passing,
    measured (a figure that only its reader can judge) or never (ran). `day` is the
    last 24 hours, a letter each half hour, oldest first: "o" measured without a
    fault, "c" with one, "w" could not measure, "." nothing."""

    name: str
    title: str
    params: Mapping[str, str]
    state: str
    result: ProbeResult | None
    every: str
    overdue: bool
    day: str = NOTHING_SEEN


def probe_board(at: datetime) -> list[ProbeLine]:
    """Every probe with its newest result in this environment, failing first.

    A probe that was asked with several params has a line for each.
    """
    rows = ProbeResult.objects.filter(environment=settings.RRR_ENV)
    newest = _first_of_each(
        ((row.name, row.params_digest), row) for row in _newest(rows).defer("raw")
    )
    days = _last_day(at)
    lines = [
        _line(row.name, row, at, days.get(key, NOTHING_SEEN))
        for key, row in newest.items()
        if row.name in PROBES
    ]
    seen = {line.name for line in lines}
    lines += [_line(name, None, at) for name in PROBES if name not in seen]
    order = {"failing": 0, "no_data": 2, "never": 3}
    return sorted(lines, key=lambda line: (order.get(line.state, 1), line.name))


def _last_day(at: datetime) -> dict[tuple[str, str], str]:
    """{(name, params digest): the worst of each half hour}, one narrow query."""
    start = at - timedelta(hours=24)
    seen = ProbeResult.objects.filter(
        environment=settings.RRR_ENV, observed_at__gt=start, observed_at__lte=at
    ).values_list("name", "params_digest", "observed_at", "value", "unit")
    days: dict[tuple[str, str], list[str]] = {}
    for name, digest, observed, value, unit in seen:
        slots = days.setdefault((name, digest), list(NOTHING_SEEN))
        slot = min(int((observed - start) / timedelta(minutes=30)), HALF_HOURS - 1)
        slots[slot] = max(slots[slot], _letter(value, unit), key=".owc".index)
    return {key: "".join(slots) for key, slots in days.items()}


def _letter(value: str | None, unit: str) -> str:
    if value is None:
        return "w"
    return "c" if unit == "faults" and value != "0" else "o"


def _line(
    name: str, result: ProbeResult | None, at: datetime, day: str = NOTHING_SEEN
) -> ProbeLine:
    probe = PROBES[name]
    every = schedules.write(probe.every) if probe.every else "on request"
    late = probe.every or timedelta.max
    overdue = result is not None and (
        probe.every is not None and result.observed_at < at - 2 * late
    )
    return ProbeLine(
        name=name,
        title=probe.title,
        params=result.params if result else {},
        state=_state(result),
        result=result,
        every=every.removeprefix("every "),
        overdue=overdue,
        day=day,
    )


def _state(result: ProbeResult | None) -> str:
    if result is None:
        return "never"
    if result.value is None:
        return "no_data"
    if result.unit == "faults":
        return "passing" if result.value == "0" else "failing"
    return "measured"

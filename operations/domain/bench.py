"""What `python -m benchmarks.quick` writes down: each answer's time, and a load. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# What people and programs ask most; a percentile is that of the slowest of them.
ASKED = (
    "GET /api/me",
    "GET /api/trades?limit=50",
    "GET /api/portfolio",
    "GET /api/portfolio/positions",
    "GET /api/performance",
    "POST /api/trades",
)
LEAST_SAMPLES, LEAST_OF_EACH = 1_000, 100
LEAST_SECONDS = 8.0
LEAST_PEOPLE = 10


class NoBench(ValueError):
    """These bytes are no such report, or one of too little; the text says why."""


@dataclass(frozen=True)
class Load:
    """A sustained load: answers of each status within `seconds`, for so many people."""

    seconds: float
    statuses: Mapping[str, int]
    people: int

    @property
    def errors(self) -> int:
        return sum(
            times for status, times in self.statuses.items() if status[:1] != "2"
        )

    @property
    def rate(self) -> float:
        """Good answers a second; 0 where there was an error."""
        good = sum(self.statuses.values()) - self.errors
        return 0.0 if self.errors else good / self.seconds


@dataclass(frozen=True)
class Bench:
    """`samples` in milliseconds by what was asked, and how many were no 2xx."""

    samples: Mapping[str, Sequence[float]]
    errors: int
    load: Load

    @property
    def count(self) -> int:
        return sum(len(times) for times in self.samples.values())

    def slowest(self, percentile: int) -> tuple[str, float]:
        """What was answered slowest by this percentile, and in how many ms."""
        by_name = {
            name: of_percentile(times, percentile)
            for name, times in self.samples.items()
        }
        name = max(by_name, key=lambda each: by_name[each])
        return name, by_name[name]


def of_percentile(samples: Sequence[float], percentile: int) -> float:
    """The nearest rank: that many per cent are not slower."""
    ordered = sorted(samples)
    rank = math.ceil(len(ordered) * percentile / 100)
    return ordered[max(0, rank - 1)]


def read_bench(content: bytes) -> Bench:
    """Raises NoBench, also for a report that leaves out what should be asked."""
    try:
        told = json.loads(content)
        bench = Bench(
            {str(name): _times(times) for name, times in told["samples"].items()},
            int(told["errors"]),
            _load(told["load"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoBench(f"it is no report of a benchmark: {error}") from None
    for name in ASKED:
        if len(bench.samples.get(name, ())) < LEAST_OF_EACH:
            raise NoBench(f"it asked {name} fewer than {LEAST_OF_EACH} times")
    if bench.count < LEAST_SAMPLES:
        raise NoBench(f"it has fewer than {LEAST_SAMPLES:,} samples")
    return bench


def _times(told: Any) -> list[float]:
    times = [float(time) for time in told]
    if not all(0 < time < math.inf for time in times):
        raise ValueError("a time is no time")
    return times


def _load(told: Any) -> Load:
    statuses = {str(status): int(times) for status, times in told["statuses"].items()}
    load = Load(float(told["seconds"]), statuses, int(told["people"]))
    if load.seconds <= 0 or min(statuses.values(), default=0) < 0:
        raise ValueError("a load is no load")
    return load

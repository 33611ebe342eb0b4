"""A benchmark beside the days of a book: closes, and returns in pairs."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from portfolio.domain.reasons import Reason
from portfolio.domain.returns import ONE, Day

SATURDAY = 5
WEEKDAYS = 252


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """The last price of each day that has one, in order of time and all in one unit,
    beginning with the newest before the range. Without any, `reason` says why."""

    symbol: str = ""
    currency: str = ""
    days: Sequence[date] = ()
    prices: Sequence[Decimal] = ()
    reason: Reason | None = None

    def before(self, first: date) -> int:
        """How many of the days come before this one."""
        return bisect_left(self.days, first)

    def until(self, last: date) -> int:
        """How many of the days do not come after this one."""
        return bisect_right(self.days, last)


NO_BENCHMARK = Benchmark(reason=Reason.NO_BENCHMARK)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedReturn:
    """What the book and the benchmark returned since the pair before."""

    day: date
    own: Decimal
    other: Decimal


def paired(
    days: Sequence[Day], first: date, benchmark: Benchmark
) -> list[PairedReturn]:
    """The book's returns, compounded over days that the benchmark lacks, beside the
    benchmark's; `first` is the range's first day, which a folded weekend hides. Empty
    days alone are no pair, and none follows a day without capital."""
    pairs: list[PairedReturn] = []
    used = benchmark.before(first) - 1  # the close that the next return begins from
    grown, observed = ONE, False
    for day in days:
        if day.observed and day.r is None:
            break
        grown *= ONE + (day.r or 0)
        observed = observed or day.observed
        newest = benchmark.until(day.day) - 1
        if newest <= used:
            continue
        if used >= 0 and observed:
            other = benchmark.prices[newest] / benchmark.prices[used] - ONE
            pairs.append(PairedReturn(day=day.day, own=grown - ONE, other=other))
        used, grown, observed = newest, ONE, False
    return pairs


def periods_per_year(pairs: Sequence[PairedReturn], ppy: int) -> int:
    """The book's, or 252 where the benchmark never has a weekend."""
    weekends = any(pair.day.weekday() >= SATURDAY for pair in pairs)
    return ppy if weekends else WEEKDAYS


def growth(
    days: Sequence[Day], first: date, benchmark: Benchmark
) -> list[Decimal | None]:
    """What the benchmark returned by the end of each day since the range's start (or
    since its own first price); None before that."""
    start = max(0, benchmark.before(first) - 1)
    result: list[Decimal | None] = []
    for day in days:
        newest = benchmark.until(day.day) - 1
        known = newest >= start
        result.append(
            benchmark.prices[newest] / benchmark.prices[start] - ONE if known else None
        )
    return result

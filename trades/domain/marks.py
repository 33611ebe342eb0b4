"""What one unit was worth at a time, in the eyes of one book.

The mark is the newest by time of {price, own fill above 0}, divided by the splits
since. At one time an own price stands before a desk price before a fill, then what
was recorded later.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from trades.domain.rates import LAST_FILL, Mark, Rate, exchange_rate


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRatio:
    """`ratio` new units for one old, from `at` on: before anything else of that
    instant."""

    symbol: str
    at: datetime
    ratio: Fraction


class Splits:
    """The splits that count for one book, by symbol."""

    def __init__(self, ratios: Iterable[SplitRatio] = ()) -> None:
        self._by_symbol: dict[str, list[SplitRatio]] = defaultdict(list)
        for split in sorted(ratios, key=lambda split: split.at):
            self._by_symbol[split.symbol].append(split)

    @property
    def symbols(self) -> set[str]:
        """Those that were ever split."""
        return set(self._by_symbol)

    def of(self, symbol: str) -> Sequence[SplitRatio]:
        """In order of time."""
        return self._by_symbol.get(symbol, ())

    def factor(self, symbol: str, after: datetime, until: datetime) -> Fraction:
        """How many units one of `after` has become by `until`."""
        factor = Fraction(1)
        for split in self.of(symbol):
            if after < split.at <= until:
                factor *= split.ratio
        return factor

    def adjusted(self, mark: Mark, symbol: str, when: datetime) -> Mark:
        """A mark as it was quoted, for one unit of `when` (which may be before it)."""
        if when < mark.at:
            factor = 1 / self.factor(symbol, when, mark.at)
        else:
            factor = self.factor(symbol, mark.at, when)
        if factor == 1:
            return mark
        return replace(mark, price=mark.price * factor.denominator / factor.numerator)


class Series:
    """What was quoted of one symbol; of two at one time the later given counts."""

    def __init__(self, marks: Iterable[Mark]) -> None:
        self._marks = sorted(marks, key=lambda mark: mark.at)
        self._times = [mark.at for mark in self._marks]

    def at(self, when: datetime) -> Mark | None:
        """The newest not after a time."""
        index = bisect_right(self._times, when)
        return self._marks[index - 1] if index else None

    def after(self, when: datetime) -> Mark | None:
        """The first after a time."""
        index = bisect_right(self._times, when)
        if index == len(self._times):
            return None
        return self._marks[bisect_right(self._times, self._times[index]) - 1]


class Marks:
    """The marks of many symbols through time, as one book sees them.

    `quoted` holds of each symbol its prices and the book's own fills; what stands
    before another of its time is given after it. `base` is the book's currency.
    """

    def __init__(
        self,
        quoted: Mapping[str, Iterable[Mark]],
        splits: Splits | None = None,
        base: str = "",
    ) -> None:
        self._series = {symbol: Series(marks) for symbol, marks in quoted.items()}
        self._splits = splits or Splits()
        self._base = base

    def mark(self, symbol: str, when: datetime) -> Mark | None:
        """The newest not after `when`, in units of `when`; None: nobody priced it."""
        series = self._series.get(symbol)
        mark = series.at(when) if series else None
        return mark and self._splits.adjusted(mark, symbol, when)

    def first_after(self, symbol: str, when: datetime) -> Mark | None:
        """The first after `when`, in units of `when`."""
        series = self._series.get(symbol)
        mark = series.after(when) if series else None
        return mark and self._splits.adjusted(mark, symbol, when)

    def at(self, symbol: str, when: datetime) -> Decimal | None:
        mark = self.mark(symbol, when)
        return mark.price if mark else None

    def exchange(self, source: str, target: str, when: datetime) -> Rate | None:
        """See `exchange_rate`."""
        return exchange_rate(
            source, target, lambda symbol: self.mark(symbol, when), self._base
        )

    def rate(self, source: str, target: str, when: datetime) -> Decimal | None:
        if source == target:
            return Decimal(1)
        rate = self.exchange(source, target, when)
        return rate.value if rate else None


def fill_mark(at: datetime, price: Decimal, fill_id: int | None = None) -> Mark:
    """An own fill as a mark."""
    return Mark(price=price, at=at, source=LAST_FILL, label=LAST_FILL, fill_id=fill_id)

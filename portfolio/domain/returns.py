"""Daily returns of a book: bins, time-weighted linking, drawdowns, months.

Inflows count at the start of their day, outflows at its end, so
r = (V_end + out) / (V_start + in) − 1. Exact Decimals; `statistics` makes floats.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from kernel.numbers import ZERO

ONE = Decimal(1)
ONE_DAY = timedelta(days=1)
WEEKDAYS = 252


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of one book (or of several, added up), in one currency.

    `base` = V_start + in, the capital that worked; `pnl` what it brought. For a
    strategy or symbol `pnl` is the slice's and `base` the whole book's. `between` is the
    part of inflow less outflow whose other side is an own book, by movement.
    """

    day: date
    equity: Decimal
    inflow: Decimal
    outflow: Decimal
    base: Decimal
    pnl: Decimal
    between: Mapping[int, Decimal] = field(default_factory=dict)

    def earning(self, pnl: Decimal) -> Day:
        """The same day with the P&L of a part. (`replace` takes thrice as long, and
        parts have thousands of days.)"""
        return Day(
            day=self.day,
            equity=self.equity,
            inflow=self.inflow,
            outflow=self.outflow,
            base=self.base,
            pnl=pnl,
            between=self.between,
        )

    @property
    def observed(self) -> bool:
        """Whether the day says anything: an empty account that wins and loses
        nothing does not."""
        return bool(self.base or self.pnl)

    @property
    def r(self) -> Decimal | None:
        """The day's return; None (equity_non_positive) for an observed day whose
        capital is not positive, and for a day that is no observation."""
        return self.pnl / self.base if self.base > 0 else None


def day_of(at: datetime, zone: str) -> date:
    """The reporting day that a moment belongs to."""
    return at.astimezone(ZoneInfo(zone)).date()


def day_end(day: date, zone: str) -> datetime:
    """The last moment of a reporting day (a microsecond before the next)."""
    midnight = datetime.combine(day + ONE_DAY, time(), ZoneInfo(zone))
    return midnight - timedelta(microseconds=1)


def days_between(first: date, last: date) -> list[date]:
    return [first + ONE_DAY * n for n in range((last - first).days + 1)]


def fold_weekends(days: Sequence[Day]) -> list[Day]:
    """Monday to Friday: what happened on a weekend is added to its Monday.

    A weekend at the very end stands for the Monday that is still to come.
    """
    result: list[Day] = []
    waiting: list[Day] = []
    for day in days:
        waiting.append(day)
        if day.day.weekday() < 5:
            result.append(joined(waiting))
            waiting = []
    if waiting:
        result.append(joined(waiting))
    return result


def joined(days: Sequence[Day]) -> Day:
    """Several following days as one: capital = first base + later inflows."""
    last = days[-1]
    inflow = sum((day.inflow for day in days), ZERO)
    return replace(
        last,
        inflow=inflow,
        outflow=sum((day.outflow for day in days), ZERO),
        base=days[0].base + inflow - days[0].inflow,
        pnl=sum((day.pnl for day in days), ZERO),
    )


def added(books: Iterable[Sequence[Day]]) -> list[Day]:
    """Several books day by day; a book that has not begun yet counts as 0, one
    whose curve ended keeps nothing.

    What moved between two of them is neither flow nor gain. Where it left on another
    day than it came (their zones differ, or one priced coins later), all of them
    together own it meanwhile, once.
    """
    by_day: dict[date, list[Day]] = defaultdict(list)
    seen_in: Counter[int] = Counter()
    to_come: Counter[int] = Counter()
    for days in books:
        for day in days:
            by_day[day.day].append(day)
        told = [movement for day in days for movement in day.between]
        seen_in.update(set(told))
        to_come.update(told)
    for movement in to_come.keys() - {pk for pk, count in seen_in.items() if count > 1}:
        del to_come[movement]
    on_its_way: dict[int, Decimal] = {}
    result: list[Day] = []
    for _, parts in sorted(by_day.items()):
        before = sum(on_its_way.values(), ZERO)
        moved = _moved(parts, to_come, on_its_way)
        after = sum(on_its_way.values(), ZERO)
        result.append(_sum(parts, moved, before, after))
    return result


def _moved(
    parts: Iterable[Day], to_come: Counter[int], on_its_way: dict[int, Decimal]
) -> list[Decimal]:
    """The worth of what moved between these books on that day. What a movement did to one
    of them they own together `on_its_way`, the other way round, while more of it is
    `to_come`."""
    moved: list[Decimal] = []
    for part in parts:
        for movement, worth in part.between.items():
            if movement not in to_come:
                continue
            moved.append(worth)
            on_its_way[movement] = on_its_way.get(movement, ZERO) - worth
            to_come[movement] -= 1
            if not to_come[movement]:
                del on_its_way[movement]
    return moved


def _sum(
    parts: Sequence[Day], moved: Sequence[Decimal], before: Decimal, after: Decimal
) -> Day:
    """One day of all: `before` and `after` were on their way as it began and ended."""
    came = sum((worth for worth in moved if worth > 0), ZERO)
    went = came - sum(moved, ZERO)
    return Day(
        day=parts[0].day,
        equity=sum((part.equity for part in parts), after),
        inflow=sum((part.inflow for part in parts), ZERO) - came,
        outflow=sum((part.outflow for part in parts), ZERO) - went,
        base=sum((part.base for part in parts), before) - came,
        pnl=sum((part.pnl for part in parts), after - before) + came - went,
    )


def index(days: Sequence[Day]) -> list[Decimal]:
    """The TWR index at each day's end, starting from 1 before the first.

    An empty day links as factor 1. From the first observed day without capital on
    the index moves by P&L x index/base of the last day that had some, so that it may
    fall below 0.
    """
    level = ONE
    scale: Decimal | None = None
    broken = False
    result: list[Decimal] = []
    for day in days:
        if not day.observed:
            result.append(level)
            continue
        broken = broken or day.r is None
        if not broken:
            scale = level / day.base
        level += day.pnl * scale if scale is not None else ZERO
        result.append(level)
    return result


def observations(days: Sequence[Day]) -> list[Day]:
    """The days that say something: empty ones between them are no return of 0."""
    return [day for day in days if day.observed]


def returns(days: Sequence[Day]) -> list[Decimal]:
    """The returns of the observed days before the first without capital."""
    result: list[Decimal] = []
    for day in observations(days):
        r = day.r
        if r is None:
            break
        result.append(r)
    return result


def without_capital(days: Sequence[Day]) -> int:
    """How many observed days have no return, for the warning beside the numbers."""
    return sum(1 for day in observations(days) if day.r is None)


def drawdown_series(levels: Sequence[Decimal]) -> list[Decimal]:
    """How far below the highest level so far (the start, 1, included): ≤ 0."""
    peak = ONE
    result: list[Decimal] = []
    for level in levels:
        peak = max(peak, level)
        result.append(level / peak - ONE)
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawdown:
    """From a peak down and back. `peak` is None when it is the start itself,
    `recovered` None while it lasts; `money` is the P&L from peak to trough."""

    peak: date | None
    trough: date
    recovered: date | None
    depth: Decimal
    money: Decimal
    days: int


@dataclass
class _Spell:
    """While walking: the peak that was last reached and the deepest point since."""

    high: Decimal
    high_at: date | None
    began: date
    money: Decimal = ZERO
    depth: Decimal = ZERO
    trough: date | None = None
    trough_money: Decimal = ZERO

    def ended(self, day: date, recovered: date | None) -> Drawdown | None:
        """None when it was never below its peak."""
        if self.trough is None:
            return None
        return Drawdown(
            peak=self.high_at,
            trough=self.trough,
            recovered=recovered,
            depth=self.depth,
            money=self.trough_money,
            days=(day - self.began).days,
        )


def drawdowns(days: Sequence[Day]) -> list[Drawdown]:
    """Every spell below a peak, in order of time."""
    if not days:
        return []
    ended: list[Drawdown | None] = []
    spell = _Spell(high=ONE, high_at=None, began=days[0].day - ONE_DAY)
    for day, level in zip(days, index(days), strict=True):
        spell.money += day.pnl
        if level >= spell.high:
            ended.append(spell.ended(day.day, recovered=day.day))
            spell = _Spell(high=level, high_at=day.day, began=day.day)
        elif (below := level / spell.high - ONE) < spell.depth:
            spell.depth, spell.trough = below, day.day
            spell.trough_money = spell.money
    ended.append(spell.ended(days[-1].day, recovered=None))
    return [drawdown for drawdown in ended if drawdown is not None]


def deepest_first(days: Sequence[Day]) -> list[Drawdown]:
    return sorted(drawdowns(days), key=lambda drawdown: drawdown.depth)


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month's (or, with month 0, a year's) linked return; None without days."""

    year: int
    month: int
    value: Decimal | None
    pnl: Decimal


def monthly(days: Sequence[Day]) -> list[Month]:
    """The return of each month that has days, oldest first."""
    return _linked(days, lambda day: (day.year, day.month))


def yearly(days: Sequence[Day]) -> list[Month]:
    return _linked(days, lambda day: (day.year, 0))


def _linked(days: Sequence[Day], key: Callable[[date], tuple[int, int]]) -> list[Month]:
    groups: dict[tuple[int, int], list[tuple[Day, Decimal, Decimal]]] = {}
    before = ONE
    for day, level in zip(days, index(days), strict=True):
        groups.setdefault(key(day.day), []).append((day, before, level))
        before = level
    return [
        Month(
            year=year,
            month=month,
            value=rows[-1][2] / rows[0][1] - ONE if rows[0][1] > 0 else None,
            pnl=sum((day.pnl for day, _, _ in rows), ZERO),
        )
        for (year, month), rows in groups.items()
    ]

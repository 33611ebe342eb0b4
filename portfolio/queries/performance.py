"""How well it did: one Performance that page, API and overview share."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import QuerySet

from kernel.numbers import ZERO
from portfolio.domain import metrics, returns
from portfolio.domain.equity import Cut, Marks, walk
from portfolio.domain.metrics import Measured, measure
from portfolio.domain.periods import INTERVALS, MOST_POINTS, Period
from portfolio.domain.returns import Day, day_end
from portfolio.domain.trips import Trip
from portfolio.models import EquityPoint
from portfolio.queries.books import Scope
from portfolio.queries.curves import StoredCurves
from portfolio.queries.history import history
from trades.models import Price, RoundTrip

Slice = tuple[str, str]
SliceFilter = Callable[[str, str], bool]
UNASSIGNED = "unassigned"
NO_FX = "no_fx"


@dataclass(frozen=True)
class Inputs:
    """From what the numbers came: facts by kind and the digest over all of them,
    from the books' beginning to the range's end."""

    fills: int
    transfers: int
    prices: int
    sha256: str

    @property
    def rows(self) -> int:
        return self.fills + self.transfers + self.prices


@dataclass(frozen=True)
class Chosen:
    """What was asked for: a range, and a strategy or symbol or both ("" is all)."""

    period: Period
    strategy: str = ""
    symbol: str = ""

    @property
    def sliced(self) -> bool:
        return bool(self.strategy or self.symbol)

    def holds(self, symbol: str, strategy: str) -> bool:
        return (not self.symbol or symbol == self.symbol) and (
            not self.strategy or (strategy or UNASSIGNED) == self.strategy
        )


@dataclass(frozen=True)
class Performance:
    """The answer of one range. With `reason` no number exists at all."""

    scope: Scope
    chosen: Chosen
    measured: Measured
    inputs: Inputs
    curves: StoredCurves
    reason: str = ""
    unvalued: int = 0
    slices: Mapping[Slice, Sequence[Day]] = field(default_factory=dict)

    @property
    def days(self) -> Sequence[Day]:
        return self.measured.days

    @property
    def recomputing(self) -> bool:
        return self.curves.recomputing

    @property
    def as_of(self) -> datetime | None:
        return self.curves.as_of

    @property
    def warnings(self) -> dict[str, int]:
        found = {
            "equity_non_positive": self.measured.without_capital,
            "no_price": self.unvalued,
            "implied_funding": int(self.curves.funded > 0),
        }
        return {name: count for name, count in found.items() if count}


def performance(
    scope: Scope,
    chosen: Chosen,
    curves: StoredCurves,
    now: datetime,
    *,
    detailed: bool = False,
) -> Performance:
    """Returns, metrics and provenance of a range, in four queries.

    `detailed` also keeps the days of every (symbol, strategy) for the tables.
    """
    points = list(_points(scope))
    rates = _rates(scope, points)
    rows = [one for one in points if one.day <= chosen.period.last]
    inside = [one for one in rows if _within(one.day, chosen.period)]
    inputs = _inputs(rows)
    converted = _books(scope, inside, rates)
    if converted is None:
        empty = Measured([], [], scope.ppy, metrics.unavailable(NO_FX))
        return Performance(scope, chosen, empty, inputs, curves, NO_FX)
    days, slices = converted
    if chosen.sliced:
        days = _sliced(days, slices, chosen.holds)
    days = _from_capital(days)
    if chosen.period.hours is not None:
        days = _hours(scope, chosen, now, chosen.period.hours)
    trips = closed_trips(scope, chosen, now, rates)
    return Performance(
        scope,
        chosen,
        measure(days, trips, scope.ppy),
        inputs,
        curves,
        unvalued=sum(1 for one in inside if one.unvalued),
        slices=_by_key(days, slices) if detailed else {},
    )


def _points(scope: Scope) -> QuerySet[EquityPoint]:
    return EquityPoint.objects.filter(book__in=scope.ids).order_by("day", "book__name")


def _within(day: date, period: Period) -> bool:
    return period.first is None or day >= period.first


def _inputs(points: Iterable[EquityPoint]) -> Inputs:
    seen = hashlib.sha256()
    fills = transfers = prices = 0
    for one in points:
        fills += one.fills
        transfers += one.transfers
        prices += one.prices
        if one.digest:
            seen.update(f"{one.book_id}|{one.day}|{one.digest}\n".encode())
    return Inputs(fills, transfers, prices, seen.hexdigest())


# --- one currency --------------------------------------------------------------


class _Rates:
    """Day-end rates into the answer's currency; 1 without looking where they agree."""

    def __init__(self, scope: Scope, marks: Marks) -> None:
        self._scope = scope
        self._marks = marks

    def on(self, currency: str, day: date) -> Decimal | None:
        if currency == self._scope.currency:
            return Decimal(1)
        end = day_end(day, self._scope.zone)
        return self._marks.rate(currency, self._scope.currency, end)


def _rates(scope: Scope, points: Sequence[EquityPoint]) -> _Rates:
    quotes = RoundTrip.objects.filter(book__in=scope.ids).order_by()
    others = {book.base_currency for book in scope.books} | set(
        quotes.values_list("instrument__quote", flat=True).distinct()
    )
    others.discard(scope.currency)
    series: dict[str, list[tuple[datetime, Decimal]]] = defaultdict(list)
    if others and points:
        target = scope.currency
        names = {f"{a}-{target}" for a in others} | {f"{target}-{a}" for a in others}
        rows = Price.objects.filter(symbol__in=names).values_list(
            "symbol", "at", "price"
        )
        for symbol, at, price in rows:
            series[symbol].append((at, price))
    return _Rates(scope, Marks(series, {}))


def _books(
    scope: Scope, points: Sequence[EquityPoint], rates: _Rates
) -> tuple[list[Day], dict[date, dict[Slice, Decimal]]] | None:
    """All books' days added up in one currency, and P&L by slice; None without a
    rate. The day's own rate applies to its end, flows and P&L; V_start is what the
    day before ended with."""
    currencies = {book.pk: book.base_currency for book in scope.books}
    books: dict[int, list[Day]] = defaultdict(list)
    slices: dict[date, dict[Slice, Decimal]] = defaultdict(dict)
    for one in points:
        rate = rates.on(currencies[one.book_id], one.day)
        if rate is None:
            return None
        books[one.book_id].append(_converted(one, rate, books[one.book_id]))
        for symbol, strategy, pnl in one.slices:
            by_day = slices[one.day]
            worth = Decimal(pnl) * rate
            by_day[symbol, strategy] = by_day.get((symbol, strategy), ZERO) + worth
    return returns.added(books.values()), slices


def _converted(point: EquityPoint, rate: Decimal, before: Sequence[Day]) -> Day:
    if rate == 1:
        return Day(
            point.day, point.equity, point.inflow, point.outflow, point.base, point.pnl
        )
    equity, inflow, outflow = (
        point.equity * rate,
        point.inflow * rate,
        point.outflow * rate,
    )
    start = before[-1].equity if before else (point.base - point.inflow) * rate
    base = start + inflow
    return Day(point.day, equity, inflow, outflow, base, equity + outflow - base)


def _sliced(
    days: Sequence[Day],
    slices: Mapping[date, Mapping[Slice, Decimal]],
    holds: SliceFilter,
) -> list[Day]:
    """The book's days with only the P&L of some slices."""
    return [
        Day(
            one.day,
            one.equity,
            one.inflow,
            one.outflow,
            one.base,
            sum(
                (pnl for key, pnl in slices.get(one.day, {}).items() if holds(*key)),
                ZERO,
            ),
        )
        for one in days
    ]


def _by_key(
    days: Sequence[Day], slices: Mapping[date, Mapping[Slice, Decimal]]
) -> dict[Slice, Sequence[Day]]:
    keys = sorted({key for one in days for key in slices.get(one.day, {})})
    return {
        key: _sliced(days, slices, lambda *found, key=key: found == key) for key in keys
    }


def _from_capital(days: Sequence[Day]) -> list[Day]:
    """Without the days before anything was there."""
    for n, one in enumerate(days):
        if one.base or one.equity or one.pnl:
            return list(days[n:])
    return []


# --- inside a day ----------------------------------------------------------------


def moments(
    scope: Scope, cuts: Sequence[datetime]
) -> list[tuple[datetime, Decimal, Decimal]] | None:
    """Equity and flows of all books at each time, walked from the facts; None when
    the books are kept in different currencies."""
    if scope.mixed:
        return None
    books: list[list[Cut]] = []
    for book in scope.books:
        past = history(book)
        books.append(walk(past.entries, cuts, past.start()))
    return [
        (
            at,
            sum((cuts_of[n].equity for cuts_of in books), ZERO),
            sum((cuts_of[n].inflow - cuts_of[n].outflow for cuts_of in books), ZERO),
        )
        for n, at in enumerate(cuts)
    ]


def _hours(scope: Scope, chosen: Chosen, now: datetime, hours: int) -> list[Day]:
    """The last hours as one bin, for their total return."""
    if chosen.sliced:
        return []
    found = moments(scope, [now - timedelta(hours=hours), now])
    if found is None:
        return []
    (_, before, _), (_, after, flow) = found
    inflow, outflow = max(flow, ZERO), max(-flow, ZERO)
    base = before + inflow
    if not base and not after:
        return []
    last = chosen.period.last
    return [Day(last, after, inflow, outflow, base, after + outflow - base)]


def grid(period: Period, interval: str, zone: str, now: datetime) -> list[datetime]:
    """The times of a curve finer than a day: its range, at most 2,000 points."""
    step = timedelta(minutes=INTERVALS[interval])
    if period.hours is not None:
        start = now - timedelta(hours=period.hours)
    elif period.first is not None:
        start = day_end(period.first - timedelta(days=1), zone)
    else:
        start = now - step * MOST_POINTS
    start = max(start, now - step * MOST_POINTS)
    result = []
    while start < now:
        result.append(start)
        start += step
    return [*result, now]


# --- round trips ------------------------------------------------------------------


def closed_trips(
    scope: Scope, chosen: Chosen, now: datetime, rates: _Rates
) -> list[Trip]:
    """Round trips closed in the range, in the answer's currency. One query."""
    rows = RoundTrip.objects.filter(book__in=scope.ids, net__isnull=False)
    rows = rows.filter(closed_at__lte=now)
    period = chosen.period
    if period.hours is not None:
        rows = rows.filter(closed_at__gt=now - timedelta(hours=period.hours))
    elif period.first is not None:
        close = day_end(period.first - timedelta(days=1), scope.zone)
        rows = rows.filter(closed_at__gt=close)
    if chosen.strategy:
        wanted = "" if chosen.strategy == UNASSIGNED else chosen.strategy
        rows = rows.filter(strategy=wanted)
    if chosen.symbol:
        rows = rows.filter(instrument__symbol=chosen.symbol)
    result = []
    for one in rows.select_related("instrument").order_by("closed_at", "id"):
        assert one.closed_at is not None
        assert one.net is not None
        rate = rates.on(one.instrument.quote, returns.day_of(one.closed_at, scope.zone))
        if rate is not None:
            result.append(_trip(one, one.closed_at, one.net, rate))
    return result


def _trip(row: RoundTrip, closed_at: datetime, net: Decimal, rate: Decimal) -> Trip:
    return Trip(
        symbol=row.instrument.symbol,
        strategy=row.strategy,
        side="long" if row.long else "short",
        opened_at=row.opened_at,
        closed_at=closed_at,
        quantity=row.entry_quantity,
        entry_cost=row.entry_basis * rate,
        net=net * rate,
        fees=(row.entry_fee + row.exit_fee) * rate,
        fills=row.fills,
    )


# --- tables -----------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """One strategy or symbol: its share of the range's P&L and its metrics."""

    name: str
    measured: Measured

    @property
    def pnl(self) -> Decimal:
        return self.measured.pnl


def parts(found: Performance, by: str) -> list[Part]:
    """By `strategy` or `symbol`, best first; P&L adds up to the whole but for the
    currency effect. Needs a detailed Performance."""
    place = 0 if by == "symbol" else 1
    grouped: dict[str, list[Sequence[Day]]] = defaultdict(list)
    for key, days in found.slices.items():
        grouped[key[place] or UNASSIGNED].append(days)
    names = {
        trip.symbol if by == "symbol" else trip.strategy or UNASSIGNED
        for trip in found.measured.trips
    }
    result = []
    for name in sorted(names | set(grouped)):
        trips = [
            trip
            for trip in found.measured.trips
            if (trip.symbol if by == "symbol" else trip.strategy or UNASSIGNED) == name
        ]
        days = _summed(grouped.get(name, []))
        result.append(Part(name, measure(days, trips, found.scope.ppy)))
    result.sort(key=lambda one: -one.pnl)
    return result


def _summed(slices: Sequence[Sequence[Day]]) -> list[Day]:
    """Slices of the same days: P&L added, the book's capital kept."""
    return [
        Day(
            row[0].day,
            row[0].equity,
            row[0].inflow,
            row[0].outflow,
            row[0].base,
            sum((one.pnl for one in row), ZERO),
        )
        for row in zip(*slices, strict=True)
    ]

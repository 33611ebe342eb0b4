"""The stored days of several books as one series, in the answer's currency."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from operator import itemgetter
from typing import Any

from django.db.models import QuerySet

from kernel.numbers import ZERO, text
from kernel.prepared import PreparedQuery
from portfolio.domain import returns
from portfolio.domain.benchmark import Benchmark
from portfolio.domain.equity import Slice
from portfolio.domain.periods import Period
from portfolio.domain.returns import Day, day_end
from portfolio.models import EquityPoint
from portfolio.queries.books import Scope
from portfolio.queries.history import history
from portfolio.queries.points import walked_days
from trades.domain.marks import Marks
from trades.models import RoundTrip
from trades.queries.known import KnownBook
from trades.queries.rates import rate_histories

SlicePnl = Mapping[date, Mapping[Slice, Decimal]]


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """From what the numbers came: facts by kind and the digest over all of them,
    from the books' beginning to the range's end."""

    fills: int
    transfers: int
    prices: int
    sha256: str

    def with_closes(self, benchmark: Benchmark) -> Inputs:
        """With the benchmark's closes among the facts."""
        if not benchmark.days:
            return self
        digest = hashlib.sha256(f"{self.sha256}|{benchmark.symbol}\n".encode())
        for day, price in zip(benchmark.days, benchmark.prices, strict=True):
            digest.update(f"{day}|{text(price)}\n".encode())
        prices = self.prices + len(benchmark.days)
        return replace(self, prices=prices, sha256=digest.hexdigest())

    @property
    def rows(self) -> int:
        return self.fills + self.transfers + self.prices


def stored_points(scope: Scope) -> list[EquityPoint]:
    """Every stored day of the books, in order of time: one query. As known at a time,
    walked from the facts."""
    if scope.known is not None:
        return _known_points(scope.known.values())
    return _points_between(scope.ids, date.min, date.max)


def _known_points(books: Iterable[KnownBook]) -> list[EquityPoint]:
    placed = [
        (point.day, known.book.name, point)
        for known in books
        for point in walked_days(history(known.book, known), known.known_at).points
    ]
    placed.sort(key=itemgetter(0, 1))
    return [point for _, _, point in placed]


def points_for(scope: Scope, period: Period) -> list[EquityPoint]:
    """The stored days of a range, and those beside it on which anything moved between
    own books, if it did so in the range: two queries at most. As known at a time, all
    there are."""
    if scope.known is not None:
        return stored_points(scope)
    inside = _points_between(scope.ids, period.first or date.min, period.last)
    if not any(point.between for point in inside):
        return inside
    known = {point.pk for point in inside}
    moved = EquityPoint.objects.filter(book__in=scope.ids).exclude(between=[])
    beside = [point for point in moved.order_by("day") if point.pk not in known]
    return [*inside, *beside]


@PreparedQuery
def _points_between(
    book_ids: list[int], first: date, last: date
) -> QuerySet[EquityPoint]:
    points = EquityPoint.objects.filter(
        book__in=book_ids, day__gte=first, day__lte=last
    )
    return points.order_by("day", "book__name")


def inputs_until(scope: Scope, points: Sequence[EquityPoint], last: date) -> Inputs:
    """Of all days until the last one; `points` are these as known at a time. One query."""
    if scope.known is None:
        return _inputs(_provenance(scope.ids, last))
    names = PROVENANCE
    return _inputs(
        tuple(getattr(point, name) for name in names)
        for point in points
        if point.day <= last
    )


PROVENANCE = ("book_id", "day", "digest", "fills", "transfers", "prices")


@PreparedQuery
def _provenance(book_ids: list[int], last: date) -> QuerySet[EquityPoint, Any]:
    points = EquityPoint.objects.filter(book__in=book_ids, day__lte=last)
    return points.order_by("day", "book__name").values_list(*PROVENANCE)


def _inputs(days: Iterable[tuple[Any, ...]]) -> Inputs:
    digest = hashlib.sha256()
    facts = [0, 0, 0]
    for book, day, of_day, *counts in days:
        if any(counts):
            facts = [sum(pair) for pair in zip(facts, counts, strict=True)]
        if of_day:
            digest.update(f"{book}|{day}|{of_day}\n".encode())
    fills, transfers, prices = facts
    return Inputs(
        fills=fills, transfers=transfers, prices=prices, sha256=digest.hexdigest()
    )


class DayRates:
    """Day-end rates into the answer's currency, each in the eyes of the book whose
    amount it values; 1 without looking where they agree."""

    def __init__(self, scope: Scope, marks: Mapping[int, Marks]) -> None:
        self._scope = scope
        self._marks = marks

    def on(self, book_id: int, currency: str, day: date) -> Decimal | None:
        if currency == self._scope.currency:
            return Decimal(1)
        end = day_end(day, self._scope.zone)
        return self._marks[book_id].rate(currency, self._scope.currency, end)


def day_rates(scope: Scope) -> DayRates:
    """Rates of the books' currencies and of what their round trips are quoted in.
    One query, five where there is more than one currency."""
    currencies = {book.base_currency for book in scope.books} | _quotes(scope)
    marks = rate_histories(scope.books, currencies, scope.currency, scope.known_at)
    return DayRates(scope, marks)


def _quotes(scope: Scope) -> set[str]:
    if scope.known is not None:
        books = scope.known.values()
        return {instrument.quote for known in books for instrument in known.pairs}
    return set(_quotes_of_trips(scope.ids))


@PreparedQuery
def _quotes_of_trips(book_ids: list[int]) -> QuerySet[RoundTrip, Any]:
    trips = RoundTrip.objects.filter(book__in=book_ids).order_by()
    return trips.values_list("instrument__quote", flat=True).distinct()


def whole_days(
    scope: Scope, points: Sequence[EquityPoint], period: Period, rates: DayRates
) -> tuple[list[Day], SlicePnl] | None:
    """All books' days of the range added up in one currency, and P&L by slice; None
    without a rate. The day's own rate applies to its end, flows and P&L; V_start is what
    the day before ended with. Days beside the range say when what moves between the
    books left or came."""
    currencies = {book.pk: book.base_currency for book in scope.books}
    inside = [point for point in points if point.day in period]
    books: dict[int, list[Day]] = defaultdict(list)
    slices: dict[date, dict[Slice, Decimal]] = defaultdict(dict)
    for point in inside:
        rate = rates.on(point.book_id, currencies[point.book_id], point.day)
        if rate is None:
            return None
        books[point.book_id].append(_converted(point, rate, books[point.book_id]))
        by_day = slices[point.day]
        for symbol, strategy, pnl in point.slices:
            worth = Decimal(pnl) * rate
            by_day[symbol, strategy] = by_day.get((symbol, strategy), ZERO) + worth
    for point in other_sides(inside, points):
        rate = rates.on(point.book_id, currencies[point.book_id], point.day)
        if rate is None:
            return None
        books[point.book_id].append(only_moves(day_at(point, rate)))
    added = returns.added(books.values())
    return [day for day in added if day.day in period], slices


def other_sides(
    chosen: Sequence[EquityPoint], points: Iterable[EquityPoint]
) -> list[EquityPoint]:
    """Those of the points that are not chosen on which something else of what moved in
    the chosen ones falls."""
    moving = {movement for point in chosen for movement, _ in point.between}
    if not moving:
        return []
    known = {(point.book_id, point.day) for point in chosen}
    return [
        point
        for point in points
        if any(movement in moving for movement, _ in point.between)
        and (point.book_id, point.day) not in known
    ]


def only_moves(day: Day) -> Day:
    """A day of which nothing counts but what moved between own books."""
    return Day(
        day=day.day,
        equity=ZERO,
        inflow=ZERO,
        outflow=ZERO,
        base=ZERO,
        pnl=ZERO,
        between=day.between,
    )


def _converted(point: EquityPoint, rate: Decimal, before: Sequence[Day]) -> Day:
    day = day_at(point, rate)
    if rate == 1 or not before:
        return day
    base = before[-1].equity + day.inflow
    return replace(day, base=base, pnl=day.equity + day.outflow - base)


def day_at(point: EquityPoint, rate: Decimal) -> Day:
    """A stored day with all of it at one rate."""
    return Day(
        day=point.day,
        equity=point.equity * rate,
        inflow=point.inflow * rate,
        outflow=point.outflow * rate,
        base=point.base * rate,
        pnl=point.pnl * rate,
        between={movement: Decimal(worth) * rate for movement, worth in point.between},
    )


def sliced(
    days: Sequence[Day], slices: SlicePnl, holds: Callable[[str, str], bool]
) -> list[Day]:
    """The books' days with only the P&L of the slices that `holds` says."""
    return [
        day.earning(
            sum(
                (pnl for key, pnl in slices.get(day.day, {}).items() if holds(*key)),
                ZERO,
            )
        )
        for day in days
    ]


def by_slice(
    days: Sequence[Day], slices: SlicePnl, holds: Callable[[str, str], bool]
) -> dict[Slice, Sequence[Day]]:
    """The same days for each (symbol, strategy) that did anything in them, of those
    that `holds` says."""
    did = {key for day in days for key in slices.get(day.day, {})}
    keys = sorted(key for key in did if holds(*key))
    return {
        key: [day.earning(slices.get(day.day, {}).get(key, ZERO)) for day in days]
        for key in keys
    }


def from_capital(days: Sequence[Day]) -> list[Day]:
    """Without the days before anything was there."""
    for number, day in enumerate(days):
        if day.base or day.equity or day.pnl:
            return list(days[number:])
    return []

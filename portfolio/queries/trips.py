"""Round trips that were closed in a range, in the answer's currency."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Any, NamedTuple

from django.db.models import QuerySet

from kernel.prepared import PreparedQuery
from portfolio.domain import returns
from portfolio.domain.trips import Trip
from portfolio.queries.books import Scope
from portfolio.queries.days import DayRates
from portfolio.queries.selection import Selection, stored_strategy
from trades.models import RoundTrip
from trades.queries.known import KnownBook

COLUMNS = (
    "book_id",
    "instrument__symbol",
    "instrument__quote",
    "strategy",
    "long",
    "opened_at",
    "closed_at",
    "entry_quantity",
    "entry_basis",
    "net",
    "entry_fee",
    "exit_fee",
    "fills",
)
EVER = datetime.min.replace(tzinfo=UTC)


class ClosedTrip(NamedTuple):
    """A round trip that is over, in its own quote: COLUMNS, without a model for each."""

    book_id: int
    symbol: str
    quote: str
    strategy: str
    long: bool
    opened_at: datetime
    closed_at: datetime
    entry_quantity: Decimal
    entry_basis: Decimal
    net: Decimal
    entry_fee: Decimal
    exit_fee: Decimal
    fills: int


def closed_trips(
    scope: Scope, selection: Selection, now: datetime, rates: DayRates
) -> list[Trip]:
    """In order of time; those without a rate are left out. One query."""
    after = _begins(scope, selection, now)
    now = _ends(scope, selection, now)
    if scope.known is None:
        rows = _stored(scope, selection, after, now)
    else:
        rows = _known(scope.known.values(), selection, after, now)
    trips = (_trip(row, scope, rates) for row in rows)
    return [trip for trip in trips if trip is not None]


def _begins(scope: Scope, selection: Selection, now: datetime) -> datetime:
    period = selection.period
    if period.hours is not None:
        return now - timedelta(hours=period.hours)
    if period.first is not None:
        return returns.day_end(period.first - timedelta(days=1), scope.zone)
    return EVER


def _ends(scope: Scope, selection: Selection, now: datetime) -> datetime:
    """Now, or the end of a last day that is over."""
    last = selection.period.last
    return (
        now if last >= scope.day(now) else min(now, returns.day_end(last, scope.zone))
    )


def _stored(
    scope: Scope, selection: Selection, after: datetime, now: datetime
) -> Iterable[ClosedTrip]:
    if not selection.sliced:
        return map(ClosedTrip._make, _all_stored(scope.ids, after, now))
    rows = _between(scope.ids, after, now)
    if selection.strategy:
        rows = rows.filter(strategy=stored_strategy(selection.strategy))
    if selection.symbol:
        rows = rows.filter(instrument__symbol=selection.symbol)
    return map(ClosedTrip._make, rows)


def _between(
    book_ids: list[int], after: datetime, now: datetime
) -> QuerySet[RoundTrip, Any]:
    rows = RoundTrip.objects.filter(
        book__in=book_ids, net__isnull=False, closed_at__gt=after, closed_at__lte=now
    )
    return rows.order_by("closed_at", "id").values_list(*COLUMNS)


_all_stored = PreparedQuery(_between)


def _known(
    books: Iterable[KnownBook], selection: Selection, after: datetime, now: datetime
) -> Iterable[ClosedTrip]:
    closed = [
        ClosedTrip._make(attrgetter(*_PATHS)(trip))
        for known in books
        for trip in known.trips()
        if trip.closed_at is not None and after < trip.closed_at <= now
        if trip.net is not None
        and selection.holds(trip.instrument.symbol, trip.strategy)
    ]
    return sorted(closed, key=attrgetter("closed_at"))


# The same of a model.
_PATHS = [column.replace("__", ".") for column in COLUMNS]


def _trip(row: ClosedTrip, scope: Scope, rates: DayRates) -> Trip | None:
    day = returns.day_of(row.closed_at, scope.zone)
    rate = rates.on(row.book_id, row.quote, day)
    if rate is None:
        return None
    return Trip(
        symbol=row.symbol,
        strategy=row.strategy,
        side="long" if row.long else "short",
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        quantity=row.entry_quantity,
        entry_cost=row.entry_basis * rate,
        net=row.net * rate,
        fees=(row.entry_fee + row.exit_fee) * rate,
        fills=row.fills,
    )

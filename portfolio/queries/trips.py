"""Round trips that were closed in a range, in the answer's currency."""

from __future__ import annotations

from datetime import datetime, timedelta

from portfolio.domain import returns
from portfolio.domain.trips import Trip
from portfolio.queries.books import Scope
from portfolio.queries.days import DayRates
from portfolio.queries.selection import Selection, stored_strategy
from trades.models import RoundTrip


def closed_trips(
    scope: Scope, selection: Selection, now: datetime, rates: DayRates
) -> list[Trip]:
    """In order of time; those without a rate are left out. One query."""
    rows = RoundTrip.objects.filter(book__in=scope.ids, net__isnull=False)
    rows = rows.filter(closed_at__lte=now)
    period = selection.period
    if period.hours is not None:
        rows = rows.filter(closed_at__gt=now - timedelta(hours=period.hours))
    elif period.first is not None:
        close = returns.day_end(period.first - timedelta(days=1), scope.zone)
        rows = rows.filter(closed_at__gt=close)
    if selection.strategy:
        rows = rows.filter(strategy=stored_strategy(selection.strategy))
    if selection.symbol:
        rows = rows.filter(instrument__symbol=selection.symbol)
    rows = rows.select_related("instrument").order_by("closed_at", "id")
    trips = (_trip(row, scope, rates) for row in rows)
    return [trip for trip in trips if trip is not None]


def _trip(row: RoundTrip, scope: Scope, rates: DayRates) -> Trip | None:
    if row.closed_at is None or row.net is None:
        return None
    day = returns.day_of(row.closed_at, scope.zone)
    rate = rates.on(row.book_id, row.instrument.quote, day)
    if rate is None:
        return None
    return Trip(
        symbol=row.instrument.symbol,
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

"""The prices of any symbol as a benchmark: one close a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Q, QuerySet

from portfolio.domain.benchmark import NO_BENCHMARK, Benchmark
from portfolio.domain.periods import Period
from portfolio.domain.reasons import Reason
from portfolio.domain.returns import Day, day_end, day_of
from portfolio.queries.books import Scope
from trades.models import MarketScope, Price
from trades.queries.marks import PRECEDENCE, price_mark
from trades.queries.splits import splits_of_books

MOST_PRICES = 100_000


def benchmark(
    scope: Scope, symbol: str, period: Period, days: Sequence[Day]
) -> Benchmark:
    """The closes of a symbol from the newest before the days to the range's end, in the
    books' zone and in units of then (splits), as known when the answer is. The desk's
    prices and, where all books have one owner, theirs. No query without a symbol, five
    at most."""
    if not symbol:
        return NO_BENCHMARK
    lacking = Benchmark(symbol=symbol, reason=Reason.INSUFFICIENT_DATA)
    if not days or period.hours is not None:
        return lacking
    start = day_end(days[0].day - timedelta(days=1), scope.zone)
    end = day_end(period.last, scope.zone)
    counted = _counted(scope, symbol).filter(at__lte=end)
    newest = counted.order_by("-at", "-recorded_at", "-id").first()
    if newest is None:
        return Benchmark(symbol=symbol, reason=Reason.NO_PRICE)
    counted = counted.filter(currency=newest.currency)
    before = counted.filter(at__lte=start).order_by("-at", "-recorded_at", "-id")[:1]
    inside = counted.filter(at__gt=start).order_by(*PRECEDENCE)[: MOST_PRICES + 1]
    prices = [*before, *inside]
    if prices[-1].at <= start:  # it ended before the range
        return Benchmark(symbol=symbol, reason=Reason.NO_PRICE)
    if len(prices) > MOST_PRICES:
        return Benchmark(symbol=symbol, reason=Reason.TOO_MANY_FACTS)
    splits = splits_of_books({0: _owner(scope)}, {symbol}, scope.known_at)[0]
    closes = {
        day_of(price.at, scope.zone): splits.adjusted(
            price_mark(price), symbol, end
        ).price
        for price in prices
    }
    return Benchmark(
        symbol=symbol,
        currency=newest.currency,
        days=list(closes),
        prices=list(closes.values()),
    )


def _counted(scope: Scope, symbol: str) -> QuerySet[Price]:
    prices = Price.objects.standing(scope.known_at).filter(symbol=symbol, price__gt=0)
    mine = Q(scope=MarketScope.OWN, author=_owner(scope))
    return prices.filter(Q(scope=MarketScope.DESK) | mine)


def _owner(scope: Scope) -> int:
    """Whose books all of these are; 0 where they are several people's."""
    owners = {book.owner_id for book in scope.books}
    return owners.pop() if len(owners) == 1 else 0

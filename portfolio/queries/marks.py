"""At what price a holding is valued now: the newest price, else the last fill."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_

from django.db.models import OuterRef, Q, Subquery

from portfolio.domain.valuation import LAST_FILL, Mark, Rates
from portfolio.queries.books import Scope
from trades.models import Balance, Fill, Instrument, Price


def newest_prices(symbols: Iterable[str]) -> dict[str, Mark]:
    """The newest stored price of each symbol that has one. One query, an index
    look-up for each symbol however many prices there are."""
    newest = [
        Q(pk=Subquery(rows.order_by("-at", "-id").values("pk")[:1]))
        for symbol in sorted(set(symbols))
        for rows in [Price.objects.filter(symbol=symbol)]
    ]
    if not newest:
        return {}
    prices = Price.objects.filter(reduce(or_, newest))
    return {price.symbol: _mark(price) for price in prices}


def _mark(price: Price) -> Mark:
    return Mark(price=price.price, at=price.at, source=price.source)


def last_fills(instrument_ids: Iterable[int]) -> dict[int, Mark]:
    """The newest fill of instruments, by instrument id. One query for all."""
    wanted = sorted(set(instrument_ids))
    if not wanted:
        return {}
    newest = (
        Fill.objects.filter(instrument=OuterRef("pk"))
        .exclude(status=Fill.Status.VOIDED)
        .order_by("-executed_at", "-id")
    )
    instruments = Instrument.objects.filter(pk__in=wanted).annotate(
        newest=Subquery(newest.values("id")[:1])
    )
    fills = Fill.objects.filter(pk__in=instruments.values("newest"))
    return {
        fill.instrument_id: Mark(
            price=fill.price, at=fill.executed_at, source=LAST_FILL
        )
        for fill in fills
    }


def exchange_rates(scope: Scope, known: set[str] | None = None) -> Rates:
    """Every stored price between the answer's currency and what the books hold or
    are quoted in. One query for the names unless they are `known`, one for the
    prices where there is more than one currency."""
    if known is None:
        rows = Balance.objects.filter(book__in=scope.ids)
        known = set(rows.values_list("currency", flat=True))
    held = known | {book.base_currency for book in scope.books}
    names = {f"{a}-{scope.currency}" for a in held} | {
        f"{scope.currency}-{a}" for a in held
    }
    prices = newest_prices(names) if len(held) > 1 else {}
    return Rates({symbol: mark.price for symbol, mark in prices.items()})

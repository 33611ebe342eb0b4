"""The newest prices and fills of symbols: what things were worth at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Q, Subquery

from trades.models import Fill, Price


def newest_prices(symbols: Iterable[str], until: datetime) -> dict[str, Price]:
    """The newest stored price of each symbol that has one not after `until`. One
    query, an index look-up for each symbol however many prices there are."""
    newest = [
        Q(pk=Subquery(rows.order_by("-at", "-id").values("pk")[:1]))
        for symbol in sorted(set(symbols))
        for rows in [Price.objects.filter(symbol=symbol, at__lte=until)]
    ]
    if not newest:
        return {}
    return {price.symbol: price for price in Price.objects.filter(reduce(or_, newest))}


def newest_fills(
    symbols: Iterable[str], until: datetime, books: Collection[int]
) -> dict[str, Fill]:
    """The newest fill of each symbol in these books not after `until`, like
    `newest_prices`; its instrument is loaded."""
    mine = Fill.objects.standing().filter(book__in=books, executed_at__lte=until)
    newest = [
        Q(pk=Subquery(rows.order_by("-executed_at", "-id").values("pk")[:1]))
        for symbol in sorted(set(symbols))
        for rows in [mine.filter(instrument__symbol=symbol)]
    ]
    if not newest:
        return {}
    fills = Fill.objects.filter(reduce(or_, newest)).select_related("instrument")
    return {fill.instrument.symbol: fill for fill in fills}

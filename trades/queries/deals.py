"""The prices of an instrument and what one book traded of it, between two times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trades.models import Book, Fill, Instrument
from trades.queries.marks import prices_for

MOST_PRICES = 2_000
MOST_FILLS = 100


@dataclass(frozen=True, kw_only=True)
class TradedPrices:
    """Oldest first; of more than fit, the newest."""

    prices: list[tuple[datetime, Decimal]]
    fills: list[Fill]


def traded_prices(
    book: Book, instrument: Instrument, start: datetime, end: datetime
) -> TradedPrices:
    """Two queries."""
    prices = prices_for(book, [instrument.symbol]).filter(at__gte=start, at__lte=end)
    return TradedPrices(
        prices=list(prices.order_by("-at").values_list("at", "price")[:MOST_PRICES])[
            ::-1
        ],
        fills=fills_between(book, instrument, start, end),
    )


def fills_between(
    book: Book, instrument: Instrument, start: datetime, end: datetime
) -> list[Fill]:
    """One query."""
    rows = Fill.objects.standing().filter(
        book=book,
        instrument=instrument,
        executed_at__gte=start,
        executed_at__lte=end,
    )
    return list(rows.order_by("-executed_at", "-id")[:MOST_FILLS])[::-1]

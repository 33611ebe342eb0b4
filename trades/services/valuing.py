"""What facts were worth at their time, written once beside them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from trades.models import Book, Fill, Valuation
from trades.queries.facts import ROWS


def value_fees(book: Book, fills: Iterable[Fill], now: datetime) -> None:
    """Keep what the foreign fees of new fills were worth in their quote currencies.
    What no rate was known for has no valuation yet."""
    Valuation.objects.bulk_create(
        (
            Valuation(
                book=book,
                fill=fill,
                currency=fill.instrument.quote,
                value=fill.fee_value,
                priced_at=fill.executed_at,
                recorded_at=now,
            )
            for fill in fills
            if fill.fee_is_foreign and fill.fee_value is not None
        ),
        batch_size=ROWS,
    )

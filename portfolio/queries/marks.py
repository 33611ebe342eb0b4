"""At what price a holding is valued now: the newest price, else the last fill."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import OuterRef, Subquery

from portfolio.domain.valuation import LAST_FILL, Mark
from trades.models import Fill, Instrument
from trades.queries.marks import newest_prices


def marks_of(instruments: Iterable[Instrument], now: datetime) -> dict[int, Mark]:
    """By instrument id, where there is one. One query, two when one has no price."""
    known = {instrument.pk: instrument.symbol for instrument in instruments}
    prices = newest_prices(known.values(), now)
    marks = {
        pk: Mark(
            price=prices[symbol].price,
            at=prices[symbol].at,
            source=prices[symbol].source,
        )
        for pk, symbol in known.items()
        if symbol in prices
    }
    return marks | _last_fills(set(known) - set(marks))


def _last_fills(instrument_ids: set[int]) -> dict[int, Mark]:
    """The newest fill of instruments, by instrument id. One query for all."""
    if not instrument_ids:
        return {}
    newest = (
        Fill.objects.standing()
        .filter(instrument=OuterRef("pk"))
        .order_by("-executed_at", "-id")
    )
    instruments = Instrument.objects.filter(pk__in=instrument_ids).annotate(
        newest=Subquery(newest.values("id")[:1])
    )
    fills = Fill.objects.filter(pk__in=instruments.values("newest"))
    return {
        fill.instrument_id: Mark(
            price=fill.price, at=fill.executed_at, source=LAST_FILL
        )
        for fill in fills
    }

"""Stored prices with what was traded at them, on the pages of a trade and a position."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from kernel.display import grouped
from kernel.price_chart import Deal, price_chart, price_data
from trades.models import Fill

MOST_LISTED = 200


def prices_context(
    symbol: str,
    prices: Sequence[tuple[datetime, Decimal]],
    fills: Iterable[Fill],
    told: int | None = None,
) -> dict[str, Any]:
    """The chart, its points for the script, and the newest prices as rows, oldest of
    them first; empty without a price. `told` is the trade of whose page it is."""
    if not prices:
        return {"price_chart": None}
    deals = [_deal(fill, told) for fill in fills]
    bought = sum(1 for deal in deals if deal.bought)
    return {
        "price_chart": price_chart(
            prices,
            deals,
            name="prices",
            title=f"Prices of {symbol}, with what was bought and sold",
            description=f"{len(prices)} stored prices, {bought} bought, "
            f"{len(deals) - bought} sold. "
            f"Times are in {timezone.get_current_timezone_name()}.",
        ),
        "price_data": price_data(prices, deals),
        "prices": prices[-MOST_LISTED:],
        "prices_in_all": len(prices),
    }


def _deal(fill: Fill, told: int | None) -> Deal:
    bought = fill.side == Fill.Side.BUY
    local = timezone.localtime(fill.executed_at)
    amount = f"{'Bought' if bought else 'Sold'} {grouped(fill.quantity)}"
    return Deal(
        at=fill.executed_at,
        price=fill.price,
        bought=bought,
        label=f"{amount} at {grouped(fill.price)}, {local:%-d %b %Y %H:%M:%S %Z}",
        told=fill.pk == told,
    )

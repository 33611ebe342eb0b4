"""One trade beside the list: its numbers, its chart and what stands around it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from kernel.display import grouped
from kernel.drawing import Drawn
from kernel.json import dumps
from kernel.price_chart import Deal, price_chart
from trades.answers.trades import TradeDetailAnswer
from trades.models import (
    STANDING,
    Fill,
    Transfer,
)
from trades.pages.listing import TradeRow, at_step
from trades.queries.books import Reader
from trades.queries.deals import fills_between
from trades.queries.trades import (
    TradeDetail,
    log_of,
)

FIELD_NAMES = {
    "symbol": "Symbol",
    "side": "Side",
    "quantity": "Quantity",
    "price": "Price",
    "total_value": "Value",
    "fee": "Fee",
    "fee_currency": "Fee currency",
    "executed_at": "Executed",
    "order_id": "Order",
    "order_type": "Order type",
    "liquidity": "Liquidity",
    "strategy": "Strategy",
    "decision_id": "Decision",
    "note": "Note",
}


def drawer(detail: TradeDetail, rows: list[TradeRow], user: Reader) -> dict[str, Any]:
    """The context of one trade: its numbers, why, lots, log and raw JSON."""
    fill, decision = detail.fill, detail.decision
    answer = TradeDetailAnswer.telling(detail, log_of(detail))
    checks = decision.risk_checks if decision else []
    return {
        "detail": detail,
        "fill": fill,
        "quantity": at_step(fill.quantity, fill.instrument.step),
        "price": at_step(fill.price, fill.instrument.tick),
        "decision": decision,
        "confidence_percent": _percent(decision.confidence if decision else None),
        "checks_passed": sum(bool(check.get("passed")) for check in checks),
        "held": _held(detail),
        "price_chart": _price_chart(detail),
        "answer": answer,
        "mendable": is_mendable(fill, user),
        "names": FIELD_NAMES,
        "events": answer.audit,
        "raw": json.dumps(json.loads(dumps(answer)), indent=2, ensure_ascii=False),
        **_neighbours(fill, rows),
    }


def is_mendable(fact: Fill | Transfer, user: Reader) -> bool:
    """Whether the person may void and correct it."""
    mine = fact.book.owner_id == user.pk and user.has_perm("trading.own")
    return mine and fact.status in STANDING and not fact.becomes


def _percent(confidence: Decimal | None) -> int | None:
    return None if confidence is None else int(confidence * 100)


def _held(detail: TradeDetail) -> timedelta | None:
    """How long the oldest lot that this trade closed had been open."""
    opened = [match.lot.opened_at for match in detail.closed if match.lot]
    return detail.fill.executed_at - min(opened) if opened else None


def _price_chart(detail: TradeDetail) -> Drawn | None:
    """None where no price is stored around the trade. One query."""
    fill, prices = detail.fill, detail.prices
    if not prices:
        return None
    start = min(prices[0].at, fill.executed_at)
    end = max(prices[-1].at, fill.executed_at)
    fills = fills_between(fill.book, fill.instrument, start, end)
    quoted = [(price.at, price.price) for price in prices]
    return chart_of(fill.instrument.symbol, quoted, fills, told=fill.pk)


# --- prices with what was traded at them -----------------------------------------------


def chart_of(
    symbol: str,
    prices: Sequence[tuple[datetime, Decimal]],
    fills: Iterable[Fill],
    told: int | None = None,
) -> Drawn:
    """`told` is the trade of whose page it is. Empty without a price and a fill."""
    deals = [_deal(fill, told) for fill in fills]
    bought = sum(1 for deal in deals if deal.bought)
    return price_chart(
        prices,
        deals,
        name="prices",
        title=f"Prices of {symbol}, with what was bought and sold",
        description=f"{len(prices)} stored prices, {bought} bought, "
        f"{len(deals) - bought} sold. Times are in {timezone.get_current_timezone_name()}.",
    )


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


def _neighbours(fill: Fill, rows: list[TradeRow]) -> dict[str, str]:
    places = [index for index, row in enumerate(rows) if row.trade.pk == fill.pk]
    if not places:
        return {"previous_url": "", "next_url": ""}
    at = places[0]
    return {
        "previous_url": rows[at - 1].url if at else "",
        "next_url": rows[at + 1].url if at + 1 < len(rows) else "",
    }

"""One trade beside the list: its numbers, its chart and what stands around it."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

from kernel.json import dumps
from trades.answers.trades import TradeDetailAnswer
from trades.models import (
    STANDING,
    Fill,
    Transfer,
)
from trades.pages.listing import TradeRow, at_step
from trades.pages.prices import prices_context
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
        "answer": answer,
        "mendable": is_mendable(fill, user),
        "names": FIELD_NAMES,
        "events": answer.audit,
        "raw": json.dumps(json.loads(dumps(answer)), indent=2, ensure_ascii=False),
        **_prices(detail),
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


def _prices(detail: TradeDetail) -> dict[str, Any]:
    """None where no price is stored around the trade. One query."""
    fill, prices = detail.fill, detail.prices
    if not prices:
        return {"price_chart": None}
    start = min(prices[0].at, fill.executed_at)
    end = max(prices[-1].at, fill.executed_at)
    fills = fills_between(fill.book, fill.instrument, start, end)
    quoted = [(price.at, price.price) for price in prices]
    return prices_context(fill.instrument.symbol, quoted, fills, told=fill.pk)


def _neighbours(fill: Fill, rows: list[TradeRow]) -> dict[str, str]:
    places = [index for index, row in enumerate(rows) if row.trade.pk == fill.pk]
    if not places:
        return {"previous_url": "", "next_url": ""}
    at = places[0]
    return {
        "previous_url": rows[at - 1].url if at else "",
        "next_url": rows[at + 1].url if at + 1 < len(rows) else "",
    }

"""Positions as their table says them, a page at a time, and the lots of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from kernel.display import (
    SIGNS,
    age,
    amount,
    change,
    grouped,
    number,
    percent,
    tone,
)
from kernel.numbers import whole_number
from portfolio.domain.reasons import Reason
from portfolio.pages.words import bar_length, why
from portfolio.queries.holdings import Holdings, OpenLot, PositionRow, open_lots
from portfolio.queries.summary import Portfolio
from trades.domain.rates import LAST_FILL, Mark

MOST_LOTS = 200
MOST_ROWS = 100


@dataclass(frozen=True, kw_only=True)
class PositionTexts:
    """A position as a table row says it."""

    row: PositionRow
    side: str
    quantity: str
    entry: str
    cost: str
    mark: str
    source: str
    age: str
    stale: bool
    value: str
    weight: str
    weight_bar: str
    gain: str
    gain_percent: str
    tone: str
    reason: str

    @classmethod
    def of(cls, row: PositionRow, currency: str) -> PositionTexts:
        valued, holding = row.valued, row.valued.holding
        price_places = 2 if holding.quote in SIGNS else 8
        old = valued.price_age
        return cls(
            row=row,
            side=holding.side.capitalize(),
            quantity=grouped(holding.quantity, _places(row.instrument.step)),
            entry=amount(holding.entry_price, "", price_places),
            cost=amount(holding.cost, holding.quote),
            mark=amount(valued.mark.price if valued.mark else None, "", price_places),
            source=_mark_source(valued.mark),
            age="" if old is None else age(old.total_seconds()),
            stale=old is None or old.days >= 1,
            value=amount(row.value, currency),
            weight=percent(row.weight, places=1),
            weight_bar=bar_length(row.weight),
            gain=change(row.gain, currency),
            gain_percent=percent(valued.unrealised_percent, plus=True),
            tone=tone(row.gain),
            reason=why(valued.reason),
        )


def _mark_source(mark: Mark | None) -> str:
    """Whose word the mark is."""
    if mark is None:
        return ""
    return "last trade" if mark.label == LAST_FILL else f"price, {mark.source}"


def _places(step: Decimal | None) -> int | None:
    """As many decimals as the instrument's step has."""
    if step is None:
        return None
    return max(0, -int(step.normalize().as_tuple().exponent))


@dataclass(frozen=True, kw_only=True)
class LotLine:
    """An open lot as the table says it."""

    lot: OpenLot
    quantity: str
    unit: str
    cost: str
    gain: str
    tone: str
    exact_cost: Decimal | None
    exact_gain: Decimal | None


def lot_lines(holdings: Holdings, row: PositionRow) -> list[LotLine]:
    """The open lots of one position, the next to be sold first. One query."""
    lots = open_lots(holdings.scope, row.book_id, row.instrument.pk)[:MOST_LOTS]
    return [_lot_line(lot, row) for lot in lots]


def _lot_line(lot: OpenLot, row: PositionRow) -> LotLine:
    quote, mark = row.valued.holding.quote, row.valued.mark
    sign = 1 if lot.long else -1
    cost = unit = gain = None
    if lot.reason != Reason.MISSING_COST:
        cost = sign * lot.remaining_amount + lot.remaining_fee
        unit = lot.remaining_amount / lot.remaining_quantity
        if mark is not None:
            gain = sign * lot.remaining_quantity * mark.price - cost
    return LotLine(
        lot=lot,
        quantity=number(lot.remaining_quantity),
        cost=amount(cost, quote),
        unit=amount(unit, quote),
        gain=change(gain, quote),
        tone=tone(gain),
        exact_cost=cost,
        exact_gain=gain,
    )


def position_rows(portfolio: Portfolio, query: QueryDict) -> dict[str, Any]:
    """A page of the positions from `start` on (0 where that is nonsense), and the
    addresses of the pages beside it."""
    total, kept = len(portfolio.positions), query.dict()
    start = whole_number(str(kept.pop("start", ""))) or 0
    start = start if start < total else 0

    def link(first: int) -> str:
        return urlencode({**kept, "start": first} if first else kept)

    rows = portfolio.positions[start : start + MOST_ROWS]
    ended = start + len(rows)
    return {
        "rows": [_table_row(portfolio, row, query) for row in rows],
        "total": total,
        "span": f"{start + 1:,}–{ended:,} of {total:,}" if len(rows) < total else "",
        "larger": f"?{link(max(0, start - MOST_ROWS))}#positions" if start else "",
        "smaller": f"?{link(ended)}#positions" if ended < total else "",
    }


def _table_row(
    holdings: Holdings, row: PositionRow, query: QueryDict
) -> dict[str, Any]:
    """The position's texts, whether it is open, and the link that turns that over."""
    is_open = row.id is not None and query.get("open", "") == str(row.id)
    others: Iterable[tuple[str, Any]] = (
        (name, value) for name, value in query.items() if name != "open"
    )
    link = dict(others) if is_open else {**dict(others), "open": row.id}
    return {
        **vars(PositionTexts.of(row, holdings.currency)),
        "open": is_open,
        "toggle": urlencode(link),
        "lots_shown": lot_lines(holdings, row) if is_open else [],
    }

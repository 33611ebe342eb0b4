"""Trades as ccxt's unified API writes them: a JSON list of objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from kernel.numbers import ZERO
from trades.domain.facts import NewFill
from trades.domain.formats.documents import objects
from trades.domain.formats.file_order import arrange
from trades.domain.formats.identity import drop_repeats, name_rows
from trades.domain.formats.pairs import linear_pair
from trades.domain.formats.parsed import (
    BrokenRow,
    Declared,
    NotAFile,
    ParsedFile,
    broken_row,
)
from trades.domain.formats.rounding import Rounder, check_cost, stated_number
from trades.domain.formats.times import FileTimes
from trades.domain.reading import NotAFact, capitals, read_fill
from trades.domain.times import from_milliseconds

SECOND = timedelta(seconds=1)
NAMES = ("symbol", "side", "amount", "price", "timestamp")


def are_trades(value: Any) -> bool:
    """Whether a document is such a list."""
    return (
        isinstance(value, list)
        and bool(value)
        and isinstance(value[0], Mapping)
        and set(NAMES) <= set(value[0])
    )


def read(document: Sequence[Any], declared: Declared, now: datetime) -> ParsedFile:
    """What the list says; a broken trade is named by its place in it."""
    parsed = ParsedFile("ccxt")
    times = FileTimes()
    rounder = Rounder(parsed)
    for place, trade in enumerate(document, start=1):
        where = f"trade {place}"
        try:
            if not isinstance(trade, Mapping):
                raise NotAFile("is no object")
            with rounder.row():
                fill = _fill(trade, rounder, times, place=place, now=now)
            if trade.get("cost") is not None:
                cost = stated_number(trade["cost"])
                check_cost(parsed, fill, cost, f"{where}, {fill.symbol}")
            parsed.fills.append(fill)
        except NotAFact as error:
            parsed.broken.append(broken_row(0, error, where))
        except (ValueError, OverflowError, ArithmeticError) as error:
            parsed.broken.append(BrokenRow(0, f"{where}: {error}"))
    arrange(parsed, times)
    drop_repeats(parsed)
    name_rows("ccxt", parsed, declared.base_currency)
    return parsed


def _fill(
    trade: Mapping[str, Any],
    rounder: Rounder,
    times: FileTimes,
    *,
    place: int,
    now: datetime,
) -> NewFill:
    fee, fee_currency = _fee(trade, rounder)
    row = {
        "external_id": trade.get("id"),
        "order_id": trade.get("order"),
        "symbol": linear_pair(str(trade.get("symbol") or "")),
        "side": trade.get("side"),
        "quantity": rounder.short(trade.get("amount")),
        "price": rounder.short(trade.get("price")),
        "executed_at": _at(trade, times),
        "fee": fee,
        "fee_currency": fee_currency,
        "liquidity": trade.get("takerOrMaker"),
        "order_type": trade.get("type"),
    }
    return read_fill(row, now=now, place=place, needs_id=False)


def _at(trade: Mapping[str, Any], times: FileTimes) -> datetime:
    milliseconds = trade.get("timestamp")
    if milliseconds is None:
        return times.read(str(trade.get("datetime") or ""))
    at = from_milliseconds(int(stated_number(milliseconds)))
    if trade.get("datetime"):
        named = times.read(str(trade["datetime"]))
        if abs(named - at) >= SECOND:
            raise ValueError(
                f"timestamp {milliseconds} (milliseconds) and datetime "
                f"{trade['datetime']!r} are two times"
            )
    return at


def _fee(trade: Mapping[str, Any], rounder: Rounder) -> tuple[Decimal, str]:
    """(sum, currency) of a trade's fees: of `fees`, else of `fee`."""
    fees = objects(trade.get("fees") or [trade.get("fee") or {}], "fees")
    total, currencies = ZERO, set()
    for fee in fees:
        if fee.get("cost"):
            total += rounder.short(fee["cost"])
            currencies.add(capitals(str(fee.get("currency") or "")))
    if len(currencies) > 1:
        raise ValueError(f"fees in {len(currencies)} currencies; book them by hand")
    return total, currencies.pop() if currencies else ""

"""One trade of freqtrade: its filled orders, its funding, what it says it earned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from kernel.numbers import ZERO, rounded, text
from trades.domain.facts import NewFill, NewTransfer
from trades.domain.formats.documents import objects
from trades.domain.formats.pairs import linear_pair
from trades.domain.formats.parsed import SkippedRow
from trades.domain.formats.rounding import Rounder, stated_number
from trades.domain.reading import capitals, read_fill, read_transfer
from trades.domain.times import from_milliseconds, read_time

UTC = ZoneInfo("UTC")


@dataclass(kw_only=True)
class TradeFacts:
    """What a trade comes to. `fills` says of each whether it is an entry; `gross` is
    what came back beyond what went in, funding included, before `fees`; `stated` is
    None where the trade is open or states none."""

    symbol: str
    short: bool
    closed: bool
    stated: Decimal | None = None
    fills: list[tuple[NewFill, bool]] = field(default_factory=list)
    funding: list[NewTransfer] = field(default_factory=list)
    skipped: list[SkippedRow] = field(default_factory=list)

    @property
    def opened_at(self) -> datetime:
        return min(fill.executed_at for fill, _ in self.fills)

    @property
    def gross(self) -> Decimal:
        paid = sum((transfer.amount for transfer in self.funding), ZERO)
        for fill, _ in self.fills:
            amount = fill.booked_amount
            paid += amount if fill.side == "sell" else -amount
        return paid

    @property
    def fees(self) -> Decimal:
        """In the quote currency; those in another currency are left out."""
        return sum((fill.fee for fill, _ in self.fills if not fill.fee_currency), ZERO)

    @property
    def turnover(self) -> Decimal:
        return sum((fill.booked_amount for fill, _ in self.fills), ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """An order that filled something, or the entry or exit of a trade without any."""

    external_id: str
    entry: bool
    side: str
    quantity: Any
    price: Any
    at: datetime
    id: str = ""
    type: str = ""
    tag: str = ""


class TradeReader:
    """Reads trades; `live` ones carry ids of the exchange's orders, a backtest's are
    known by their facts. `stake` is the currency a run is kept in."""

    def __init__(self, rounder: Rounder, now: datetime, *, live: bool) -> None:
        self.rounder = rounder
        self.now = now
        self.live = live
        self.stake = ""

    def read(self, trade: Mapping[str, Any], name: str, where: str) -> TradeFacts:
        """Raises NotAFact, KeyError, ValueError, ArithmeticError."""
        pair = linear_pair(str(trade["pair"]))
        facts = TradeFacts(
            symbol=pair.upper().replace("/", "-"),
            short=bool(trade.get("is_short")),
            closed=not trade.get("is_open") and bool(trade.get("close_date")),
        )
        orders = self._orders(trade, facts, where)
        fees = _fees(trade, orders, facts.symbol)
        for order, fee in zip(orders, fees, strict=True):
            fill = self._fill(trade, order, fee, pair, name)
            facts.fills.append((fill, order.entry))
        if facts.fills:
            self._funding(trade, facts, where)
        stated = trade.get("profit_abs", trade.get("close_profit_abs"))
        if facts.closed and stated is not None:
            facts.stated = stated_number(stated)
        return facts

    def _orders(
        self, trade: Mapping[str, Any], facts: TradeFacts, where: str
    ) -> list[_Order]:
        if not trade.get("orders"):
            return _ends(trade, facts)
        orders = []
        for place, order in enumerate(objects(trade["orders"], "orders"), start=1):
            id = str(order.get("order_id") or place)
            quantity = order.get("filled")
            quantity = order.get("amount") if quantity is None else quantity
            at = _filled_at(order)
            if at is None or not stated_number(quantity):
                status = str(order.get("status") or "not filled").replace("_", " ")
                done = stated_number(order.get("filled") or 0)
                what = (
                    f"{text(done)} filled, not final" if done else "nothing was filled"
                )
                reason = f"{where}, order {id}: {status}, {what}"
                facts.skipped.append(SkippedRow(0, reason))
                continue
            entry = bool(order["ft_is_entry"])
            tag = trade.get("enter_tag" if entry else "exit_reason")
            orders.append(
                _Order(
                    external_id=f"freqtrade:{id}" if self.live else "",
                    entry=entry,
                    side=_side(order, entry=entry, short=facts.short),
                    quantity=quantity,
                    price=order.get("average")
                    or order.get("safe_price")
                    or order.get("price"),
                    at=at,
                    id=id if self.live else "",
                    type=str(order.get("order_type") or ""),
                    tag=str(order.get("ft_order_tag") or tag or ""),
                )
            )
        return orders

    def _fill(
        self,
        trade: Mapping[str, Any],
        order: _Order,
        fee: tuple[Decimal, str] | None,
        pair: str,
        name: str,
    ) -> NewFill:
        """`fee` None: the rate of the trade, in the quote currency."""
        quantity = self.rounder.short(order.quantity)
        price = self.rounder.short(order.price)
        if fee is None:
            rate = trade.get("fee_open" if order.entry else "fee_close") or 0
            fee = rounded(quantity * price * stated_number(rate)), ""
        amount, currency = fee
        row = {
            "external_id": order.external_id,
            "order_id": order.id,
            "symbol": pair,
            "side": order.side,
            "quantity": quantity,
            "price": price,
            "executed_at": order.at,
            "fee": rounded(amount),
            "fee_currency": currency,
            "order_type": order.type,
            "strategy": name or trade.get("strategy"),
            "note": order.tag,
        }
        return read_fill(row, now=self.now, needs_id=False)

    def _funding(self, trade: Mapping[str, Any], facts: TradeFacts, where: str) -> None:
        """What was paid or received for holding the position, when it was closed."""
        amount = self.rounder.short(trade.get("funding_fees") or 0)
        if not amount:
            return
        if not facts.closed:
            reason = f"{where}: the funding of an open trade is not final"
            facts.skipped.append(SkippedRow(0, reason))
            return
        id = f"freqtrade:funding-{trade.get('trade_id')}" if self.live else ""
        row = {
            "external_id": id,
            "kind": "funding",
            "asset": self.stake or facts.symbol.partition("-")[2],
            "amount": amount,
            "at": max(fill.executed_at for fill, _ in facts.fills),
            "symbol": facts.symbol,
            "strategy": facts.fills[0][0].strategy,
        }
        facts.funding.append(read_transfer(row, now=self.now, needs_id=False))


def _ends(trade: Mapping[str, Any], facts: TradeFacts) -> list[_Order]:
    """The entry and (closed) the exit of a trade that lists no orders."""
    id = trade.get("trade_id")
    sides = ("sell", "buy") if facts.short else ("buy", "sell")
    tags = trade.get("enter_tag"), trade.get("exit_reason")
    ends = ("open", "close") if facts.closed else ("open",)
    return [
        _Order(
            external_id="" if id is None else f"freqtrade:{id}:{end}",
            entry=end == "open",
            side=side,
            quantity=trade["amount"],
            price=trade[f"{end}_rate"],
            at=_time(trade, f"{end}_date"),
            tag=str(tag or ""),
        )
        for end, side, tag in zip(ends, sides, tags, strict=False)
    ]


def _side(order: Mapping[str, Any], *, entry: bool, short: bool) -> str:
    """A stop loss that rests on the exchange is an exit: its side says what it is."""
    side = str(order["ft_order_side"])
    if side == "stoploss":
        return "sell" if entry is short else "buy"
    return side


def _filled_at(order: Mapping[str, Any]) -> datetime | None:
    milliseconds = order.get("order_filled_timestamp")
    if milliseconds is not None:
        return from_milliseconds(int(stated_number(milliseconds)))
    if order.get("order_filled_date") is None:
        return None
    return _time(order, "order_filled_date")


def _time(values: Mapping[str, Any], name: str) -> datetime:
    try:
        return read_time(values[name], UTC)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _fees(
    trade: Mapping[str, Any], orders: Sequence[_Order], symbol: str
) -> list[tuple[Decimal, str] | None]:
    """The fee of each order that the bot knows in another currency than the quote:
    it keeps what the first order of each end was charged, and that for good. None:
    what the rate says, by which it reckons all others itself."""
    fees: list[tuple[Decimal, str] | None] = [None] * len(orders)
    for end, entry in (("open", True), ("close", False)):
        cost = trade.get(f"fee_{end}_cost")
        currency = capitals(str(trade.get(f"fee_{end}_currency") or ""))
        if cost is None or not currency or currency == symbol.partition("-")[2]:
            continue
        first = next(
            (i for i, order in enumerate(orders) if order.entry is entry), None
        )
        if first is not None:
            fees[first] = stated_number(cost), currency
    return fees

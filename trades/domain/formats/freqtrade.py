"""A freqtrade backtest export."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from kernel.numbers import QUANTUM, ZERO, NotExact, exact, rounded, text
from trades.domain.facts import NewFill, NewTransfer
from trades.domain.formats.dialect import row_id
from trades.domain.formats.parsed import BrokenRow, NotAFile, ParsedFile
from trades.domain.ordering import numbered
from trades.domain.reading import NotAFact, read_fill, read_time


def read(source: str, now: datetime) -> ParsedFile:
    """What the export says; floats beyond 18 decimals are rounded and reported."""
    return _Export(source, now).content


class _Export:
    """`strategy.<name>.trades[]`: each trade is an entry and (closed) an exit.

    Fees are rates of the amount, in the quote currency. Floats written out in full
    can have more than 18 decimals: they are rounded half-even and reported.
    """

    def __init__(self, source: str, now: datetime) -> None:
        self.now = now
        self.content = ParsedFile("freqtrade")
        self.seen: Counter[str] = Counter()
        self.fills: list[NewFill] = []
        for name, run in self._runs(source).items():
            self._run(str(name), run)
        if not self.fills and not self.content.broken:
            raise NotAFile("the export holds no trades")
        self.content.fills = _in_time(self.fills)

    def _runs(self, source: str) -> Mapping[str, Any]:
        try:
            document = json.loads(source, parse_float=Decimal)
        except (ValueError, RecursionError) as error:
            raise NotAFile(f"this is no JSON: {error}") from None
        runs = document.get("strategy") if isinstance(document, dict) else None
        if not isinstance(runs, dict) or not all(
            isinstance(run, dict) and isinstance(run.get("trades"), list)
            for run in runs.values()
        ):
            raise NotAFile("line 1: no freqtrade export (strategy.<name>.trades)")
        return runs

    def _run(self, name: str, run: Mapping[str, Any]) -> None:
        first = len(self.fills)
        gross = net = stated = ZERO
        for index, trade in enumerate(run["trades"]):
            rounded_before = self.content.largest_rounding
            try:
                made, errors = self._trade(name, trade)
            except (NotAFact, ValueError, NotExact, ArithmeticError, KeyError) as error:
                self.content.largest_rounding = rounded_before
                reason = f"{error} is missing" if isinstance(error, KeyError) else error
                self.content.broken.append(
                    BrokenRow(0, f"{name}, trade {index + 1}: {reason}")
                )
                continue
            self.fills.extend(made)
            if errors:
                self.content.rounded_rows += 1
                self.content.largest_rounding = max(
                    self.content.largest_rounding, *errors
                )
            if len(made) == 2:
                sign = 1 if made[0].side == "buy" else -1
                gain = sign * (made[1].booked_amount - made[0].booked_amount)
                gross += gain
                net += gain - made[0].fee - made[1].fee
                stated += _decimal(trade.get("profit_abs", 0))
        self._deposit(name, run, self.fills[first:])
        self.content.quote = self.content.quote or str(run.get("stake_currency", ""))
        self.content.stated[f"{name} sum of profit_abs"] = text(stated)
        if "profit_total_abs" in run:
            total = _decimal(run["profit_total_abs"])
            self.content.stated[f"{name} profit_total_abs"] = text(total)
        self.content.recomputed[f"{name} gross"] = text(gross)
        self.content.recomputed[f"{name} net of fees"] = text(net)
        self.content.recomputed[f"{name} gross less stated"] = text(gross - stated)

    def _trade(
        self, name: str, trade: Mapping[str, Any]
    ) -> tuple[list[NewFill], list[Decimal]]:
        """The entry and the exit of a trade, with the rounding errors made."""
        if not isinstance(trade, dict):
            raise NotAFile("is no object")
        content = json.dumps(trade, sort_keys=True, default=str)
        identity = row_id("freqtrade", (name, content), self.seen)
        short = bool(trade.get("is_short"))
        self.content.needs_shorts |= short
        errors: list[Decimal] = []
        entry = self._side(
            name, trade, "open", "sell" if short else "buy", identity, errors
        )
        if trade.get("is_open") or not trade.get("close_date"):
            return [entry], errors
        leaving = self._side(
            name, trade, "close", "buy" if short else "sell", identity, errors
        )
        return [entry, leaving], errors

    def _side(
        self,
        name: str,
        trade: Mapping[str, Any],
        end: str,
        side: str,
        identity: str,
        errors: list[Decimal],
    ) -> NewFill:
        quantity = _short(_decimal(trade["amount"]), errors)
        price = _short(_decimal(trade[f"{end}_rate"]), errors)
        rate = _decimal(trade.get(f"fee_{end}") or 0)
        row = {
            "external_id": f"{identity}:{end}",
            "symbol": str(trade["pair"]).partition(":")[0],
            "side": side,
            "quantity": quantity,
            "price": price,
            "executed_at": trade[f"{end}_date"],
            "fee": rounded(quantity * price * rate),
            "strategy": name,
            "note": str(
                trade.get("enter_tag" if end == "open" else "exit_reason") or ""
            ),
        }
        return read_fill(row, now=self.now, zone=ZoneInfo("UTC"))

    def _deposit(
        self, name: str, run: Mapping[str, Any], fills: Sequence[NewFill]
    ) -> None:
        """The run's starting balance comes in before its first fill."""
        if not fills or not run.get("starting_balance"):
            return
        at = min(fill.executed_at for fill in fills)
        if run.get("backtest_start"):
            at = min(at, read_time(run["backtest_start"], ZoneInfo("UTC")))
        amount = _short(_decimal(run["starting_balance"]), [])
        currency = str(run.get("stake_currency") or fills[0].symbol.partition("-")[2])
        content = (name, str(at), text(amount), currency)
        self.content.transfers.append(
            NewTransfer(
                external_id=row_id("freqtrade-start", content, Counter()),
                kind="deposit",
                asset=currency,
                amount=amount,
                at=at,
                note=f"starting balance of {name}",
            )
        )


def _decimal(value: Any) -> Decimal:
    """The exact Decimal of a JSON number or text. Raises ValueError."""
    if isinstance(value, bool) or value is None:
        raise ValueError(f"{value!r} is no number")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{str(value)[:40]!r} is no number") from None
    if not number.is_finite():
        raise ValueError(f"{str(value)[:40]!r} is not finite")
    return number


def _short(number: Decimal, errors: list[Decimal]) -> Decimal:
    """Half-even to 18 decimals; what that changed joins `errors`."""
    if abs(number) >= Decimal(10) ** 20:
        raise ValueError(f"{str(number)[:40]} is larger than the ledger holds")
    short = number.quantize(QUANTUM, rounding=ROUND_HALF_EVEN)
    if short != number:
        errors.append(abs(short - number))
    return exact(short)


def _in_time(fills: Sequence[NewFill]) -> list[NewFill]:
    """In order of time. At one moment come first the exits of older trades, for
    their capital is used again, then entries, then the exits of those."""
    opened = {
        fill.external_id.removesuffix(":open"): fill.executed_at
        for fill in fills
        if fill.external_id.endswith(":open")
    }

    def rank(fill: NewFill) -> int:
        trade, _, end = fill.external_id.rpartition(":")
        if end == "open":
            return 1
        return 2 if opened[trade] == fill.executed_at else 0

    return numbered(sorted(fills, key=lambda fill: (fill.executed_at, rank(fill))))

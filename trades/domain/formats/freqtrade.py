"""freqtrade: a backtest result (alone or in its .zip) and the live bot's trades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from kernel.numbers import ZERO, text
from trades.domain.facts import NewFill, NewTransfer
from trades.domain.formats.freqtrade_trades import TradeFacts, TradeReader
from trades.domain.formats.identity import drop_repeats, name_rows
from trades.domain.formats.parsed import (
    BrokenRow,
    Declared,
    NotAFile,
    ParsedFile,
    StatedProfit,
    broken_row,
)
from trades.domain.formats.rounding import Rounder, stated_number
from trades.domain.reading import NotAFact, read_transfer
from trades.domain.times import read_time

UTC = ZoneInfo("UTC")
# freqtrade rounds what it states to 8 decimals, and computes it in binary floats.
STATED_TO = Decimal("1e-8")
FLOAT = Decimal("1e-12")


def are_live_trades(value: Any) -> bool:
    """Whether a document is what the bot answers to /api/v1/trades."""
    trades = value.get("trades") if isinstance(value, Mapping) else None
    return isinstance(trades, list) and all(
        isinstance(trade, Mapping) and {"trade_id", "pair"} <= set(trade)
        for trade in trades
    )


def read_result(
    document: Mapping[str, Any], declared: Declared, now: datetime
) -> ParsedFile:
    """`strategy.<name>.trades[]`; a broken trade is named by its place."""
    file = _File(declared, now, live=False)
    for name, run in document["strategy"].items():
        file.run(str(name), run)
    return file.close()


def read_live(
    document: Mapping[str, Any], declared: Declared, now: datetime
) -> ParsedFile:
    """The bot's trades, open ones too; orders that filled nothing are named."""
    file = _File(declared, now, live=True)
    file.trades(document["trades"], "")
    return file.close()


class _File:
    """Gathers the facts of all trades, and the stated profits beside ours."""

    def __init__(self, declared: Declared, now: datetime, *, live: bool) -> None:
        self.parsed = ParsedFile("freqtrade")
        self.declared = declared
        self.now = now
        self.rounder = Rounder(self.parsed)
        self.reader = TradeReader(self.rounder, now, live=live)
        self.facts: list[tuple[datetime, int, int, NewFill | NewTransfer]] = []

    def run(self, name: str, run: Mapping[str, Any]) -> None:
        self.reader.stake = str(run.get("stake_currency") or "")
        read = self.trades(run["trades"], name)
        self.parsed.quote = self.parsed.quote or self.reader.stake
        for part in (self._deposit, self._totals):
            try:
                part(name, run, read)
            except NotAFact as error:
                self.parsed.broken.append(broken_row(0, error, name))
            except (ValueError, OverflowError, ArithmeticError) as error:
                self.parsed.broken.append(BrokenRow(0, f"{name}: {error}"))

    def _totals(
        self, name: str, run: Mapping[str, Any], read: Sequence[TradeFacts]
    ) -> None:
        """What all trades of a run come to, and what the run says that they do."""
        closed = [facts for facts in read if facts.closed]
        gross = sum((facts.gross for facts in closed), ZERO)
        fees = sum((facts.fees for facts in closed), ZERO)
        stated = sum((facts.stated or ZERO for facts in closed), ZERO)
        self.parsed.stated[f"{name} sum of its trades’ profits"] = text(stated)
        self.parsed.recomputed |= {
            f"{name} gross": text(gross),
            f"{name} net of fees": text(gross - fees),
            f"{name} gross less stated": text(gross - stated),
        }
        if "profit_total_abs" not in run:
            return
        total = stated_number(run["profit_total_abs"])
        self.parsed.stated[f"{name} total profit"] = text(total)
        self.parsed.compare(
            StatedProfit(
                what=f"{name}: all trades",
                stated=total,
                gross=gross,
                fees=fees,
                rounding=sum((_rounding(facts) for facts in closed), ZERO),
            )
        )

    def trades(self, trades: Sequence[Any], name: str) -> list[TradeFacts]:
        """Read trades; what each comes to, broken ones left out."""
        read = []
        for place, trade in enumerate(trades, start=1):
            where = f"{name}, trade {place}" if name else f"trade {place}"
            facts = self._trade(trade, name, where)
            if facts is None:
                continue
            self._keep(facts)
            read.append(facts)
            if facts.stated is not None:
                self.parsed.compare(
                    StatedProfit(
                        what=f"{where}: {facts.symbol}",
                        stated=facts.stated,
                        gross=facts.gross,
                        fees=facts.fees,
                        rounding=_rounding(facts),
                    )
                )
        return read

    def _trade(self, trade: Any, name: str, where: str) -> TradeFacts | None:
        try:
            if not isinstance(trade, Mapping):
                raise NotAFile("is no object")
            with self.rounder.row():
                return self.reader.read(trade, name, where)
        except NotAFact as error:
            self.parsed.broken.append(broken_row(0, error, where))
        except KeyError as error:
            self.parsed.broken.append(BrokenRow(0, f"{where}: {error} is missing"))
        except (ValueError, OverflowError, ArithmeticError) as error:
            self.parsed.broken.append(BrokenRow(0, f"{where}: {error}"))
        return None

    def _keep(self, facts: TradeFacts) -> None:
        """At one moment come first the exits of older trades, for their capital is
        used again, then entries, then the exits of those; funding before an exit."""
        self.parsed.needs_shorts |= facts.short
        self.parsed.skipped += facts.skipped
        for funding in facts.funding:
            rank = 2 if funding.at == facts.opened_at else 0
            self._add(funding.at, rank, funding)
        for fill, entry in facts.fills:
            at = fill.executed_at
            rank = 1 if entry else 2 if at == facts.opened_at else 0
            self._add(at, rank, fill)

    def _add(self, at: datetime, rank: int, fact: NewFill | NewTransfer) -> None:
        self.facts.append((at, rank, len(self.facts), fact))

    def _deposit(
        self, name: str, run: Mapping[str, Any], read: Sequence[TradeFacts]
    ) -> None:
        """The run's starting balance comes in before its first fill."""
        times = [fill.executed_at for facts in read for fill, _ in facts.fills]
        if not times or not run.get("starting_balance"):
            return
        at = min(times)
        if run.get("backtest_start"):
            at = min(at, read_time(run["backtest_start"], UTC))
        currency = self.reader.stake or read[0].symbol.partition("-")[2]
        row = {
            "kind": "deposit",
            "asset": currency,
            "amount": self.rounder.short(run["starting_balance"]),
            "at": at,
            "note": f"starting balance of {name}",
        }
        deposit = read_transfer(row, now=self.now, needs_id=False)
        self._add(at, -1, deposit)

    def close(self) -> ParsedFile:
        parsed = self.parsed
        if not self.facts and not parsed.broken and not parsed.skipped:
            raise NotAFile("the export holds no trades")
        self.facts.sort(key=lambda ranked: ranked[:3])
        for sequence, (*_, fact) in enumerate(self.facts):
            if isinstance(fact, NewFill):
                parsed.fills.append(replace(fact, sequence=sequence))
            else:
                parsed.transfers.append(replace(fact, sequence=sequence))
        drop_repeats(parsed)
        name_rows("freqtrade", parsed, self.declared.base_currency)
        return parsed


def _rounding(facts: TradeFacts) -> Decimal:
    return STATED_TO + FLOAT * facts.turnover

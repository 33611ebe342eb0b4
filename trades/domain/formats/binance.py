"""Binance's transaction history: a ledger, one row for each coin that moved; its times
are UTC."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from kernel.numbers import ZERO, NotExact, rounded
from trades.domain.formats.dialect import Table, cell_number
from trades.domain.formats.file_order import arrange
from trades.domain.formats.identity import name_rows
from trades.domain.formats.pairs import quote_of
from trades.domain.formats.parsed import (
    BrokenRow,
    Declared,
    NotAFile,
    ParsedFile,
    SkippedRow,
    broken_row,
)
from trades.domain.formats.times import FileTimes
from trades.domain.formats.unknown import unknown_rows
from trades.domain.reading import NotAFact, capitals, read_fill, read_transfer

COLUMNS = ("account", "operation", "coin", "change")
TIMES = ("utc_time", "time")  # "Time" in newer files, beside "User ID"
FEES = ("fee", "transaction fee")
LEGS = (
    "buy",
    "sell",
    "transaction related",
    "transaction buy",
    "transaction spend",
    "transaction sold",
    "transaction revenue",
)
TRANSFERS = {
    "deposit": "deposit",
    "withdraw": "withdrawal",
    "withdrawal": "withdrawal",
    "savings interest": "interest",
    "simple earn flexible interest": "interest",
    "simple earn locked rewards": "interest",
    "staking rewards": "interest",
    "distribution": "interest",
    "funding fee": "funding",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One row: what moved. `place` is where the file has it."""

    line: int
    place: int
    account: str
    at: datetime
    word: str
    coin: str
    change: Decimal


def read(table: Table, declared: Declared, now: datetime) -> ParsedFile:
    """What the ledger says, broken rows named by line; a kind of row that is not known
    is a difference and books nothing."""
    times = dict.fromkeys(TIMES, "utc_time")
    names = table.names_of({name: name for name in COLUMNS} | times)
    if "utc_time" not in names:
        raise NotAFile(f"line {table.header_line}: no column 'utc_time' or 'time'")
    parsed = ParsedFile("binance", dialect=table.dialect(names))
    ledger = _Ledger(table, parsed, now)
    for line, row in table.rows(names, parsed.broken):
        ledger.row(line, row)
    if not ledger.rows and not parsed.broken:
        raise NotAFile("the file has a header and no rows")
    ledger.close()
    arrange(parsed, ledger.times)
    name_rows("binance", parsed, declared.base_currency)
    return parsed


class _Ledger:
    """Gathers rows of one account and second into fills."""

    def __init__(self, table: Table, parsed: ParsedFile, now: datetime) -> None:
        self.table = table
        self.parsed = parsed
        self.now = now
        self.times = FileTimes(ZoneInfo("UTC"))
        self.rows = 0
        self.trades: dict[tuple[str, datetime], list[_Entry]] = defaultdict(list)
        self.unknown: dict[str, list[int]] = defaultdict(list)

    def row(self, line: int, row: dict[str, str]) -> None:
        self.rows += 1
        try:
            row = self.table.with_points(row, ("change",))
            entry = _Entry(
                line=line,
                place=self.rows,
                account=row.get("account", ""),
                at=self.times.read(row.get("utc_time", ""), line),
                word=row.get("operation", "").lower(),
                coin=capitals(row.get("coin", "")),
                change=cell_number(row, "change"),
            )
        except (ValueError, OverflowError) as error:
            self.parsed.broken.append(BrokenRow(line, str(error)))
            return
        if entry.word in FEES or entry.word in LEGS:
            self.trades[entry.account, entry.at].append(entry)
        elif entry.word in TRANSFERS:
            self._transfer(entry)
        else:
            self.unknown[row.get("operation", "")].append(line)

    def _transfer(self, entry: _Entry) -> None:
        if not entry.change:
            self.parsed.skipped.append(
                SkippedRow(entry.line, f"{entry.word}: nothing moved, the change is 0")
            )
            return
        try:
            self.parsed.transfers.append(
                read_transfer(
                    {
                        "kind": TRANSFERS[entry.word],
                        "asset": entry.coin,
                        "amount": entry.change,
                        "at": entry.at,
                    },
                    now=self.now,
                    line=entry.line,
                    place=entry.place,
                    needs_id=False,
                )
            )
        except NotAFact as error:
            self.parsed.broken.append(broken_row(entry.line, error))

    def close(self) -> None:
        """Make the fills, and name the kinds of rows that are not known."""
        for entries in self.trades.values():
            try:
                self._fill(entries)
            except NotAFact as error:
                self.parsed.broken.append(broken_row(entries[0].line, error))
            except NotExact as error:
                self.parsed.broken += [
                    BrokenRow(entry.line, str(error)) for entry in entries
                ]
        for word, lines in self.unknown.items():
            self.parsed.differences.append(
                unknown_rows(word or "a row without an operation", lines)
            )

    def _fill(self, entries: Sequence[_Entry]) -> None:
        legs: dict[str, Decimal] = defaultdict(lambda: ZERO)
        fees: dict[str, Decimal] = defaultdict(lambda: ZERO)
        signs: set[tuple[str, bool]] = set()
        for entry in entries:
            if entry.word in FEES:
                fees[entry.coin] -= entry.change
            else:
                legs[entry.coin] += entry.change
                signs.add((entry.coin, entry.change > 0))
        quote = quote_of(set(legs))
        if len(legs) != 2 or len(signs) != 2 or len(fees) > 1 or quote is None:
            raise NotExact(
                "the rows of this account and second are not one trade (two coins, "
                "one of them a known quote currency, and a fee in one currency)"
            )
        (base,) = set(legs) - {quote}
        quantity, amount = abs(legs[base]), abs(legs[quote])
        if legs[base] * legs[quote] >= 0:
            raise NotExact("the two coins of this second do not pay for each other")
        fee_currency, fee = next(iter(fees.items()), (quote, ZERO))
        first = min(entries, key=lambda entry: entry.place)
        self.parsed.fills.append(
            read_fill(
                {
                    "symbol": f"{base}-{quote}",
                    "side": "buy" if legs[base] > 0 else "sell",
                    "quantity": quantity,
                    "price": rounded(amount / quantity),
                    "executed_at": first.at,
                    "fee": fee,
                    "fee_currency": fee_currency,
                },
                now=self.now,
                line=first.line,
                place=first.place,
                amount=amount,
                needs_id=False,
            )
        )

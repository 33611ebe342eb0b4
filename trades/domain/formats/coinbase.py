"""A Coinbase account statement."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from kernel.numbers import ZERO, NotExact, exact, rounded, text
from trades.domain.facts import NewBalance, NewFill, NewTransfer
from trades.domain.formats.dialect import csv_rows, row_id
from trades.domain.formats.parsed import BrokenRow, NotAFile, ParsedFile
from trades.domain.ordering import of_file
from trades.domain.reading import read_time

COLUMNS = ("type", "amount", "balance", "amount/balance unit", "trade id", "order id")
KINDS = ("match", "fee", "deposit", "withdrawal", "conversion")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    line: int
    kind: str
    at: datetime
    amount: Decimal
    balance: Decimal
    unit: str
    transfer: str
    trade: str
    order: str


def read(
    source: str, now: datetime, zone: ZoneInfo | None, base_currency: str
) -> ParsedFile:
    """What the statement says; `zone` and `base_currency` as in read_file."""
    return _Statement(source, now, zone, base_currency).content


class _Statement:
    """One row per movement of entry currency: a fill has two match rows and a fee.

    The leg in the fee's unit is the quote. The running balance of each row is
    checked against the sum of amounts so far, and the last one of each time kept.
    """

    def __init__(
        self, source: str, now: datetime, zone: ZoneInfo | None, base_currency: str
    ) -> None:
        self.now = now
        self.zone = zone
        self.base = base_currency
        self.content = ParsedFile("coinbase")
        header, rows = csv_rows(source)
        missing = [name for name in COLUMNS if name not in header]
        if missing:
            raise NotAFile(f"line 1: no Coinbase statement: it lacks {missing[0]!r}")
        entries = [
            entry for line, cells in rows if (entry := self._read(header, line, cells))
        ]
        if len(entries) > 1 and entries[0].at > entries[-1].at:
            entries.reverse()
        self._reconcile(entries)
        self._fills(entries)
        self._transfers(entries)

    def _broken(self, line: int, reason: str) -> None:
        self.content.broken.append(BrokenRow(line, reason))

    def _read(self, header: list[str], line: int, cells: list[str]) -> _Row | None:
        if len(cells) != len(header):
            self._broken(line, f"has {len(cells)} cells, the header {len(header)}")
            return None
        row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
        try:
            at = read_time(row.get("timestamp") or row.get("time") or "", self.zone)
            amount, balance = exact(row["amount"]), exact(row["balance"])
        except (ValueError, NotExact, OverflowError) as error:
            self._broken(line, str(error))
            return None
        if at > self.now:
            self._broken(line, f"{at:%Y-%m-%d} lies in the future")
            return None
        kind = row["type"].lower()
        if kind not in KINDS:
            self._broken(line, f"type: {row['type'][:20]!r} is not known")
            return None
        return _Row(
            line=line,
            kind=kind,
            at=at,
            amount=amount,
            balance=balance,
            unit=row["amount/balance unit"].upper(),
            transfer=row.get("transfer id", ""),
            trade=row["trade id"],
            order=row["order id"],
        )

    def _reconcile(self, entries: Sequence[_Row]) -> None:
        running: dict[str, Decimal] = {}
        stated: dict[tuple[str, datetime], Decimal] = {}
        for entry in entries:
            before = running.get(entry.unit)
            if before is not None and before + entry.amount != entry.balance:
                self._broken(
                    entry.line,
                    f"balance: {text(before)} {text(entry.amount)} is not "
                    f"{text(entry.balance)} {entry.unit}",
                )
            elif before is None and entry.balance != entry.amount:
                self.content.notes.append(
                    f"line {entry.line}: the statement begins with "
                    f"{text(entry.balance - entry.amount)} {entry.unit} held before"
                )
            running[entry.unit] = entry.balance
            stated[entry.unit, entry.at] = entry.balance
        self.content.balances = [
            NewBalance(asset=unit, amount=amount, at=at, source="coinbase")
            for (unit, at), amount in stated.items()
        ]
        for unit, amount in sorted(running.items()):
            self.content.stated[f"balance {unit}"] = text(amount)

    def _fills(self, entries: Sequence[_Row]) -> None:
        groups: dict[str, list[_Row]] = defaultdict(list)
        for entry in entries:
            if entry.kind in ("match", "fee"):
                groups[entry.trade].append(entry)
        fee_units = Counter(entry.unit for entry in entries if entry.kind == "fee")
        fills = []
        for trade, rows in groups.items():
            fill = self._fill(trade, rows, fee_units)
            if fill is not None:
                fills.append(fill)
        self.content.fills = of_file(fills)
        quotes = Counter(fill.symbol.partition("-")[2] for fill in fills)
        self.content.quote = quotes.most_common(1)[0][0] if len(quotes) == 1 else ""

    def _fill(
        self, trade: str, rows: Sequence[_Row], fee_units: Counter[str]
    ) -> NewFill | None:
        legs = [entry for entry in rows if entry.kind == "match"]
        fees = [entry for entry in rows if entry.kind == "fee"]
        line = rows[0].line
        if len(legs) != 2 or len(fees) > 1 or legs[0].unit == legs[1].unit:
            self._broken(line, f"trade {trade or 'without id'}: not two legs and a fee")
            return None
        quote = self._quote(legs, fees, fee_units)
        base = next((leg for leg in legs if leg.unit != quote), legs[0])
        other = next((leg for leg in legs if leg.unit == quote), None)
        if other is None or base.amount * other.amount >= 0:
            self._broken(line, f"trade {trade}: its legs do not pay for each other")
            return None
        quantity, amount = abs(base.amount), abs(other.amount)
        return NewFill(
            external_id=f"coinbase:{trade}",
            symbol=f"{base.unit}-{quote}",
            side="buy" if base.amount > 0 else "sell",
            quantity=quantity,
            price=rounded(amount / quantity),
            executed_at=base.at,
            fee=-fees[0].amount if fees else ZERO,
            fee_currency=fees[0].unit if fees else quote,
            amount=amount,
            order_id=base.order,
            line=line,
        )

    def _quote(
        self, legs: Sequence[_Row], fees: Sequence[_Row], fee_units: Counter[str]
    ) -> str:
        """The currency a fill was paid in: its fee's, else the book's base, else the
        one in which this file's other fees were charged."""
        if fees:
            return fees[0].unit
        units = {leg.unit for leg in legs}
        if self.base in units:
            return self.base
        return max(sorted(units), key=lambda unit: fee_units[unit])

    def _transfers(self, entries: Sequence[_Row]) -> None:
        quote = self.base or self.content.quote
        traded = {fill.symbol.partition("-")[0]: fill.symbol for fill in self._newest()}
        seen: Counter[str] = Counter()
        for entry in entries:
            if entry.kind not in ("deposit", "withdrawal"):
                continue
            content = (entry.kind, str(entry.at), text(entry.amount), entry.unit)
            self.content.transfers.append(
                NewTransfer(
                    external_id=f"coinbase:{entry.transfer}"
                    if entry.transfer
                    else row_id("coinbase", content, seen),
                    kind=entry.kind,
                    asset=entry.unit,
                    amount=entry.amount,
                    at=entry.at,
                    symbol="" if entry.unit == quote else traded.get(entry.unit, ""),
                    line=entry.line,
                )
            )

    def _newest(self) -> list[NewFill]:
        """Fills in the book's base currency last: they name an asset's instrument."""
        quote = self.base or self.content.quote
        return sorted(self.content.fills, key=lambda f: f.symbol.endswith(f"-{quote}"))

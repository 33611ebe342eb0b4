"""A Coinbase account statement."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime

from kernel.numbers import ZERO, rounded
from trades.domain.facts import NewFill
from trades.domain.formats.coinbase_balances import Balances, StatementRow
from trades.domain.formats.dialect import Table, cell_number
from trades.domain.formats.file_order import RowTime, arrange, places
from trades.domain.formats.identity import drop_repeats, name_rows
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
from trades.domain.reading import ASSET, NotAFact, capitals, read_fill, read_transfer

COLUMNS = ("type", "amount", "balance", "amount/balance unit", "trade id", "order id")
OPTIONAL = ("portfolio", "timestamp", "time", "transfer id")
NUMBERS = ("amount", "balance")
KINDS = {
    "deposit": "deposit",
    "withdrawal": "withdrawal",
    "conversion": "transfer",
    # Rewards are interest: income in kind at what the coin is worth then.
    "reward": "interest",
    "rebate": "interest",
}
DEFAULT = "default"


def read(table: Table, declared: Declared, now: datetime) -> ParsedFile:
    """What the statement says; a balance that its rows do not come to, and kinds of
    rows that are not known, are differences."""
    names = table.names_of({name: name for name in (*COLUMNS, *OPTIONAL)})
    parsed = ParsedFile("coinbase", dialect=table.dialect(names))
    statement = _Statement(parsed, declared, now)
    for line, row in table.rows(names, parsed.broken):
        try:
            statement.row(line, table.with_points(row, NUMBERS))
        except (ValueError, OverflowError) as error:
            parsed.broken.append(BrokenRow(line, str(error)))
    statement.close()
    return parsed


class _Statement:
    """One row for each movement of a currency: a fill has two match rows and a fee.

    The leg in the fee's unit is the quote. Rows of one trade id are one fill where
    portfolio and order agree: trade ids repeat across products.
    """

    def __init__(self, parsed: ParsedFile, declared: Declared, now: datetime) -> None:
        self.parsed = parsed
        self.now = now
        self.base = declared.base_currency
        self.times = FileTimes(declared.zone)
        self.rows: list[StatementRow] = []
        self.unknown: dict[str, list[int]] = defaultdict(list)

    def row(self, line: int, cells: dict[str, str]) -> None:
        """Raises ValueError."""
        at = self.times.read(cells.get("timestamp") or cells.get("time") or "", line)
        if at > self.now:
            raise ValueError(f"{at:%Y-%m-%d} lies in the future")
        kind = cells.get("type", "").lower()
        if kind not in KINDS and kind not in ("match", "fee"):
            self.unknown[kind or "a row without a type"].append(line)
        unit = capitals(cells.get("amount/balance unit", ""))
        if not unit:
            raise ValueError("amount/balance unit: is missing")
        if not ASSET.fullmatch(unit):
            raise ValueError(
                f"amount/balance unit: {unit[:20]!r} is no currency or asset"
            )
        self.rows.append(
            StatementRow(
                line=line,
                place=len(self.rows),
                kind=kind,
                portfolio=cells.get("portfolio", "") or DEFAULT,
                at=at,
                amount=cell_number(cells, "amount"),
                balance=cell_number(cells, "balance"),
                unit=unit,
                transfer=cells.get("transfer id", ""),
                trade=cells.get("trade id", ""),
                order=cells.get("order id", ""),
            )
        )

    def close(self) -> None:
        """Balances, fills and transfers out of all rows."""
        parsed = self.parsed
        if not self.rows and not parsed.broken:
            raise NotAFile("the file has a header and no rows")
        order = places(
            [RowTime((row.portfolio, row.unit), row.at) for row in self.rows]
        )
        in_time = [
            row
            for _, row in sorted(
                zip(order, self.rows, strict=True),
                key=lambda ranked: (ranked[1].at, ranked[0]),
            )
        ]
        known = {row.line for row in in_time} - {
            line for lines in self.unknown.values() for line in lines
        }
        balances = Balances(parsed)
        for row in in_time:
            balances.row(row, booked=row.line in known)
        balances.close()
        for kind, lines in self.unknown.items():
            parsed.differences.append(unknown_rows(kind, lines))
        self._fills()
        self._transfers()
        arrange(parsed, self.times)
        drop_repeats(parsed)
        name_rows("coinbase", parsed, self.base)

    def _fills(self) -> None:
        groups: dict[tuple[str, str, str], list[StatementRow]] = defaultdict(list)
        for row in self.rows:
            if row.kind in ("match", "fee"):
                groups[row.portfolio, row.trade, row.order].append(row)
        fee_units = Counter(row.unit for row in self.rows if row.kind == "fee")
        for rows in groups.values():
            try:
                self.parsed.fills.append(self._fill(rows, fee_units))
            except ValueError as error:
                self.parsed.broken.append(BrokenRow(rows[0].line, str(error)))
        quotes = {fill.symbol.partition("-")[2] for fill in self.parsed.fills}
        self.parsed.quote = quotes.pop() if len(quotes) == 1 else ""

    def _fill(self, rows: Sequence[StatementRow], fee_units: Counter[str]) -> NewFill:
        legs = [row for row in rows if row.kind == "match"]
        fees = [row for row in rows if row.kind == "fee"]
        first = rows[0]
        if len(legs) != 2 or len(fees) > 1 or legs[0].unit == legs[1].unit:
            named = first.trade or "without id"
            raise ValueError(f"trade {named}: not two legs and a fee")
        quote = self._quote(legs, fees, fee_units)
        base = next((leg for leg in legs if leg.unit != quote), legs[0])
        other = next((leg for leg in legs if leg.unit == quote), None)
        if other is None or base.amount * other.amount >= 0:
            raise ValueError(f"trade {first.trade}: its legs do not pay for each other")
        quantity, amount = abs(base.amount), abs(other.amount)
        return read_fill(
            {
                "external_id": _external_id(first.portfolio, first.trade),
                "symbol": f"{base.unit}-{quote}",
                "side": "buy" if base.amount > 0 else "sell",
                "quantity": quantity,
                "price": rounded(amount / quantity),
                "executed_at": base.at,
                "fee": -fees[0].amount if fees else ZERO,
                "fee_currency": fees[0].unit if fees else quote,
                "order_id": base.order,
            },
            now=self.now,
            line=first.line,
            place=first.place,
            amount=amount,
            needs_id=False,
        )

    def _quote(
        self,
        legs: Sequence[StatementRow],
        fees: Sequence[StatementRow],
        fee_units: Counter[str],
    ) -> str:
        """The currency a fill was paid in: its fee's, else the book's base, else the
        one in which this file's other fees were charged."""
        if fees:
            return fees[0].unit
        units = {leg.unit for leg in legs}
        if self.base in units:
            return self.base
        return max(sorted(units), key=lambda unit: fee_units[unit])

    def _transfers(self) -> None:
        twice = Counter(row.transfer for row in self.rows if row.kind == "conversion")
        for row in self.rows:
            if row.kind not in KINDS:
                continue
            if not row.amount:
                reason = f"{row.kind}: nothing moved, the amount is 0"
                self.parsed.skipped.append(SkippedRow(row.line, reason))
                continue
            # The two halves of a conversion share one id.
            name = row.transfer
            if twice[name] > 1 and row.kind == "conversion":
                name = f"{name}:{row.unit}"
            self._transfer(row, _external_id(row.portfolio, name))

    def _transfer(self, row: StatementRow, external_id: str) -> None:
        values = {
            "external_id": external_id,
            "kind": KINDS[row.kind],
            "asset": row.unit,
            "amount": row.amount,
            "at": row.at,
        }
        try:
            self.parsed.transfers.append(
                read_transfer(
                    values,
                    now=self.now,
                    line=row.line,
                    place=row.place,
                    needs_id=False,
                )
            )
        except NotAFact as error:
            self.parsed.broken.append(broken_row(row.line, error))


def _external_id(portfolio: str, id: str) -> str:
    """Ids of Coinbase's repeat across portfolios; "" where the row has none."""
    if not id:
        return ""
    return f"coinbase:{id}" if portfolio == DEFAULT else f"coinbase:{portfolio}:{id}"

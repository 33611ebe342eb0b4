"""Kraken's trades.csv; its times are UTC."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from kernel.numbers import NotExact
from trades.domain.formats.dialect import Table
from trades.domain.formats.file_order import arrange
from trades.domain.formats.identity import drop_repeats
from trades.domain.formats.pairs import kraken_pair
from trades.domain.formats.parsed import (
    BrokenRow,
    Declared,
    NotAFile,
    ParsedFile,
    SkippedRow,
    broken_row,
)
from trades.domain.formats.rounding import check_cost, stated_number
from trades.domain.formats.times import FileTimes
from trades.domain.reading import NotAFact, read_fill

NAMES = {
    "txid": "external_id",
    "ordertxid": "order_id",
    "pair": "symbol",
    "time": "executed_at",
    "type": "side",
    "ordertype": "order_type",
    "price": "price",
    "cost": "cost",
    "fee": "fee",
    "vol": "quantity",
    "status": "status",
}
COLUMNS = frozenset(NAMES) - {"status", "ordertype"}
NUMBERS = ("price", "cost", "fee", "quantity")
CANCELLED = ("canceled", "cancelled", "expired")


def read(table: Table, declared: Declared, now: datetime) -> ParsedFile:
    """What the table says, broken rows named by line."""
    names = table.names_of(NAMES)
    parsed = ParsedFile("kraken", dialect=table.dialect(names))
    reader = _Trades(table, parsed, now)
    for line, row in table.rows(names, parsed.broken):
        reader.row(line, row)
    if not parsed.fills and not parsed.broken and not parsed.skipped:
        raise NotAFile("the file has a header and no rows")
    arrange(parsed, reader.times)
    drop_repeats(parsed)
    return parsed


class _Trades:
    """Reads rows into the result."""

    def __init__(self, table: Table, parsed: ParsedFile, now: datetime) -> None:
        self.table = table
        self.parsed = parsed
        self.now = now
        self.times = FileTimes(ZoneInfo("UTC"))

    def row(self, line: int, row: dict[str, str]) -> None:
        status = row.pop("status", "").lower()
        if status in CANCELLED:
            self.parsed.skipped.append(SkippedRow(line, f"{status}: nothing was done"))
            return
        try:
            self._fill(line, self.table.with_points(row, NUMBERS))
        except NotAFact as error:
            self.parsed.broken.append(broken_row(line, error))
        except (ValueError, OverflowError) as error:
            self.parsed.broken.append(BrokenRow(line, str(error)))

    def _fill(self, line: int, row: dict[str, str]) -> None:
        pair = row.get("symbol", "")
        symbol = kraken_pair(pair)
        if symbol is None:
            raise NotExact(f"pair: {pair[:20]!r} cannot be split into base and quote")
        cost = row.pop("cost", "")
        fill = read_fill(
            {
                **row,
                "symbol": symbol,
                "executed_at": self.times.read(row.get("executed_at", ""), line),
            },
            now=self.now,
            line=line,
            place=len(self.parsed.fills),
        )
        if cost:
            check_cost(self.parsed, fill, stated_number(cost), symbol)
        self.parsed.fills.append(fill)

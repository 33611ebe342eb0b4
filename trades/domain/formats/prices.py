"""A CSV of prices: one a row, or a day a row with a column for each symbol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from trades.domain.facts import NewPrice
from trades.domain.formats.dialect import Table
from trades.domain.formats.parsed import BrokenRow, Declared, NotAFile, broken_row
from trades.domain.reading import NotAFact, read_price

NEEDED = {"symbol", "at", "price"}
TIMES = {"date", "at", "time"}


def read(
    content: bytes, *, now: datetime, zone: ZoneInfo | None, currency: str = ""
) -> list[NewPrice | BrokenRow]:
    """The desk's prices of a CSV with symbol, at, price and maybe source and currency,
    or with date and a column for each symbol; a list of NewPrice and BrokenRow.
    `currency` is that of plain symbols whose rows name none. Raises NotAFile."""
    table = Table(content, Declared(zone=zone))
    broken: list[BrokenRow] = []
    rows: list[NewPrice | BrokenRow] = []
    for line, row in _rows(table, broken):
        if currency and not row.get("currency") and "-" not in row.get("symbol", "-"):
            row = {**row, "currency": currency}
        try:
            price = read_price(row, now=now, zone=zone, scope="desk", line=line)
        except NotAFact as error:
            rows.append(broken_row(line, error))
            continue
        if price.scope != "desk":
            reason = "a price file is the desk's; post own prices"
            rows.append(BrokenRow(line, reason))
        else:
            rows.append(price)
    return [*rows, *broken]


def _rows(
    table: Table, broken: list[BrokenRow]
) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Each price with its line, whichever way the file lies."""
    if set(table.header) >= NEEDED:
        yield from table.rows(
            table.names_of({name: name for name in table.header}), broken
        )
        return
    when, *symbols = table.header
    if when not in TIMES or not symbols or NEEDED & set(symbols):
        raise NotAFile(
            "line 1: needs the columns symbol, at, price (and maybe source, currency),"
            " or date and a column for each symbol"
        )
    names = table.names_of({name: name for name in table.header})
    for line, row in table.rows(names, broken):
        for symbol in symbols:
            if row.get(symbol):  # no price on that day
                yield line, {"symbol": symbol, "at": row[when], "price": row[symbol]}

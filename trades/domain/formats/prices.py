"""A CSV of prices."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from trades.domain.facts import NewPrice
from trades.domain.formats.dialect import Table
from trades.domain.formats.parsed import BrokenRow, Declared, NotAFile, broken_row
from trades.domain.reading import NotAFact, read_price


def read(
    content: bytes, *, now: datetime, zone: ZoneInfo | None
) -> list[NewPrice | BrokenRow]:
    """The desk's prices of a CSV with symbol, at, price and maybe source and currency;
    a list of NewPrice and BrokenRow. Raises NotAFile."""
    table = Table(content, Declared(zone=zone))
    if not {"symbol", "at", "price"} <= set(table.header):
        raise NotAFile(
            "line 1: needs the columns symbol, at, price (and maybe source, currency)"
        )
    rows: list[NewPrice | BrokenRow] = []
    broken: list[BrokenRow] = []
    names = table.names_of({name: name for name in table.header})
    for line, row in table.rows(names, broken):
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

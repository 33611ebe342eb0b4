"""A CSV of prices."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from trades.domain.facts import NewPrice
from trades.domain.formats.dialect import csv_rows, decoded
from trades.domain.formats.parsed import BrokenRow, NotAFile
from trades.domain.reading import NotAFact, read_price


def read(
    content: bytes, *, now: datetime, zone: ZoneInfo | None
) -> list[NewPrice | BrokenRow]:
    """The prices of a CSV with symbol, at, price and maybe source; a list of
    NewPrice and BrokenRow. Raises NotAFile."""
    header, lines = csv_rows(decoded(content))
    if not {"symbol", "at", "price"} <= set(header):
        raise NotAFile("line 1: needs the columns symbol, at, price (and maybe source)")
    rows: list[NewPrice | BrokenRow] = []
    for line, cells in lines:
        row = dict(zip(header, cells, strict=False))
        try:
            rows.append(read_price(row, now=now, zone=zone, line=line))
        except NotAFact as error:
            rows.append(BrokenRow(line, str(error)))
    return rows

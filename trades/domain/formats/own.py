"""Our own CSV: a header of the names of POST /api/trades."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

from trades.domain.formats.dialect import csv_rows, row_id
from trades.domain.formats.parsed import BrokenRow, NotAFile, ParsedFile
from trades.domain.ordering import of_file
from trades.domain.reading import FILL_FIELDS, NotAFact, read_fill

NEEDED = ("symbol", "side", "quantity", "price", "executed_at")


def read(text: str, now: datetime, zone: ZoneInfo | None) -> ParsedFile:
    header, rows = csv_rows(text)
    missing = [name for name in NEEDED if name not in header]
    unknown = [name for name in header if name not in (*FILL_FIELDS, "")]
    if missing or unknown:
        what = f"lacks {missing[0]!r}" if missing else f"does not know {unknown[0]!r}"
        raise NotAFile(f"line 1: the header {what}; columns: {', '.join(FILL_FIELDS)}")
    content = ParsedFile("own")
    seen: Counter[str] = Counter()
    fills = []
    ids: dict[str, int] = {}
    for line, cells in rows:
        if len(cells) != len(header):
            reason = f"has {len(cells)} cells, the header {len(header)}"
            content.broken.append(BrokenRow(line, reason))
            continue
        row = {
            name: cell for name, cell in zip(header, cells, strict=True) if cell.strip()
        }
        row.setdefault("external_id", row_id("csv", cells, seen))
        try:
            fill = read_fill(row, now=now, zone=zone, line=line)
        except NotAFact as error:
            content.broken.append(BrokenRow(line, str(error)))
            continue
        if fill.external_id in ids:
            reason = f"external_id: stands in line {ids[fill.external_id]} already"
            content.broken.append(BrokenRow(line, reason))
            continue
        ids[fill.external_id] = line
        fills.append(fill)
    content.fills = of_file(fills)
    if not fills and not content.broken:
        raise NotAFile("the file has a header and no rows")
    return content

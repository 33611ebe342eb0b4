"""Tables as files: CSV that a spreadsheet reads as numbers, and JSON Lines.

Rows are streamed. Numbers and times are plain ASCII at full precision; only text is
defended, for a spreadsheet runs what begins with a sign of a formula.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.http import StreamingHttpResponse

from kernel.json import dumps
from kernel.numbers import text

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
AT_ONCE = 500  # rows in a piece of the answer


def cell(value: Any) -> str:
    """As a file holds it: nothing is empty, times are UTC with Z, text that would be a
    formula begins with an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return text(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    plain = str(value)
    return f"'{plain}" if plain.startswith(FORMULA) else plain


def csv_file(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> StreamingHttpResponse:
    """A download of that name (without its ending); the first line names the columns."""
    return _download(f"{name}.csv", "text/csv; charset=utf-8", _lines(columns, rows))


def _lines(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    piece = io.StringIO()
    writer = csv.writer(piece)
    writer.writerow(columns)
    for n, row in enumerate(rows, 1):
        writer.writerow([cell(value) for value in row])
        if n % AT_ONCE == 0:
            yield _taken(piece)
    yield _taken(piece)


def _taken(piece: io.StringIO) -> bytes:
    written = piece.getvalue().encode()
    piece.seek(0)
    piece.truncate()
    return written


def jsonl_file(name: str, rows: Iterable[Any]) -> StreamingHttpResponse:
    """The same with one JSON object a line, as the API answers it."""
    lines = (dumps(row) + b"\n" for row in rows)
    return _download(f"{name}.jsonl", "application/jsonl", lines)


def _download(name: str, kind: str, pieces: Iterable[bytes]) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        pieces,
        content_type=kind,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )

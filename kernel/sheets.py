"""Tables as files: CSV that a spreadsheet reads as numbers, and JSON Lines.

Rows are streamed. Numbers and times are plain ASCII at full precision; only text is
defended, for a spreadsheet runs what begins with a sign of a formula.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import chain, islice
from typing import Any, TypeVar, get_origin, get_type_hints

from django.http import StreamingHttpResponse

from kernel.json import dumps
from kernel.numbers import text
from kernel.paging import Page

Row = TypeVar("Row")
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
    if isinstance(value, Mapping):
        value = ", ".join(f"{name} {told}" for name, told in value.items())
    plain = str(value)
    # One that begins so already gets one more, so that it can be told from the other.
    return f"'{plain}" if plain.lstrip("'").startswith(FORMULA) else plain


def csv_file(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> StreamingHttpResponse:
    """A download of that name (without its ending); the first line names the columns."""
    return _download(f"{name}.csv", "text/csv; charset=utf-8", _lines(columns, rows))


def answers_csv(
    name: str, answer: type[Any], answers: Iterable[Any]
) -> StreamingHttpResponse:
    """The same of answers of one type, with the names that the API gives."""
    columns = columns_of(answer)
    return csv_file(name, columns, map(cells_of(columns), answers))


def columns_of(answer: type[Any]) -> list[str]:
    """The fields of an answer that are one value each; lists stay with the API."""
    hints = get_type_hints(answer)
    return [name for name, kind in hints.items() if get_origin(kind) is not list]


def cells_of(columns: Sequence[str]) -> Callable[[Any], list[Any]]:
    return lambda answer: [getattr(answer, name) for name in columns]


def every_page(page_after: Callable[[str], Page[Row]]) -> Iterator[list[Row]]:
    """The rows of a list, a page in memory at a time; `page_after` reads the one that
    begins at a cursor."""
    cursor: str | None = ""
    while cursor is not None:
        page = page_after(cursor)
        yield page.rows
        cursor = page.next_cursor


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


def _download(name: str, kind: str, pieces: Iterator[bytes]) -> StreamingHttpResponse:
    # The first piece is read before the answer begins: what cannot be asked, or a
    # database that is silent, is refused in words and is no file that breaks off.
    first = list(islice(pieces, 1))
    return StreamingHttpResponse(
        chain(first, pieces),
        content_type=kind,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )

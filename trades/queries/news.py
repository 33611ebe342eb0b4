"""What of a file a book knows already: by its id, by its file, or from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from kernel.numbers import text
from trades.domain.facts import NewFill, symbol_parts
from trades.domain.formats.parsed import Difference, DifferenceKind, ParsedFile
from trades.models import Book, Fill, ImportBatch, Transfer
from trades.queries.facts import IDS
from trades.queries.originals import originals

NAMED = 50  # one by one; the others are counted
Execution: TypeAlias = tuple[str, str, Decimal, Decimal, datetime]


@dataclass(frozen=True, kw_only=True)
class News:
    """How many facts of a file are `new` and `known`, and what of the new ones
    equals trades that came under another id."""

    new: int
    known: int
    booked_before: bool = False
    elsewhere: list[Difference] = field(default_factory=list)


def news_of(book: Book | None, parsed: ParsedFile, sha256: str) -> News:
    """Hold a file against its book. Queries in proportion to its rows, 500 a query."""
    total = len(parsed.fills) + len(parsed.transfers)
    if book is None:
        return News(new=total, known=0)
    if booked_file(book, sha256) is not None:
        return News(new=0, known=total, booked_before=True)
    fills = _known_fills(book, parsed.fills)
    transfers = sum(
        originals(Transfer, [book.pk], part).count()
        for part in _parts([transfer.external_id for transfer in parsed.transfers])
    )
    known = len(fills) + transfers
    fresh = [fill for fill in parsed.fills if _key(book, fill) not in fills]
    return News(
        new=total - known,
        known=known,
        elsewhere=_elsewhere(book, parsed.file_format, fresh),
    )


def booked_file(book: Book, sha256: str) -> ImportBatch | None:
    """The import by which a file with these bytes came into the book."""
    return ImportBatch.objects.filter(
        book=book, sha256=sha256, state=ImportBatch.State.BOOKED
    ).first()


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), IDS):
        yield values[start : start + IDS]


def _key(book: Book, fill: NewFill) -> tuple[str, str]:
    """An exchange repeats its ids across symbols."""
    return symbol_parts(fill.symbol, book.base_currency)[0], fill.external_id


def _known_fills(book: Book, fills: Sequence[NewFill]) -> set[tuple[str, str]]:
    given = {_key(book, fill) for fill in fills}
    known: set[tuple[str, str]] = set()
    for part in _parts([fill.external_id for fill in fills]):
        rows = originals(Fill, [book.pk], part)
        known.update(rows.values_list("instrument__symbol", "external_id"))
    return known & given


def _elsewhere(
    book: Book, file_format: str, fills: Sequence[NewFill]
) -> list[Difference]:
    """The fills that equal one in instrument, side, quantity, price and time that
    another format or a client told under its own id."""
    places: dict[Execution, int] = {}
    for fill in fills:
        symbol = symbol_parts(fill.symbol, book.base_currency)[0]
        key = (symbol, fill.side, fill.quantity, fill.price, fill.executed_at)
        places.setdefault(key, fill.line)
    if not places:
        return []
    times = sorted({key[4] for key in places})
    equal: set[Execution] = set()
    for start in range(0, len(times), IDS):
        rows = Fill.objects.listed().filter(
            book=book, executed_at__in=times[start : start + IDS]
        )
        rows = rows.exclude(batch__file_format=file_format)
        columns = ("instrument__symbol", "side", "quantity", "price", "executed_at")
        equal.update(key for key in rows.values_list(*columns) if key in places)
    repeats = sorted(equal, key=lambda key: (places[key], key[4]))
    return [
        *(_told_before(key, places[key]) for key in repeats[:NAMED]),
        *_rest(repeats[NAMED:], places),
    ]


def _told_before(key: Execution, line: int) -> Difference:
    symbol, side, quantity, price, _ = key
    what = (
        f"{side} {text(quantity)} {symbol} at {text(price)} equals a trade that came "
        "from elsewhere"
    )
    return Difference(kind=DifferenceKind.OTHER_FORMAT, what=what, line=line)


def _rest(
    repeats: Sequence[Execution], places: Mapping[Execution, int]
) -> list[Difference]:
    if not repeats:
        return []
    what = f"{len(repeats)} more equal trades that came from elsewhere"
    line = places[repeats[0]]
    return [Difference(kind=DifferenceKind.OTHER_FORMAT, what=what, line=line)]

"""Facts that come again: known ones are not booked twice, and an id that is booked
with other content is never taken for the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from django.utils import timezone

from kernel.errors import Conflict, FieldError, NameTaken
from trades.domain.facts import NewFill, NewTransfer, symbol_parts
from trades.models import Book, FactStatus, Fill, Transfer
from trades.queries.facts import IDS
from trades.queries.originals import originals
from trades.services.facts import (
    fill_content,
    fill_rows,
    instruments_of,
    transfer_content,
    transfer_rows,
)

Row = TypeVar("Row", Fill, Transfer)
Identity: TypeAlias = tuple[int, str]


@dataclass(frozen=True, kw_only=True)
class Sifted(Generic[Row]):
    """Rows held against their book: `fresh` are new to it, `standing` are all in
    their order with the known ones in their places, `clashing` the places of those
    whose id is booked with other content."""

    fresh: list[Row]
    standing: list[Row]
    clashing: list[int]


def sift(
    book: Book, rows: Sequence[Row], content: Callable[[Row], tuple[Any, ...]]
) -> Sifted[Row]:
    """Hold unsaved rows against the book, in bounded queries. Raises Conflict for
    what is on its way out of the book, and neither known nor new."""
    known = _known(type(rows[0]), book, rows) if rows else {}
    fresh: list[Row] = []
    clashing: list[int] = []
    for index, row in enumerate(rows):
        old = known.setdefault(_identity(row), row)
        if old.becomes == FactStatus.UNDONE:
            raise Conflict(
                f"{old.external_id} is being undone with its file: send it again when "
                "that is done.",
                code="undoing",
            )
        if old is row:
            fresh.append(row)
        elif content(old) != content(row):
            clashing.append(index)
    standing = [known[_identity(row)] for row in rows]
    return Sifted(fresh=fresh, standing=standing, clashing=clashing)


def refuse_clashes(sifted: Sifted[Any], pointers: Sequence[str] = ()) -> None:
    """Raises Conflict that names each id with other content."""
    errors = [
        FieldError(
            f"{pointers[index] if pointers else ''}/external_id",
            "other_content",
            other_content(sifted.standing[index].external_id),
        )
        for index in sifted.clashing
    ]
    if errors:
        detail = f"{errors[0].detail}; nothing was booked."
        raise NameTaken(detail, code="external_id", errors=errors)


def other_content(external_id: str) -> str:
    return f"{external_id} is booked already with other content"


def clashing_fills(book: Book, fills: Sequence[NewFill]) -> Iterator[NewFill]:
    """Those of a file whose ids are booked with other content. Only what is known is
    made into rows; queries in proportion to the file."""
    for start in range(0, len(fills), IDS):
        part = fills[start : start + IDS]
        rows = originals(Fill, [book.pk], [fill.external_id for fill in part])
        columns = ("instrument__symbol", "instrument__quote", "external_id")
        booked = set(rows.values_list(*columns))
        repeats = [fill for fill in part if _place(book, fill) in booked]
        if repeats:
            instruments = instruments_of(book, repeats, ())
            new = fill_rows(book, repeats, instruments, None, timezone.now(), ())
            for index in sift(book, new, fill_content).clashing:
                yield repeats[index]


def clashing_transfers(
    book: Book, transfers: Sequence[NewTransfer]
) -> Iterator[NewTransfer]:
    """Those of a file whose ids are booked with other content."""
    for start in range(0, len(transfers), IDS):
        part = transfers[start : start + IDS]
        ids = [transfer.external_id for transfer in part]
        rows = originals(Transfer, [book.pk], ids)
        booked = set(rows.values_list("external_id", flat=True))
        repeats = [transfer for transfer in part if transfer.external_id in booked]
        if repeats:
            instruments = instruments_of(book, (), repeats)
            new = transfer_rows(book, repeats, instruments, None, timezone.now())
            for index in sift(book, new, transfer_content).clashing:
                yield repeats[index]


def _place(book: Book, fill: NewFill) -> tuple[str, str, str]:
    symbol, _, quote = symbol_parts(fill.symbol, book.base_currency)
    return symbol, quote, fill.external_id


def _identity(row: Fill | Transfer) -> Identity:
    """Exchanges repeat the ids of their trades across symbols."""
    return row.instrument_id if isinstance(row, Fill) else 0, row.external_id


def _known(model: type[Row], book: Book, rows: Sequence[Row]) -> dict[Identity, Row]:
    """What came with these external ids: a voided or corrected fact as it was
    booked."""
    known: dict[Identity, Row] = {}
    if len(rows) > IDS and not model._default_manager.filter(book=book).exists():
        return known
    for start in range(0, len(rows), IDS):
        ids = [row.external_id for row in rows[start : start + IDS]]
        stored = originals(model, [book.pk], ids).select_related("instrument")
        known.update((_identity(row), row) for row in stored)
    return known

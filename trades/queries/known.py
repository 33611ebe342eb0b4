"""As known at a time: matched again in memory from the facts, splits and values that
were recorded by then, under the book's present settings (LEDGER.md §2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from kernel.errors import FieldError, Invalid
from kernel.numbers import ZERO
from trades.domain.marks import fill_mark
from trades.domain.matching import Pair
from trades.domain.rates import Mark
from trades.domain.units import number
from trades.models import Book, FactStatus, Fill, Instrument, Position, Transfer
from trades.queries.assets import BookAssets
from trades.queries.facts import stored_facts
from trades.queries.marks import mark_history
from trades.queries.positions import new_pair, positions_of

MOST_FILLS = 100_000


def positions_known_at(book: Book, known_at: datetime) -> Iterator[Position]:
    """The book's positions (unsaved rows). A few queries for each instrument. Raises
    Invalid where the book held more fills than MOST_FILLS."""
    _check_size(book, known_at)
    assets = BookAssets(book, known_at)
    for instrument in _touched(book, known_at, assets):
        yield from positions_of(
            book, instrument, _pair(book, instrument, assets, known_at)
        )


def realised_known_at(fills: Sequence[Fill], known_at: datetime) -> dict[int, Decimal]:
    """{fill: what it realised}: fills that closed nothing, or something of unknown
    cost, are absent. Book and instrument are loaded. Raises as positions_known_at."""
    books = {fill.book_id: fill.book for fill in fills}
    realised: dict[int, Decimal] = {}
    for book in books.values():
        _check_size(book, known_at)
        assets = BookAssets(book, known_at)
        for instrument in {f.instrument for f in fills if f.book_id == book.pk}:
            pair = _pair(book, instrument, assets, known_at)
            realised |= _realised(pair)
    return {fill.pk: realised[fill.pk] for fill in fills if fill.pk in realised}


def marks_known_at(
    book: Book, symbols: set[str], known_at: datetime
) -> dict[str, Mark]:
    """What these symbols were worth then, by the prices and fills known then."""
    own: dict[str, list[Mark]] = {symbol: [] for symbol in symbols}
    fills = Fill.objects.standing(known_at).filter(
        book=book, instrument__symbol__in=symbols, price__gt=ZERO
    )
    ordered = fills.order_by("executed_at", "recorded_at", "sequence", "id")
    columns = ("instrument__symbol", "executed_at", "price", "pk")
    for symbol, at, price, pk in ordered.values_list(*columns).iterator():
        own[symbol].append(fill_mark(at, price, pk))
    history = mark_history(book, symbols, fills=own, known_at=known_at)
    marks = {symbol: history.mark(symbol, known_at) for symbol in symbols}
    return {symbol: mark for symbol, mark in marks.items() if mark is not None}


def as_known(fill: Fill) -> Fill:
    """A fill that stood at a time tells its status of that time."""
    fill.status = FactStatus.CORRECTED if fill.replaces_id else FactStatus.BOOKED
    return fill


def _pair(
    book: Book, instrument: Instrument, assets: BookAssets, known_at: datetime
) -> Pair:
    facts = stored_facts(book, instrument, None, assets, known_at)
    return new_pair(book, instrument).apply_all(facts)


def _realised(pair: Pair) -> dict[int, Decimal]:
    totals: dict[int, int] = defaultdict(int)
    unknown: set[int] = set()
    for match in pair.matches:
        if match.trade is None:
            continue
        if match.realised is None:
            unknown.add(match.trade)
        else:
            totals[match.trade] += match.realised
    return {pk: number(total) for pk, total in totals.items() if pk not in unknown}


def _touched(book: Book, known_at: datetime, assets: BookAssets) -> list[Instrument]:
    fills = Fill.objects.standing(known_at).filter(book=book)
    used = set(fills.order_by().values_list("instrument", flat=True).distinct())
    for side in ("book", "to_book"):
        moves = Transfer.objects.standing(known_at).filter(**{side: book})
        moved = map(assets.of_transfer, moves.select_related("instrument"))
        used |= {instrument.pk for instrument in moved if instrument is not None}
    return list(Instrument.objects.filter(pk__in=used).order_by("pk"))


def _check_size(book: Book, known_at: datetime) -> None:
    fills = Fill.objects.standing(known_at).filter(book=book)
    if not fills[MOST_FILLS:].exists():
        return
    detail = f"{book.name} holds more than {MOST_FILLS:,} fills"
    raise Invalid(
        f"{detail}: what was known at a time is told for smaller books.",
        code="too_many",
        errors=[FieldError("/known_at", "range", detail)],
    )

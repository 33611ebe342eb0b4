"""Profit and loss of a book's instruments as it stands: realised and unrealised."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef, Sum

from kernel.numbers import ZERO, NotExact, exact, rounded
from trades.models import Book, Instrument, Lot, Match, Position
from trades.queries.marks import mark_at


def pair_pnl(
    book: Book,
    instruments: Iterable[Instrument],
    now: datetime,
    realised: Mapping[Instrument, Decimal | None] | None = None,
) -> Decimal | None:
    """Realised + unrealised of these instruments together, in their quote currency;
    what they `realised` is summed up here unless it is known.

    None where it cannot be said in one number: several quote currencies, a position
    without a mark, a cost or a result that is unknown. A few queries for each.
    """
    instruments = list(instruments)
    if len({instrument.quote for instrument in instruments}) > 1:
        return None
    parts = [
        _pnl(
            book,
            instrument,
            now,
            realised[instrument]
            if realised and instrument in realised
            else realised_of(book, instrument),
        )
        for instrument in instruments
    ]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    try:
        return exact(rounded(sum(known, Decimal(0))))
    except (NotExact, ArithmeticError):
        return None


def held(book: Book, instruments: Iterable[Instrument]) -> dict[str, Decimal]:
    """{symbol: signed quantity open}, 0 where nothing is. One query."""
    quantities = {instrument.symbol: ZERO for instrument in instruments}
    rows = Position.objects.filter(book=book, instrument__symbol__in=quantities)
    for symbol, quantity in rows.values_list("instrument__symbol", "quantity"):
        quantities[symbol] += quantity
    return quantities


def pairs_of(book: Book, symbols: Collection[str]) -> list[Instrument]:
    """The instruments of these symbols that the book holds or held. One query."""
    mine = {"book": book, "instrument": OuterRef("pk")}
    used = Exists(Lot.objects.filter(**mine)) | Exists(Match.objects.filter(**mine))
    return list(Instrument.objects.filter(used, symbol__in=set(symbols)).order_by("pk"))


def realised_of(book: Book, instrument: Instrument) -> Decimal | None:
    """What a pair has realised; None where some of it is unknown. Two queries."""
    matches = Match.objects.filter(book=book, instrument=instrument)
    if matches.filter(realised=None).exists():
        return None
    return matches.aggregate(total=Sum("realised"))["total"] or Decimal(0)


def _pnl(
    book: Book, instrument: Instrument, now: datetime, realised: Decimal | None
) -> Decimal | None:
    if realised is None:
        return None
    pnl = realised
    positions = list(Position.objects.filter(book=book, instrument=instrument))
    if not positions:
        return Decimal(pnl)
    mark = mark_at(book, instrument.symbol, now)
    if mark is None or any(position.missing_quantity for position in positions):
        return None
    for position in positions:
        paid = position.amount if position.quantity > 0 else -position.amount
        pnl += position.quantity * mark.price - (paid + position.fee)
    return Decimal(pnl)

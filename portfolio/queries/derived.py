"""What opened and closed lots in a book: as stored, or as it was known at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from trades.domain.units import number
from trades.models import Book, Lot, Match
from trades.queries.known import KnownBook


class LotRow(NamedTuple):
    """What opened it, where that was a transfer, is its id, kind and other book."""

    at: datetime
    symbol: str
    strategy: str
    long: bool
    quantity: Decimal
    amount: Decimal
    fee: Decimal
    reason: str
    transfer: int | None
    transfer_kind: str | None
    to_book: int | None


class MatchRow(NamedTuple):
    """`lot` says whether one was closed, `long` which way it pointed."""

    at: datetime
    symbol: str
    strategy: str
    kind: str
    lot: bool
    long: bool
    quantity: Decimal
    cost: Decimal | None
    proceeds: Decimal | None
    fee: Decimal
    entry_fee: Decimal
    transfer: int | None
    transfer_kind: str | None
    to_book: int | None


def lot_rows(
    book: Book,
    known: KnownBook | None,
    transfers: Collection[int] | None = None,
    after: datetime | None = None,
) -> Iterator[LotRow]:
    """Every lot that was opened (as stored: after a time), or those that these
    transfers opened. One query."""
    if known is not None:
        yield from (
            row
            for row in _known_lots(known)
            if transfers is None or row.transfer in transfers
        )
        return
    lots = Lot.objects.filter(book=book)
    if transfers is not None:
        lots = lots.filter(transfer__in=transfers)
    if after is not None:
        lots = lots.filter(opened_at__gt=after)
    columns = (
        "opened_at",
        "instrument__symbol",
        "strategy",
        "long",
        "quantity",
        "amount",
        "fee",
        "reason",
        "transfer",
        "transfer__kind",
        "transfer__to_book",
    )
    for row in lots.values_list(*columns):
        yield LotRow(*row)


def match_rows(
    book: Book,
    known: KnownBook | None,
    transfers: Collection[int] | None = None,
    after: datetime | None = None,
) -> Iterator[MatchRow]:
    """Every match (as stored: after a time), or those that these transfers made. One
    query."""
    if known is not None:
        yield from (
            row
            for row in _known_matches(known)
            if transfers is None or row.transfer in transfers
        )
        return
    matches = Match.objects.filter(book=book)
    if transfers is not None:
        matches = matches.filter(transfer__in=transfers)
    if after is not None:
        matches = matches.filter(at__gt=after)
    columns = (
        "at",
        "instrument__symbol",
        "strategy",
        "kind",
        "lot",
        "lot__long",
        "quantity",
        "cost",
        "proceeds",
        "fee",
        "entry_fee",
        "transfer",
        "transfer__kind",
        "transfer__to_book",
    )
    for at, symbol, strategy, kind, lot, long, *rest in matches.values_list(*columns):
        yield MatchRow(at, symbol, strategy, kind, lot is not None, bool(long), *rest)


def _known_lots(known: KnownBook) -> Iterator[LotRow]:
    moves = {move.pk: move for move in known.transfers}
    for instrument, pair in known.pairs.items():
        for lot in pair.opened:
            move = moves.get(lot.movement or 0)
            yield LotRow(
                at=lot.at,
                symbol=instrument.symbol,
                strategy=lot.strategy,
                long=lot.long,
                quantity=number(lot.quantity),
                amount=number(lot.amount),
                fee=number(lot.fee),
                reason=lot.reason,
                transfer=lot.movement,
                transfer_kind=move.kind if move else None,
                to_book=move.to_book_id if move else None,
            )


def _known_matches(known: KnownBook) -> Iterator[MatchRow]:
    moves = {move.pk: move for move in known.transfers}
    for instrument, match in known.matches:
        move = moves.get(match.movement or 0)
        yield MatchRow(
            at=match.at,
            symbol=instrument.symbol,
            strategy=match.strategy,
            kind=match.kind,
            lot=match.lot is not None,
            long=match.lot is not None and match.lot.long,
            quantity=number(match.quantity),
            cost=None if match.cost is None else number(match.cost),
            proceeds=None if match.proceeds is None else number(match.proceeds),
            fee=number(match.fee),
            entry_fee=number(match.entry_fee),
            transfer=match.movement,
            transfer_kind=move.kind if move else None,
            to_book=move.to_book_id if move else None,
        )

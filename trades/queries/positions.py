"""What is open of a pair: its lots, summed up by strategy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kernel.numbers import ZERO
from trades.domain import lots
from trades.domain.lots import LotReason
from trades.domain.matching import DUST, Pair
from trades.domain.units import number, units
from trades.models import Book, Instrument, Position


def new_pair(book: Book, instrument: Instrument) -> Pair:
    """An empty pair with the book's and the instrument's rules."""
    dust = units(instrument.step) if instrument.step else DUST
    return Pair(allow_short=book.allow_short, dust=dust)


@dataclass(kw_only=True)
class LotSums:
    """Open lots of one strategy, summed up; `quantity` is signed."""

    quantity: Decimal = ZERO
    amount: Decimal = ZERO
    fee: Decimal = ZERO
    missing_quantity: Decimal = ZERO
    lots: int = 0


def sums_of(held: Iterable[lots.LotState]) -> dict[str, LotSums]:
    """By strategy."""
    sums: dict[str, LotSums] = defaultdict(LotSums)
    for lot in held:
        total, left = sums[lot.strategy], number(lot.left)
        total.quantity += left if lot.long else -left
        total.amount += number(lot.amount_left)
        total.fee += number(lot.fee_left)
        total.missing_quantity += left if lot.reason == LotReason.MISSING_COST else ZERO
        total.lots += 1
    return sums


def empty_position(book: Book, instrument: Instrument, strategy: str) -> Position:
    """An unsaved row to be moved on."""
    return Position(
        book=book,
        instrument=instrument,
        strategy=strategy,
        quantity=ZERO,
        amount=ZERO,
        fee=ZERO,
        lots=0,
    )


def move_position(
    position: Position, before: LotSums | None, after: LotSums | None
) -> None:
    """Move an (unsaved) position on by what became of some of its lots."""
    for sums, sign in ((before, -1), (after, 1)):
        if sums is not None:
            position.quantity += sign * sums.quantity
            position.amount += sign * sums.amount
            position.fee += sign * sums.fee
            position.missing_quantity += sign * sums.missing_quantity
            position.lots += sign * sums.lots


def positions_of(book: Book, instrument: Instrument, pair: Pair) -> Iterator[Position]:
    """The open lots of a pair, all of them, summed up by strategy (unsaved rows)."""
    opened: dict[str, datetime] = {}
    for lot in pair.lots:
        opened.setdefault(lot.strategy, lot.since)
    for strategy, sums in sums_of(pair.lots).items():
        position = empty_position(book, instrument, strategy)
        move_position(position, None, sums)
        position.opened_at = opened[strategy]
        yield position

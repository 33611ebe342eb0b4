"""Lots, matches and trips as columns of the database, and back from its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kernel.inserting import Columns
from trades.domain import lots, trips
from trades.domain.units import units
from trades.models import Book, Instrument, Lot, RoundTrip


def lot_of(row: Lot) -> lots.LotState:
    return lots.LotState(
        long=row.long,
        at=row.opened_at,
        quantity=units(row.quantity),
        amount=units(row.amount),
        fee=units(row.fee),
        strategy=row.strategy,
        trade=row.fill_id,
        movement=row.transfer_id,
        reason=row.reason,
        id=row.pk,
        left=units(row.remaining_quantity),
        amount_left=units(row.remaining_amount),
        fee_left=units(row.remaining_fee),
        acquired_at=row.acquired_at,
    )


def trip_of(row: RoundTrip) -> trips.TripState:
    return trips.TripState(
        long=row.long,
        opened_at=row.opened_at,
        strategy=row.strategy,
        trade=row.opened_by_id,
        entry_quantity=units(row.entry_quantity),
        entry_amount=units(row.entry_amount),
        exit_quantity=units(row.exit_quantity),
        exit_amount=units(row.exit_amount),
        entry_fee=units(row.entry_fee),
        exit_fee=units(row.exit_fee),
        funding=units(row.funding),
        moved=units(row.moved),
        basis=units(row.open_basis),
        fills=row.fills,
        reason=row.reason,
        id=row.pk,
    )


def _pair_columns(
    book: Book, instrument: Instrument, generation: int, count: int
) -> dict[str, Sequence[Any]]:
    return {
        "book_id": [book.pk] * count,
        "instrument_id": [instrument.pk] * count,
        "generation": [generation] * count,
    }


def lot_columns(
    book: Book,
    instrument: Instrument,
    opened: Sequence[lots.LotState],
    generation: int = 1,
) -> Columns:
    return {
        **_pair_columns(book, instrument, generation, len(opened)),
        "fill_id": [lot.trade for lot in opened],
        "transfer_id": [lot.movement for lot in opened],
        "long": [lot.long for lot in opened],
        "opened_at": [lot.at for lot in opened],
        "acquired_at": [lot.since for lot in opened],
        "quantity": [lot.quantity for lot in opened],
        "amount": [lot.amount for lot in opened],
        "fee": [lot.fee for lot in opened],
        "remaining_quantity": [lot.left for lot in opened],
        "remaining_amount": [lot.amount_left for lot in opened],
        "remaining_fee": [lot.fee_left for lot in opened],
        "strategy": [lot.strategy for lot in opened],
        "reason": [lot.reason for lot in opened],
    }


def match_columns(
    book: Book,
    instrument: Instrument,
    matches: Sequence[lots.LotMatch],
    generation: int = 1,
) -> Columns:
    return {
        **_pair_columns(book, instrument, generation, len(matches)),
        "lot_id": [match.lot.id if match.lot else None for match in matches],
        "fill_id": [match.trade for match in matches],
        "transfer_id": [match.movement for match in matches],
        "kind": [match.kind.value for match in matches],
        "method": [book.method] * len(matches),
        "quantity": [match.quantity for match in matches],
        "cost": [match.cost for match in matches],
        "proceeds": [match.proceeds for match in matches],
        "fee": [match.fee for match in matches],
        "entry_fee": [match.entry_fee for match in matches],
        "realised": [match.realised for match in matches],
        "strategy": [match.strategy for match in matches],
        "at": [match.at for match in matches],
        "reason": [match.reason for match in matches],
    }


def trip_columns(
    book: Book,
    instrument: Instrument,
    made: Sequence[trips.TripState],
    generation: int = 1,
) -> Columns:
    return {
        **_pair_columns(book, instrument, generation, len(made)),
        "long": [trip.long for trip in made],
        "strategy": [trip.strategy for trip in made],
        "opened_by_id": [trip.trade for trip in made],
        "closed_by_id": [trip.closed_by for trip in made],
        "opened_at": [trip.opened_at for trip in made],
        "closed_at": [trip.closed_at for trip in made],
        "entry_quantity": [trip.entry_quantity for trip in made],
        "entry_amount": [trip.entry_amount for trip in made],
        "entry_fee": [trip.entry_fee for trip in made],
        "exit_quantity": [trip.exit_quantity for trip in made],
        "exit_amount": [trip.exit_amount for trip in made],
        "exit_fee": [trip.exit_fee for trip in made],
        "entry_basis": [trip.entry_basis for trip in made],
        "open_basis": [trip.basis for trip in made],
        "funding": [trip.funding for trip in made],
        "moved": [trip.moved for trip in made],
        "net": [trip.net if trip.closed_at is not None else None for trip in made],
        "fills": [trip.fills for trip in made],
        "reason": [trip.reason for trip in made],
    }

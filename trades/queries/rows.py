"""Lots, matches and trips as (unsaved) rows of the database, and back."""

from __future__ import annotations

from typing import Any

from trades.domain import lots, trips
from trades.domain.units import number, units
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


def lot_columns(
    book: Book, instrument: Instrument, lot: lots.LotState, generation: int = 1
) -> dict[str, Any]:
    return {
        "book_id": book.pk,
        "instrument_id": instrument.pk,
        "generation": generation,
        "fill_id": lot.trade,
        "transfer_id": lot.movement,
        "long": lot.long,
        "opened_at": lot.at,
        "acquired_at": lot.since,
        "quantity": number(lot.quantity),
        "amount": number(lot.amount),
        "fee": number(lot.fee),
        "remaining_quantity": number(lot.left),
        "remaining_amount": number(lot.amount_left),
        "remaining_fee": number(lot.fee_left),
        "strategy": lot.strategy,
        "reason": lot.reason,
    }


def match_columns(
    book: Book, instrument: Instrument, match: lots.LotMatch, generation: int = 1
) -> dict[str, Any]:
    return {
        "book_id": book.pk,
        "instrument_id": instrument.pk,
        "generation": generation,
        "lot_id": match.lot.id if match.lot else None,
        "fill_id": match.trade,
        "transfer_id": match.movement,
        "kind": match.kind,
        "method": book.method,
        "quantity": number(match.quantity),
        "cost": None if match.cost is None else number(match.cost),
        "proceeds": None if match.proceeds is None else number(match.proceeds),
        "fee": number(match.fee),
        "entry_fee": number(match.entry_fee),
        "realised": None if match.realised is None else number(match.realised),
        "strategy": match.strategy,
        "at": match.at,
        "reason": match.reason,
    }


def trip_columns(
    book: Book, instrument: Instrument, trip: trips.TripState, generation: int = 1
) -> dict[str, Any]:
    closed = trip.closed_at is not None
    net = trip.net if closed else None
    return {
        "book_id": book.pk,
        "instrument_id": instrument.pk,
        "generation": generation,
        "long": trip.long,
        "strategy": trip.strategy,
        "opened_by_id": trip.trade,
        "closed_by_id": trip.closed_by,
        "opened_at": trip.opened_at,
        "closed_at": trip.closed_at,
        "entry_quantity": number(trip.entry_quantity),
        "entry_amount": number(trip.entry_amount),
        "entry_fee": number(trip.entry_fee),
        "exit_quantity": number(trip.exit_quantity),
        "exit_amount": number(trip.exit_amount),
        "exit_fee": number(trip.exit_fee),
        "entry_basis": number(trip.entry_basis),
        "open_basis": number(trip.basis),
        "funding": number(trip.funding),
        "moved": number(trip.moved),
        "net": None if net is None else number(net),
        "fills": trip.fills,
        "reason": trip.reason,
    }

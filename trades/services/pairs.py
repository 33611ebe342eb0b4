"""The stored state of a pair (a book's instrument), moved on by its facts.

Everything here runs inside the caller's transaction, under the book's lock.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from kernel.numbers import ZERO
from trades.domain.events import Fact
from trades.domain.matching import DUST, Pair
from trades.domain.units import number, units
from trades.models import Book, Instrument, Lot, Match, Position, RoundTrip
from trades.queries.facts import ROWS, stored_facts
from trades.services.cash import BalanceChanges
from trades.services.rows import (
    lot_of,
    lot_row,
    match_row,
    positions_of,
    trip_of,
    trip_row,
)


def new_pair(book: Book, instrument: Instrument) -> Pair:
    """An empty pair with the book's and the instrument's rules."""
    dust = units(instrument.step) if instrument.step else DUST
    return Pair(allow_short=book.allow_short, dust=dust)


def load_pair(
    book: Book, instrument: Instrument
) -> tuple[Pair, dict[int, Lot], RoundTrip | None]:
    """The pair as stored: open lots by id, and its open round trip. Two queries."""
    rows = {
        row.pk: row
        for row in Lot.objects.filter(
            book=book, instrument=instrument, remaining_quantity__gt=ZERO
        ).order_by("acquired_at", "id")
    }
    trip = RoundTrip.objects.filter(
        book=book, instrument=instrument, closed_at__isnull=True
    ).first()
    pair = new_pair(book, instrument)
    pair.lots = deque(lot_of(row) for row in rows.values())
    pair.held = sum(lot.left for lot in pair.lots)
    if trip is not None:
        pair.trip = trip_of(trip)
        pair.trips.append(pair.trip)
    return pair, rows, trip


def extend(
    book: Book, instrument: Instrument, facts: list[Fact], changes: BalanceChanges
) -> None:
    """Apply facts that are the newest of their pair."""
    pair, rows, trip = load_pair(book, instrument)
    pair.apply_all(facts)
    _save_lots(pair, rows)
    _save(book, instrument, pair, trip, changes)


def replay(
    book: Book, instrument: Instrument, since: datetime, changes: BalanceChanges
) -> None:
    """Undo the pair back to the last time before `since` when nothing was held, and
    match again from there. Deletes and rewrites that stretch."""
    start = _flat_before(book, instrument, since)
    _undo(book, instrument, start, changes)
    pair = new_pair(book, instrument)
    pair.apply_all(stored_facts(book, instrument, start))
    _save(book, instrument, pair, None, changes)


def _flat_before(
    book: Book, instrument: Instrument, since: datetime
) -> datetime | None:
    """The latest moment before `since` at which a round trip ended and none was
    open; None when the pair must be matched from its beginning."""
    trips = RoundTrip.objects.filter(book=book, instrument=instrument)
    still_open = Q(closed_at__isnull=True) | Q(closed_at__gt=OuterRef("closed_at"))
    overlapping = trips.filter(still_open, opened_at__lte=OuterRef("closed_at"))
    return (
        trips.filter(closed_at__lt=since)
        .exclude(Exists(overlapping))
        .order_by("-closed_at")
        .values_list("closed_at", flat=True)
        .first()
    )


def _undo(
    book: Book, instrument: Instrument, after: datetime | None, changes: BalanceChanges
) -> None:
    matches = Match.objects.filter(book=book, instrument=instrument)
    trips = RoundTrip.objects.filter(book=book, instrument=instrument)
    lots = Lot.objects.filter(book=book, instrument=instrument)
    if after is not None:
        matches = matches.filter(at__gt=after)
        trips = trips.filter(opened_at__gt=after)
        lots = lots.filter(opened_at__gt=after)
    for realised in matches.values_list("realised", flat=True).iterator(ROWS):
        changes.matched(realised, instrument.quote, -1)
    matches.delete()
    trips.delete()
    lots.delete()


def _save_lots(pair: Pair, rows: dict[int, Lot]) -> None:
    """Write back what was taken from lots that were open before."""
    taken = {match.lot for match in pair.matches if match.lot and match.lot.id}
    taken |= {lot for lot in pair.lots if lot.id}  # a split changes them all
    changed = []
    for lot in taken:
        assert lot.id is not None
        row = rows[lot.id]
        state = (number(lot.left), number(lot.amount_left), number(lot.fee_left))
        if state != (row.remaining_quantity, row.remaining_amount, row.remaining_fee):
            row.remaining_quantity, row.remaining_amount, row.remaining_fee = state
            changed.append(row)
    Lot.objects.bulk_update(
        changed,
        ["remaining_quantity", "remaining_amount", "remaining_fee"],
        batch_size=200,
    )


def _save(
    book: Book,
    instrument: Instrument,
    pair: Pair,
    trip: RoundTrip | None,
    changes: BalanceChanges,
) -> None:
    """Insert what the pair made, and sum its open lots up into positions."""
    lots = Lot.objects.bulk_create(
        (lot_row(book, instrument, lot) for lot in pair.opened), batch_size=ROWS
    )
    for lot, row in zip(pair.opened, lots, strict=True):
        lot.id = row.pk
    matches = [match_row(book, instrument, match) for match in pair.matches]
    Match.objects.bulk_create(matches, batch_size=ROWS)
    for match in matches:
        changes.matched(match.realised, instrument.quote)
    fresh = []
    for round_trip in pair.trips:
        stored = trip_row(book, instrument, round_trip)
        if trip is not None and round_trip.id == trip.pk:
            stored.save(force_update=True)
        else:
            fresh.append(stored)
    RoundTrip.objects.bulk_create(fresh, batch_size=ROWS)
    _save_positions(book, instrument, pair)


def _save_positions(book: Book, instrument: Instrument, pair: Pair) -> None:
    """Rows keep their ids while they stay open: pages link to them."""
    known = {
        row.strategy: row
        for row in Position.objects.filter(book=book, instrument=instrument)
    }
    for position in positions_of(book, instrument, pair):
        old = known.pop(position.strategy, None)
        position.pk = old.pk if old else None
        position.save()
    if known:
        Position.objects.filter(pk__in=[row.pk for row in known.values()]).delete()

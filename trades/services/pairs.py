"""The stored state of a pair (a book's instrument), moved on by its facts.

Everything here runs inside the caller's transaction, under the book's lock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from kernel.batches import batched
from kernel.inserting import insert_columns, made_of
from kernel.numbers import ZERO
from trades.domain.events import Fact
from trades.domain.matching import Pair
from trades.domain.units import number, units
from trades.models import Book, Instrument, Lot, Match, Position, RoundTrip
from trades.queries.facts import ROWS, stored_facts
from trades.queries.generations import Generations
from trades.queries.positions import (
    LotSums,
    empty_position,
    move_position,
    new_pair,
    positions_of,
    sums_of,
)
from trades.queries.rows import (
    lot_columns,
    lot_of,
    match_columns,
    trip_columns,
    trip_of,
)
from trades.services.cash import BalanceChanges

LOTS = 100  # in one read of open lots
PART = 2000  # rows in one insert, which may be a transaction of its own


def extend(
    book: Book,
    instrument: Instrument,
    facts: list[Fact],
    changes: BalanceChanges,
    generations: Generations,
) -> None:
    """Apply facts that are the newest of their pair. Reads the lots that they can
    reach, not all that are open."""
    positions = list(Position.objects.filter(book=book, instrument=instrument))
    pair = new_pair(book, instrument)
    if positions:
        pair.held = units(abs(sum((row.quantity for row in positions), ZERO)))
        pair.long = positions[0].quantity > 0
    rows = _lots_within_reach(book, instrument, pair.reach(facts))
    pair.lots = deque(lot_of(row) for row in rows.values())
    trip = RoundTrip.objects.filter(
        book=book, instrument=instrument, closed_at__isnull=True
    ).first()
    if trip is not None:
        pair.trip = trip_of(trip)
        pair.trips.append(pair.trip)
    before = sums_of(pair.lots)
    pair.apply_all(facts)
    _save_lots(pair, rows)
    _save(book, instrument, pair, trip, changes, generations)
    known = {row.strategy: row for row in positions}
    for strategy in {lot.strategy for lot in pair.opened} - set(known):
        known[strategy] = empty_position(book, instrument, strategy)
    _move_positions(known, pair, before)


def _lots_within_reach(
    book: Book, instrument: Instrument, quantity: int
) -> dict[int, Lot]:
    """The oldest open lots that hold this quantity together, or all; at least one.
    One query, and one for every LOTS lots."""
    rows: dict[int, Lot] = {}
    open_lots = Lot.objects.filter(
        book=book, instrument=instrument, remaining_quantity__gt=ZERO
    ).order_by("acquired_at", "id")
    while True:
        part = list(open_lots[len(rows) : len(rows) + LOTS])
        for row in part:
            rows[row.pk] = row
            quantity -= units(row.remaining_quantity)
            if quantity < 0:
                return rows
        if len(part) < LOTS:
            return rows


def replay(
    book: Book,
    instrument: Instrument,
    since: datetime,
    changes: BalanceChanges,
    generations: Generations,
) -> None:
    """Undo the pair back to the last time before `since` when nothing was held, and
    match again from there. Deletes and rewrites that stretch."""
    start = _flat_before(book, instrument, since)
    _undo(book, instrument, start, changes)
    derive(book, instrument, start, changes, generations)


def undone_by(book: Book, since: Mapping[Instrument, datetime], most: int) -> int:
    """How many matches (or lots, where there are more) `replay` would undo and write
    anew in all these pairs together; it counts no further than `most` + 1. Four
    queries a pair."""
    count = 0
    for instrument, at in since.items():
        start = _flat_before(book, instrument, at)
        matches = Match.objects.filter(book=book, instrument=instrument)
        lots = Lot.objects.filter(book=book, instrument=instrument)
        if start is not None:
            matches, lots = (
                matches.filter(at__gt=start),
                lots.filter(opened_at__gt=start),
            )
        rest = most + 1 - count
        count += max(matches[:rest].count(), lots[:rest].count())
        if count > most:
            break
    return count


def derive(
    book: Book,
    instrument: Instrument,
    after: datetime | None,
    changes: BalanceChanges,
    generations: Generations,
) -> None:
    """Match the pair's facts later than `after` (all without), before which nothing
    was held and from which on nothing derived is stored but positions."""
    pair = new_pair(book, instrument)
    pair.apply_all(stored_facts(book, instrument, after, changes.assets))
    _save(book, instrument, pair, None, changes, generations)
    save_positions(book, instrument, pair)


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
    generations: Generations,
) -> None:
    """Write what the pair made."""
    generation = generations.current(instrument)
    if trip is not None:
        [kept] = [made for made in pair.trips if made.id == trip.pk]
        pair.trips.remove(kept)
        [row] = made_of(RoundTrip, trip_columns(book, instrument, [kept], generation))
        row.pk = kept.id
        row.save(force_update=True)
    insert(book, instrument, pair, generation)
    for match in pair.matches:
        realised = match.realised
        changes.matched(
            None if realised is None else number(realised), instrument.quote
        )


def insert(book: Book, instrument: Instrument, pair: Pair, generation: int) -> None:
    """Insert the lots, matches and trips that the pair made as rows of a generation,
    PART at a time."""
    for lots in batched(pair.opened, PART):
        ids = insert_columns(Lot, lot_columns(book, instrument, lots, generation))
        for lot, pk in zip(lots, ids, strict=True):
            lot.id = pk
    for matches in batched(pair.matches, PART):
        insert_columns(Match, match_columns(book, instrument, matches, generation))
    for trips in batched(pair.trips, PART):
        insert_columns(RoundTrip, trip_columns(book, instrument, trips, generation))


def save_positions(book: Book, instrument: Instrument, pair: Pair) -> None:
    """Store what is open of a pair, all of whose lots are there. Rows keep their ids
    while they stay open: pages link to them."""
    known = Position.objects.filter(book=book, instrument=instrument)
    old = {row.strategy: row for row in known}
    for position in positions_of(book, instrument, pair):
        row = old.pop(position.strategy, None)
        position.pk = row.pk if row else None
        position.save()
    if old:
        Position.objects.filter(pk__in=[row.pk for row in old.values()]).delete()


def _move_positions(
    positions: Mapping[str, Position], pair: Pair, before: Mapping[str, LotSums]
) -> None:
    """Move the positions of the strategies whose lots were read or opened: `before`
    are the lots that were read, as they were."""
    after = sums_of(pair.lots)
    for strategy in {**before, **after}:
        position = positions[strategy]
        move_position(position, before.get(strategy), after.get(strategy))
        if position.lots:
            position.opened_at = _oldest(position, pair)
            position.save()
        elif position.pk:
            position.delete()


def _oldest(position: Position, pair: Pair) -> datetime:
    """When the oldest open lot of the position was acquired. A query where none of
    the lots that were read is left and others were not read."""
    mine = [lot for lot in pair.lots if lot.strategy == position.strategy]
    if mine and (mine[0] not in pair.opened or len(mine) == position.lots):
        return mine[0].since
    return (
        Lot.objects.filter(
            book=position.book_id,
            instrument=position.instrument_id,
            strategy=position.strategy,
            remaining_quantity__gt=ZERO,
        )
        .order_by("acquired_at", "id")
        .values_list("acquired_at", flat=True)[0]
    )

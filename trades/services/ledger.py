"""From stored facts to stored lots, matches, positions, balances and round trips.

Everything here runs inside the caller's transaction, under the book's lock.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q

from kernel.numbers import ZERO
from trades.domain import matching
from trades.domain.matching import number, units
from trades.models import (
    Balance,
    Book,
    Fill,
    Instrument,
    Lot,
    Match,
    Position,
    RoundTrip,
    Split,
    Transfer,
)

Key = tuple[datetime, int, str]
CHUNK = 2000


@dataclass
class Delta:
    """What one booking changes of a currency's balance."""

    cash: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    realised_missing: int = 0
    fees_missing: int = 0


@dataclass
class Deltas:
    """Balance changes by currency."""

    by_currency: dict[str, Delta] = field(default_factory=lambda: defaultdict(Delta))

    def fill(self, fill: Fill, instrument: Instrument) -> None:
        quote = self.by_currency[instrument.quote]
        quote.cash += -fill.amount if fill.side == Fill.Side.BUY else fill.amount
        if fill.fee_value is None:
            quote.fees_missing += 1
        else:
            quote.fees += fill.fee_value
        if fill.fee and fill.fee_currency != instrument.base:
            self.by_currency[fill.fee_currency].cash -= fill.fee

    def transfer(self, transfer: Transfer) -> None:
        if not transfer.moves_instrument:
            self.by_currency[transfer.asset].cash += transfer.amount

    def matched(self, realised: Decimal | None, quote: str, sign: int = 1) -> None:
        if realised is None:
            self.by_currency[quote].realised_missing += sign
        else:
            self.by_currency[quote].realised += sign * realised


# --- facts as the matcher wants them -----------------------------------------


def fill_key(fill: Fill) -> Key:
    return fill.executed_at, fill.sequence, fill.external_id


def transfer_key(transfer: Transfer) -> Key:
    return transfer.at, transfer.sequence, transfer.external_id


def trade_of(fill: Fill, instrument: Instrument) -> matching.Trade:
    in_base = fill.fee_currency == instrument.base != instrument.quote
    return matching.Trade(
        fill.pk,
        fill.executed_at,
        fill.side == Fill.Side.BUY,
        units(fill.quantity),
        units(fill.amount),
        units(fill.fee_value or ZERO),
        units(fill.fee) if in_base else 0,
        fill.strategy,
        matching.NO_FX if fill.fee_value is None else "",
    )


def movement_of(
    transfer: Transfer, instrument: Instrument
) -> matching.Movement | matching.Funding | None:
    """What a transfer means for the pair; None for cash that only belongs to it."""
    if transfer.asset == instrument.base:
        return matching.Movement(
            transfer.pk,
            transfer.at,
            units(transfer.amount),
            None if transfer.cost is None else units(transfer.cost),
            transfer.external,
            transfer.strategy,
        )
    if transfer.kind == Transfer.Kind.FUNDING:
        return matching.Funding(transfer.pk, transfer.at, units(transfer.amount))
    return None


def facts_of(
    instrument: Instrument,
    fills: Iterable[Fill],
    transfers: Iterable[Transfer],
    splits: Iterable[Split] = (),
) -> list[matching.Fact]:
    """The pair's facts in their order; a split comes first at its time."""
    keyed: list[tuple[Key, matching.Fact]] = [
        (fill_key(fill), trade_of(fill, instrument)) for fill in fills
    ]
    for transfer in transfers:
        fact = movement_of(transfer, instrument)
        if fact is not None:
            keyed.append((transfer_key(transfer), fact))
    for split in splits:
        moved = matching.Split(split.at, split.numerator, split.denominator)
        keyed.append(((split.at, -1, ""), moved))
    keyed.sort(key=lambda one: one[0])
    return [fact for _, fact in keyed]


def stored_facts(
    book: Book, instrument: Instrument, after: datetime | None = None
) -> list[matching.Fact]:
    """The pair's booked facts later than `after` (all without). Three queries."""
    fills = Fill.objects.filter(book=book, instrument=instrument)
    fills = fills.exclude(status=Fill.Status.VOIDED)
    transfers = Transfer.objects.filter(book=book, instrument=instrument)
    splits = Split.objects.filter(instrument=instrument)
    if after is not None:
        fills = fills.filter(executed_at__gt=after)
        transfers = transfers.filter(at__gt=after)
        splits = splits.filter(at__gt=after)
    return facts_of(instrument, fills.iterator(CHUNK), transfers, splits)


def last_key(book: Book, instrument: Instrument) -> Key | None:
    """The key of the pair's newest booked fact (a split counts once there are others:
    before the first there is nothing to split)."""
    keys: list[Key] = []
    fill = (
        Fill.objects.filter(book=book, instrument=instrument)
        .order_by("-executed_at", "-sequence", "-external_id")
        .values_list("executed_at", "sequence", "external_id")
        .first()
    )
    transfer = (
        Transfer.objects.filter(book=book, instrument=instrument)
        .order_by("-at", "-sequence", "-external_id")
        .values_list("at", "sequence", "external_id")
        .first()
    )
    keys.extend(key for key in (fill, transfer) if key is not None)
    split = (
        Split.objects.filter(instrument=instrument)
        .order_by("-at")
        .values_list("at", flat=True)
        .first()
    )
    if keys and split is not None:
        keys.append((split, -1, ""))
    return max(keys, default=None)


# --- the stored state of a pair --------------------------------------------------


def new_pair(book: Book, instrument: Instrument) -> matching.Pair:
    """An empty pair with the book's and the instrument's rules."""
    dust = units(instrument.step) if instrument.step else matching.DUST
    return matching.Pair(allow_short=book.allow_short, dust=dust)


def load_pair(
    book: Book, instrument: Instrument
) -> tuple[matching.Pair, dict[int, Lot], RoundTrip | None]:
    """The pair as stored: open lots by id, and its open round trip. Two queries."""
    rows = {
        row.pk: row
        for row in Lot.objects.filter(
            book=book, instrument=instrument, remaining_quantity__gt=ZERO
        ).order_by("id")
    }
    trip = RoundTrip.objects.filter(
        book=book, instrument=instrument, closed_at__isnull=True
    ).first()
    pair = new_pair(book, instrument)
    pair.lots = deque(_lot(row) for row in rows.values())
    pair.held = sum(lot.left for lot in pair.lots)
    if trip is not None:
        pair.trip = _trip(trip)
        pair.trips.append(pair.trip)
    return pair, rows, trip


def _lot(row: Lot) -> matching.Lot:
    return matching.Lot(
        row.long,
        row.opened_at,
        units(row.quantity),
        units(row.amount),
        units(row.fee),
        row.strategy,
        row.fill_id,
        row.transfer_id,
        row.reason,
        row.pk,
        units(row.remaining_quantity),
        units(row.remaining_amount),
        units(row.remaining_fee),
    )


def _trip(row: RoundTrip) -> matching.Trip:
    return matching.Trip(
        row.long,
        row.opened_at,
        row.strategy,
        row.opened_by_id,
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


# --- moving a pair on -------------------------------------------------------------


def extend(
    book: Book, instrument: Instrument, facts: list[matching.Fact], deltas: Deltas
) -> None:
    """Apply facts that are the newest of their pair."""
    pair, rows, trip = load_pair(book, instrument)
    pair.apply_all(facts)
    _save_lots(pair, rows)
    _save(book, instrument, pair, trip, deltas)


def replay(book: Book, instrument: Instrument, since: datetime, deltas: Deltas) -> None:
    """Undo the pair back to the last time before `since` when nothing was held, and
    match again from there. Deletes and rewrites that stretch."""
    start = _flat_before(book, instrument, since)
    _undo(book, instrument, start, deltas)
    pair = new_pair(book, instrument)
    pair.apply_all(stored_facts(book, instrument, start))
    _save(book, instrument, pair, None, deltas)


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
    book: Book, instrument: Instrument, after: datetime | None, deltas: Deltas
) -> None:
    matches = Match.objects.filter(book=book, instrument=instrument)
    trips = RoundTrip.objects.filter(book=book, instrument=instrument)
    lots = Lot.objects.filter(book=book, instrument=instrument)
    if after is not None:
        matches = matches.filter(at__gt=after)
        trips = trips.filter(opened_at__gt=after)
        lots = lots.filter(opened_at__gt=after)
    for realised in matches.values_list("realised", flat=True).iterator(CHUNK):
        deltas.matched(realised, instrument.quote, -1)
    matches.delete()
    trips.delete()
    lots.delete()


def _save_lots(pair: matching.Pair, rows: dict[int, Lot]) -> None:
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
    pair: matching.Pair,
    trip: RoundTrip | None,
    deltas: Deltas,
) -> None:
    """Insert what the pair made, and sum its open lots up into positions."""
    lots = Lot.objects.bulk_create(
        (lot_row(book, instrument, lot) for lot in pair.opened), batch_size=CHUNK
    )
    for lot, row in zip(pair.opened, lots, strict=True):
        lot.id = row.pk
    matches = [match_row(book, instrument, match) for match in pair.matches]
    Match.objects.bulk_create(matches, batch_size=CHUNK)
    for match in matches:
        deltas.matched(match.realised, instrument.quote)
    fresh = []
    for one in pair.trips:
        if trip is not None and one.id == trip.pk:
            trip_row(book, instrument, one).save(force_update=True)
        else:
            fresh.append(trip_row(book, instrument, one))
    RoundTrip.objects.bulk_create(fresh, batch_size=CHUNK)
    _save_positions(book, instrument, pair)


def lot_row(book: Book, instrument: Instrument, lot: matching.Lot) -> Lot:
    return Lot(
        book=book,
        instrument=instrument,
        fill_id=lot.trade,
        transfer_id=lot.movement,
        long=lot.long,
        opened_at=lot.at,
        quantity=number(lot.quantity),
        amount=number(lot.amount),
        fee=number(lot.fee),
        remaining_quantity=number(lot.left),
        remaining_amount=number(lot.amount_left),
        remaining_fee=number(lot.fee_left),
        strategy=lot.strategy,
        reason=lot.reason,
    )


def match_row(book: Book, instrument: Instrument, match: matching.Match) -> Match:
    return Match(
        book=book,
        instrument=instrument,
        lot_id=match.lot.id if match.lot else None,
        fill_id=match.trade,
        transfer_id=match.movement,
        kind=match.kind,
        method=book.method,
        quantity=number(match.quantity),
        cost=None if match.cost is None else number(match.cost),
        proceeds=number(match.proceeds),
        fee=number(match.fee),
        entry_fee=number(match.entry_fee),
        realised=None if match.realised is None else number(match.realised),
        strategy=match.strategy,
        at=match.at,
        reason=match.reason,
    )


def trip_row(book: Book, instrument: Instrument, trip: matching.Trip) -> RoundTrip:
    closed = trip.closed_at is not None
    net = trip.net if closed else None
    return RoundTrip(
        id=trip.id,
        book=book,
        instrument=instrument,
        long=trip.long,
        strategy=trip.strategy,
        opened_by_id=trip.trade,
        closed_by_id=trip.closed_by,
        opened_at=trip.opened_at,
        closed_at=trip.closed_at,
        entry_quantity=number(trip.entry_quantity),
        entry_amount=number(trip.entry_amount),
        entry_fee=number(trip.entry_fee),
        exit_quantity=number(trip.exit_quantity),
        exit_amount=number(trip.exit_amount),
        exit_fee=number(trip.exit_fee),
        entry_basis=number(trip.entry_basis),
        open_basis=number(trip.basis),
        funding=number(trip.funding),
        moved=number(trip.moved),
        net=None if net is None else number(net),
        fills=trip.fills,
        reason=trip.reason,
    )


def positions_of(
    book: Book, instrument: Instrument, pair: matching.Pair
) -> Iterator[Position]:
    """The open lots of a pair, summed up by strategy (unsaved rows)."""
    groups: dict[str, list[matching.Lot]] = defaultdict(list)
    for lot in pair.lots:
        groups[lot.strategy].append(lot)
    for strategy, lots in groups.items():
        quantity = number(sum(lot.left for lot in lots))
        unknown = [lot for lot in lots if lot.reason == matching.MISSING_COST]
        yield Position(
            book=book,
            instrument=instrument,
            strategy=strategy,
            quantity=quantity if lots[0].long else -quantity,
            amount=number(sum(lot.amount_left for lot in lots)),
            fee=number(sum(lot.fee_left for lot in lots)),
            missing_quantity=number(sum(lot.left for lot in unknown)),
            lots=len(lots),
            opened_at=min(lot.at for lot in lots),
        )


def _save_positions(book: Book, instrument: Instrument, pair: matching.Pair) -> None:
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


def save_balances(book: Book, deltas: Deltas) -> None:
    """Add the changes to the book's balances. One query each, plus one to read."""
    rows = {
        row.currency: row
        for row in Balance.objects.filter(
            book=book, currency__in=list(deltas.by_currency)
        )
    }
    for currency, delta in sorted(deltas.by_currency.items()):
        row = rows.get(currency) or Balance(book=book, currency=currency)
        row.cash += delta.cash
        row.realised += delta.realised
        row.fees += delta.fees
        row.realised_missing += delta.realised_missing
        row.fees_missing += delta.fees_missing
        row.save()

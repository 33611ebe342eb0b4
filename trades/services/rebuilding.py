"""Derived rows from nothing but facts: to compare with what is stored, or replace it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import transaction
from django.db.models import Q

from kernel.inserting import made_of
from kernel.numbers import text_or_none
from trades.domain import lots
from trades.domain.matching import Pair
from trades.domain.units import number
from trades.models import (
    Balance,
    Book,
    Fill,
    Instrument,
    Lot,
    Match,
    Position,
    RoundTrip,
    Transfer,
)
from trades.queries.assets import BookAssets
from trades.queries.cash import implied_funding
from trades.queries.facts import ROWS, stored_facts
from trades.queries.generations import Generations
from trades.queries.positions import new_pair, positions_of
from trades.queries.rows import lot_columns, match_columns, trip_columns
from trades.services.books import locked
from trades.services.cash import BalanceChanges, save_balances
from trades.services.pairs import derive
from trades.services.waiting import disturb

LOT = [
    "fill_id",
    "transfer_id",
    "long",
    "opened_at",
    "acquired_at",
    "quantity",
    "amount",
    "fee",
    "remaining_quantity",
    "remaining_amount",
    "remaining_fee",
    "strategy",
    "reason",
]
MATCH = [
    "lot_origin",
    "fill_id",
    "transfer_id",
    "kind",
    "method",
    "quantity",
    "cost",
    "proceeds",
    "fee",
    "entry_fee",
    "realised",
    "strategy",
    "at",
    "reason",
]
TRIP = [
    "long",
    "strategy",
    "opened_by_id",
    "closed_by_id",
    "opened_at",
    "closed_at",
    "entry_quantity",
    "entry_amount",
    "entry_fee",
    "exit_quantity",
    "exit_amount",
    "exit_fee",
    "entry_basis",
    "open_basis",
    "funding",
    "moved",
    "net",
    "fills",
    "reason",
]
POSITION = [
    "strategy",
    "quantity",
    "amount",
    "fee",
    "missing_quantity",
    "lots",
    "opened_at",
]
BALANCE = ["cash", "implied", "realised", "fees", "realised_missing", "fees_missing"]
Row = tuple[str, ...]


def differences(book: Book) -> list[str]:
    """What a rebuild of the book would change; empty when stored = derived.

    Reads every fact of the book; writes nothing.
    """
    different: list[str] = []
    changes = BalanceChanges(book, BookAssets(book))
    for instrument in _instruments(book):
        pair = new_pair(book, instrument)
        pair.apply_all(stored_facts(book, instrument, assets=changes.assets))
        for match in pair.matches:
            realised = match.realised
            changes.matched(
                None if realised is None else number(realised),
                instrument.quote,
            )
        different.extend(_compare_pair(book, instrument, pair))
    _add_facts(book, changes)
    if implied := implied_funding(book):
        changes.by_currency[book.base_currency].implied = implied
    return different + _compare_balances(book, changes)


def rebuild(book: Book) -> None:
    """Replace everything derived of the book, in one transaction under its lock.

    Positions keep their ids; lots and matches get new ones.
    """
    with transaction.atomic():
        book = locked(book)
        Match.every.filter(book=book).delete()
        RoundTrip.every.filter(book=book).delete()
        Lot.every.filter(book=book).delete()
        Balance.objects.filter(book=book).delete()
        changes = BalanceChanges(book, BookAssets(book))
        generations, instruments = Generations(book), _instruments(book)
        disturb(book, instruments)
        for instrument in instruments:
            derive(book, instrument, None, changes, generations)
        _add_facts(book, changes)
        save_balances(book, changes)


def _instruments(book: Book) -> list[Instrument]:
    used = set(book.fills.values_list("instrument_id", flat=True).distinct())
    for moved in (book.transfers, book.arrivals):
        named = moved.filter(instrument__isnull=False)
        used |= set(named.values_list("instrument_id", flat=True).distinct())
    used |= set(Position.objects.filter(book=book).values_list("instrument", flat=True))
    return list(Instrument.objects.filter(pk__in=used).order_by("pk"))


def _add_facts(book: Book, changes: BalanceChanges) -> None:
    fills = Fill.objects.standing().filter(book=book)
    for fill in fills.select_related("instrument").iterator(ROWS):
        changes.fill(fill, fill.instrument)
    transfers = Transfer.objects.standing().filter(Q(book=book) | Q(to_book=book))
    for transfer in transfers.select_related("instrument"):
        changes.transfer(transfer)


def _plain(value: Any) -> str:
    """A value as text, equal exactly when the values are."""
    return str(text_or_none(value)) if hasattr(value, "as_tuple") else str(value)


def _row(thing: Any, names: Iterable[str]) -> Row:
    return tuple(_plain(getattr(thing, name)) for name in names)


def _rows(things: Iterable[Any], names: list[str]) -> list[Row]:
    return [_row(thing, names) for thing in things]


def _match_row(row: Match, lot: Lot | lots.LotState | None) -> Row:
    if lot is None:
        origin = ""
    elif isinstance(lot, Lot):
        origin = f"{lot.fill_id}/{lot.transfer_id}"
    else:
        origin = f"{lot.trade}/{lot.movement}"
    return (origin, *_row(row, MATCH[1:]))


def _compare_pair(book: Book, instrument: Instrument, pair: Pair) -> Iterator[str]:
    rule = {"book": book, "instrument": instrument}
    derived = made_of(Lot, lot_columns(book, instrument, pair.opened))
    yield from _compare(
        f"{instrument} lots",
        _rows(Lot.objects.filter(**rule).order_by("id"), LOT),
        _rows(derived, LOT),
    )
    stored = Match.objects.filter(**rule).select_related("lot").order_by("id")
    matches = made_of(Match, match_columns(book, instrument, pair.matches))
    yield from _compare(
        f"{instrument} matches",
        [_match_row(row, row.lot) for row in stored],
        [
            _match_row(row, match.lot)
            for row, match in zip(matches, pair.matches, strict=True)
        ],
    )
    trips = made_of(RoundTrip, trip_columns(book, instrument, pair.trips))
    yield from _compare(
        f"{instrument} round trips",
        _rows(RoundTrip.objects.filter(**rule).order_by("id"), TRIP),
        _rows(trips, TRIP),
    )
    yield from _compare(
        f"{instrument} positions",
        sorted(_rows(Position.objects.filter(**rule), POSITION)),
        sorted(_rows(positions_of(book, instrument, pair), POSITION)),
    )


def _compare(what: str, stored: list[Row], derived: list[Row]) -> Iterator[str]:
    if stored != derived:
        wrong = sum(
            row != twin for row, twin in zip(stored, derived, strict=False)
        ) + abs(len(stored) - len(derived))
        yield f"{what}: {len(stored)} stored, {len(derived)} derived, {wrong} differ"


def _compare_balances(book: Book, changes: BalanceChanges) -> list[str]:
    different = []
    stored = {row.currency: row for row in Balance.objects.filter(book=book)}
    for currency in sorted(set(stored) | set(changes.by_currency)):
        mine = _row(changes.by_currency[currency], BALANCE)
        row = stored.get(currency)
        kept = _row(row, BALANCE) if row else ("0",) * len(BALANCE)
        if kept != mine:
            different.append(f"{currency} balance: stored {kept}, derived {mine}")
    return different

"""As known at a time: matched again in memory from the facts, splits and values that
were recorded by then, under the book's present settings (LEDGER.md §2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from django.db.models import Q

from kernel.inserting import made_of
from kernel.numbers import ZERO
from trades.domain.cash import ImpliedFunding
from trades.domain.events import Fact, Movement
from trades.domain.lots import LotMatch, left_by
from trades.domain.matching import Pair
from trades.domain.ordering import Key
from trades.domain.rates import Mark
from trades.domain.units import number
from trades.models import (
    Balance,
    Book,
    Fill,
    Instrument,
    Position,
    RoundTrip,
    Transfer,
)
from trades.queries.assets import BookAssets
from trades.queries.cash import cash_moves
from trades.queries.facts import (
    ROWS,
    PairRows,
    assets_of,
    keyed_facts,
    pair_fees,
    pair_transfers,
)
from trades.queries.known_sizes import check_facts, senders
from trades.queries.marks import mark_history
from trades.queries.positions import new_pair, positions_of
from trades.queries.rows import trip_columns
from trades.queries.splits import book_splits
from trades.queries.worth import as_valued, fee_values, worth_of


@dataclass(frozen=True, kw_only=True)
class KnownBook:
    """A book as it was known at a time. Rows that it gives are not stored.

    `fee_values` are what the fees of fills were worth in their quote, where that was
    valued then or later (None: not then); `transfers` those that counted, in order.
    """

    book: Book
    known_at: datetime
    assets: BookAssets
    transfers: Sequence[Transfer]
    fee_values: Mapping[int, Decimal | None]
    pairs: dict[Instrument, Pair] = field(default_factory=dict)

    @property
    def matches(self) -> Iterator[tuple[Instrument, LotMatch]]:
        for instrument, pair in self.pairs.items():
            for match in pair.matches:
                yield instrument, match

    @cached_property
    def arrivals(self) -> set[int]:
        """The transfers that came from own books."""
        mine = self.book.pk
        return {move.pk for move in self.transfers if move.to_book_id == mine}

    def positions(self) -> list[Position]:
        return [
            position
            for instrument, pair in self.pairs.items()
            for position in positions_of(self.book, instrument, pair)
        ]

    def trips(self) -> list[RoundTrip]:
        rows = []
        for instrument, pair in self.pairs.items():
            columns = trip_columns(self.book, instrument, pair.trips)
            for row in made_of(RoundTrip, columns):
                row.instrument = instrument
                rows.append(row)
        return rows

    def marks(self, symbols: Collection[str]) -> dict[str, Mark]:
        """What these symbols were worth then, by the prices and fills known then."""
        history = mark_history(self.book, symbols, known_at=self.known_at)
        marks = {symbol: history.mark(symbol, self.known_at) for symbol in symbols}
        return {symbol: mark for symbol, mark in marks.items() if mark is not None}

    @cached_property
    def balances(self) -> list[Balance]:
        """By currency. Reads the book's fills, twice."""
        rows: dict[str, Balance] = {}
        for currency, cash in self._cash().items():
            rows[currency] = Balance(book=self.book, currency=currency, cash=cash)
        for instrument, match in self.matches:
            row = self._row(rows, instrument.quote)
            if match.realised is None:
                row.realised_missing += 1
            else:
                row.realised += number(match.realised)
        for quote, _, fee in self.fees():
            row = self._row(rows, quote)
            row.fees += fee or ZERO
            row.fees_missing += fee is None
        funded = self._row(rows, self.book.base_currency)
        funded.implied = self._implied()
        return [rows[currency] for currency in sorted(rows)]

    def _row(self, rows: dict[str, Balance], currency: str) -> Balance:
        return rows.setdefault(currency, Balance(book=self.book, currency=currency))

    def _cash(self) -> dict[str, Decimal]:
        cash: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for _, move in cash_moves(self.book, self.known_at):
            cash[move.currency] += move.amount
        return cash

    def _implied(self) -> Decimal:
        funding = ImpliedFunding()
        for _, move in cash_moves(self.book, self.known_at):
            if move.currency == self.book.base_currency:
                funding.apply(move)
        return funding.implied

    def fees(self) -> Iterator[tuple[str, str, Decimal | None]]:
        """(quote, strategy, worth of its fee) of each fill. One query."""
        rows = Fill.objects.standing(self.known_at).filter(book=self.book)
        columns = ("pk", "instrument__quote", "strategy", "fee_value")
        for pk, quote, strategy, stored in rows.values_list(*columns).iterator(ROWS):
            yield quote, strategy, self.fee_values.get(pk, stored)

    def keyed(self, instrument: Instrument) -> list[tuple[Key, Fact]]:
        """The pair's facts with their places; what came from own books without the
        lots that it brought, which `known_books` adds. At most seven queries."""
        book, known_at = self.book, self.known_at
        fills = Fill.objects.standing(known_at)
        fills = fills.filter(book=book, instrument=instrument)
        paid = list(pair_fees(book, instrument, self.assets, known_at))
        moves = list(pair_transfers(book, instrument, self.assets, known_at))
        rows = PairRows(
            fills=as_valued(fills.iterator(ROWS), self.fee_values),
            fees=paid,
            transfers=moves,
            splits=book_splits(book, [instrument.symbol], known_at).of(
                instrument.symbol
            ),
            worth=worth_of(book, instrument, moves, fees=bool(paid), known_at=known_at),
        )
        return keyed_facts(book, instrument, rows, self.assets)

    def instruments(self) -> set[int]:
        """Of what it had a fact. One query."""
        fills = Fill.objects.standing(self.known_at).filter(book=self.book)
        used = set(fills.order_by().values_list("instrument", flat=True).distinct())
        moved = map(self.assets.of_transfer, self.transfers)
        return used | {instrument.pk for instrument in moved if instrument is not None}


def known_books(
    books: Sequence[Book],
    known_at: datetime,
    only: Collection[Instrument] | None = None,
) -> dict[int, KnownBook]:
    """The books by id, with all their pairs or those of `only` these instruments. A few
    queries for each pair; books from which lots came are matched with them.

    Raises Invalid where these have too many facts (known_sizes).
    """
    sent = senders(books, known_at, only)
    check_facts(books, sent, known_at, only)
    known = {book.pk: _read(book, known_at) for book in books}
    used = {pk: each.instruments() for pk, each in known.items()}
    wanted = set[int]().union(*used.values())
    if only is not None:
        wanted &= {instrument.pk for instrument in only}
    for book in Book.objects.filter(pk__in=sent):
        known[book.pk] = _read(book, known_at, sent[book.pk])
        used[book.pk] = sent[book.pk]
    for instrument in Instrument.objects.filter(pk__in=wanted).order_by("pk"):
        holders = [each for pk, each in known.items() if instrument.pk in used[pk]]
        _match(holders, instrument)
    return {book.pk: known[book.pk] for book in books}


def realised_known_at(fills: Sequence[Fill], known_at: datetime) -> dict[int, Decimal]:
    """{fill: what it realised}: fills that closed nothing, or something of unknown
    cost, are absent. Book and instrument are loaded. Raises as known_books."""
    of_book: dict[Book, list[Fill]] = defaultdict(list)
    for fill in fills:
        of_book[fill.book].append(fill)
    instruments = {fill.instrument for fill in fills}
    for book, mine in of_book.items():
        instruments |= _paid_from(mine, BookAssets(book, known_at))
    realised: dict[int, Decimal] = {}
    for known in known_books(list(of_book), known_at, instruments).values():
        realised |= _realised(match for _, match in known.matches)
    return {fill.pk: realised[fill.pk] for fill in fills if fill.pk in realised}


def _paid_from(fills: Sequence[Fill], assets: BookAssets) -> set[Instrument]:
    """Whose lots the fees of a book's fills consumed. One query."""
    assets.load(assets_of(fills))
    paid = {assets.of_fee(fill) for fill in fills}
    return {instrument for instrument in paid if instrument is not None}


def _read(
    book: Book, known_at: datetime, only: Collection[int] | None = None
) -> KnownBook:
    """With `only` what its pairs of these instruments are matched from."""
    mine = Q(book=book) | Q(to_book=book)
    transfers = Transfer.objects.standing(known_at).filter(mine)
    ordered = transfers.order_by("at", "recorded_at", "sequence", "id")
    return KnownBook(
        book=book,
        known_at=known_at,
        assets=BookAssets(book, known_at),
        transfers=list(ordered.select_related("instrument")),
        fee_values=fee_values(book, only, known_at),
    )


def _match(holders: Sequence[KnownBook], instrument: Instrument) -> None:
    """Match the pairs of several books together, so that what moves between them brings
    the lots that left: a movement leaves before it comes."""
    facts = [
        (key, isinstance(fact, Movement) and fact.id in known.arrivals, known, fact)
        for known in holders
        for key, fact in known.keyed(instrument)
    ]
    facts.sort(key=lambda placed: placed[:2])
    for known in holders:
        known.pairs[instrument] = new_pair(known.book, instrument)
    travelling: dict[int, Sequence[LotMatch]] = {}
    for _, comes, known, fact in facts:
        pair = known.pairs[instrument]
        before = len(pair.matches)
        if isinstance(fact, Movement) and comes:
            lots = left_by(travelling.get(fact.id, ()), fact.at)
            pair.apply(replace(fact, lots=lots))
            continue
        pair.apply(fact)
        if isinstance(fact, Movement) and fact.quantity < 0:
            travelling[fact.id] = pair.matches[before:]


def _realised(matches: Iterable[LotMatch]) -> dict[int, Decimal]:
    totals: dict[int, int] = defaultdict(int)
    unknown: set[int] = set()
    for match in matches:
        if match.trade is None:
            continue
        if match.realised is None:
            unknown.add(match.trade)
        else:
            totals[match.trade] += match.realised
    return {pk: number(total) for pk, total in totals.items() if pk not in unknown}

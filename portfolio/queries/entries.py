"""A book's facts and lot movements as entries of the walk through its history."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from operator import itemgetter
from typing import NamedTuple

from django.db.models import Q

from kernel.numbers import ZERO
from portfolio.domain.equity import Entry
from portfolio.queries.derived import LotRow, MatchRow, lot_rows, match_rows
from portfolio.queries.flows import unit_worths
from trades.domain.cash import fill_moves
from trades.domain.marks import Splits
from trades.models import Book, Fill, Instrument, Match, Transfer
from trades.queries.assets import BookAssets
from trades.queries.cash import Place, place_of, transfer_move
from trades.queries.known import KnownBook

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)


def entries_of(
    book: Book,
    fills: Iterable[FillRow],
    transfers: Iterable[Transfer],
    splits: Splits,
    known: KnownBook | None = None,
    *,
    symbols: Collection[str] = (),
    after: datetime | None = None,
) -> list[Entry]:
    """All of them, in order of time, as they are or were known; a split stands before
    anything else of its instant. With `after`, those later than that, of which the
    fills and transfers are given; `symbols` are held from before. Three queries."""
    fills, transfers = list(fills), list(transfers)
    known_at = known.known_at if known else None
    assets = BookAssets(book, known_at).load(
        {row.fee_currency for row in fills} | {move.asset for move in transfers}
    )
    moved = {
        transfer.pk: instrument
        for transfer in transfers
        if (instrument := assets.of_transfer(transfer)) is not None
    }
    units = unit_worths(book, transfers, moved, known_at)
    named = {*symbols, *(row.symbol for row in fills)} | {
        instrument.symbol for instrument in moved.values()
    }
    placed = [
        *_split_entries(named, splits, after),
        *_transfer_entries(book, transfers, moved),
        *_income_in_kind(transfers, moved, units),
        *((row.place, entry) for row in fills for entry in _cash_of(row, assets)),
        *(
            (_after(entry.at), entry)
            for entry in (
                *_lot_entries(lot_rows(book, known, after=after), units),
                *_match_entries(match_rows(book, known, after=after), units),
            )
        ),
    ]
    placed.sort(key=itemgetter(0))
    return [entry for _, entry in placed]


def _before(at: datetime) -> Place:
    """Where a split stands: before everything of its own instant."""
    return at, EARLIEST, 0, 0


def _after(at: datetime) -> Place:
    """Where lots and matches stand: they follow from the facts of their instant."""
    return at, LATEST, 0, 0


class FillRow(NamedTuple):
    external_id: str
    executed_at: datetime
    sequence: int
    symbol: str
    base: str
    quote: str
    side: str
    quantity: Decimal
    price: Decimal
    amount: Decimal
    fee: Decimal
    fee_currency: str
    fee_value: Decimal | None
    strategy: str
    recorded_at: datetime
    pk: int

    @property
    def content(self) -> tuple[object, ...]:
        """What it says, without when and where it was stored."""
        return self[:-2]

    @property
    def place(self) -> Place:
        return self.executed_at, self.recorded_at, self.sequence, self.pk


def fill_rows(
    book: Book, known: KnownBook | None = None, after: datetime | None = None
) -> list[FillRow]:
    """Every fill (after a time) that counts or, as known at a time, did, in order. One
    query."""
    later = Q() if after is None else Q(executed_at__gt=after)
    rows = (
        Fill.objects.standing(known.known_at if known else None)
        .filter(later, book=book)
        .order_by("executed_at", "recorded_at", "sequence", "id")
        .values_list(
            "external_id",
            "executed_at",
            "sequence",
            "instrument__symbol",
            "instrument__base",
            "instrument__quote",
            "side",
            "quantity",
            "price",
            "amount",
            "fee",
            "fee_currency",
            "fee_value",
            "strategy",
            "recorded_at",
            "pk",
        )
    )
    fills = [FillRow(*row) for row in rows]
    if known is None:
        return fills
    worth = known.fee_values
    return [row._replace(fee_value=worth.get(row.pk, row.fee_value)) for row in fills]


def _cash_of(row: FillRow, assets: BookAssets) -> Iterator[Entry]:
    foreign = row.fee_currency not in {row.quote, row.base}
    moves = fill_moves(
        buy=row.side == Fill.Side.BUY,
        amount=row.amount,
        fee=row.fee,
        fee_currency=row.fee_currency,
        base=row.base,
        quote=row.quote,
        fee_in_kind=foreign and assets.moved(row.fee_currency) is not None,
    )
    for move in moves:
        yield Entry(
            at=row.executed_at, currency=move.currency, cash=move.amount, by_fill=True
        )


def _transfer_entries(
    book: Book, transfers: Iterable[Transfer], moved: Collection[int]
) -> Iterator[tuple[Place, Entry]]:
    for transfer in transfers:
        if transfer.pk not in moved:  # else its lots and matches carry it
            yield place_of(transfer), _of_transfer(book, transfer)


def _income_in_kind(
    transfers: Iterable[Transfer],
    moved: Mapping[int, Instrument],
    units: Mapping[int, Decimal],
) -> Iterator[tuple[Place, Entry]]:
    """What it was worth is income, and its lot costs as much."""
    for transfer in transfers:
        if transfer.external or transfer.pk not in units:
            continue
        instrument = moved[transfer.pk]
        entry = Entry(
            at=transfer.at,
            symbol=instrument.symbol,
            strategy=transfer.strategy,
            currency=instrument.quote,
            income=transfer.amount * units[transfer.pk],
        )
        yield place_of(transfer), entry


def _of_transfer(book: Book, transfer: Transfer) -> Entry:
    if transfer.external:
        move = transfer_move(book, transfer)
        return Entry(
            at=transfer.at,
            currency=move.currency,
            cash=move.amount,
            external=move.amount,
            deposited=move.deposited,
            between=transfer.pk if transfer.to_book_id else None,
        )
    instrument = transfer.instrument
    return Entry(
        at=transfer.at,
        symbol=instrument.symbol if instrument is not None else "",
        strategy=transfer.strategy,
        currency=transfer.asset,
        cash=transfer.amount,
        income=transfer.amount,
    )


def _lot_entries(
    lots: Iterable[LotRow], units: Mapping[int, Decimal]
) -> Iterator[Entry]:
    for lot in lots:
        sign = 1 if lot.long else -1
        yield Entry(
            at=lot.at,
            symbol=lot.symbol,
            strategy=lot.strategy,
            quantity=sign * lot.quantity,
            cost=sign * lot.amount + lot.fee,
            in_kind=lot.transfer_kind in Transfer.EXTERNAL,
            between=lot.transfer if lot.to_book else None,
            unit=units.get(lot.transfer or 0),
        )


def _match_entries(
    matches: Iterable[MatchRow], units: Mapping[int, Decimal]
) -> Iterator[Entry]:
    for match in matches:
        outside = (
            match.kind == Match.Kind.TRANSFER
            and match.transfer_kind in Transfer.EXTERNAL
        )
        known_cost, proceeds = match.cost or ZERO, match.proceeds or ZERO
        if not match.lot:  # closed without a lot: nothing was held
            quantity = cost = ZERO
        elif match.long:
            quantity, cost = -match.quantity, -(known_cost + match.entry_fee)
        else:
            quantity, cost = match.quantity, proceeds - match.entry_fee
        realised = ZERO if outside else proceeds - known_cost - match.fee
        yield Entry(
            at=match.at,
            symbol=match.symbol,
            strategy=match.strategy,
            quantity=quantity,
            cost=cost,
            realised=realised,
            in_kind=outside and match.lot,
            between=match.transfer if match.to_book else None,
            unit=units.get(match.transfer or 0),
        )


def _split_entries(
    symbols: Iterable[str], splits: Splits, after: datetime | None
) -> Iterator[tuple[Place, Entry]]:
    for symbol in symbols:
        for split in splits.of(symbol):
            if after is not None and split.at <= after:
                continue
            entry = Entry(at=split.at, symbol=symbol, split=split.ratio)
            yield _before(split.at), entry

"""A book's facts and lot movements as entries of the walk through its history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from kernel.numbers import ZERO
from portfolio.domain.equity import Entry
from trades.models import Book, Fill, Lot, Match, Split, Transfer


def entries_of(
    book: Book, fills: Iterable[FillRow], transfers: Iterable[Transfer]
) -> list[Entry]:
    """All of them, in order of time. Three queries."""
    fills = list(fills)
    symbols = {row.symbol for row in fills} | {
        transfer.instrument.symbol
        for transfer in transfers
        if transfer.instrument is not None
    }
    entries = [
        *_transfer_entries(transfers),
        *(entry for row in fills for entry in _cash_of(row)),
        *_lot_entries(book),
        *_match_entries(book),
        *_split_entries(symbols),
    ]
    entries.sort(key=lambda entry: entry.at)
    return entries


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


def fill_rows(book: Book) -> list[FillRow]:
    """Every fill that counts, in order. One query."""
    rows = (
        Fill.objects.standing()
        .filter(book=book)
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
        )
    )
    return [FillRow(*row) for row in rows]


def _cash_of(row: FillRow) -> Iterator[Entry]:
    """What a fill does to cash: its quote leg, and its fee unless paid in kind."""
    leg = row.amount if row.side == Fill.Side.SELL else -row.amount
    if row.fee_currency == row.quote:
        leg -= row.fee
    yield Entry(at=row.executed_at, currency=row.quote, cash=leg)
    if row.fee and row.fee_currency not in {row.quote, row.base}:
        yield Entry(at=row.executed_at, currency=row.fee_currency, cash=-row.fee)


def _transfer_entries(transfers: Iterable[Transfer]) -> Iterator[Entry]:
    for transfer in transfers:
        if transfer.moves_instrument:
            continue  # its lots and matches carry it
        if transfer.external:
            yield Entry(
                at=transfer.at,
                currency=transfer.asset,
                cash=transfer.amount,
                external=transfer.amount,
            )
            continue
        instrument = transfer.instrument
        yield Entry(
            at=transfer.at,
            symbol=instrument.symbol if instrument is not None else "",
            strategy=transfer.strategy,
            currency=transfer.asset,
            cash=transfer.amount,
            income=transfer.amount,
        )


def _lot_entries(book: Book) -> Iterator[Entry]:
    lots = Lot.objects.filter(book=book).values_list(
        "opened_at",
        "instrument__symbol",
        "strategy",
        "long",
        "quantity",
        "amount",
        "fee",
        "transfer__kind",
        named=True,
    )
    for lot in lots:
        sign = 1 if lot.long else -1
        yield Entry(
            at=lot.opened_at,
            symbol=lot.instrument__symbol,
            strategy=lot.strategy,
            quantity=sign * lot.quantity,
            cost=sign * lot.amount + lot.fee,
            in_kind=lot.transfer__kind in Transfer.EXTERNAL,
        )


def _match_entries(book: Book) -> Iterator[Entry]:
    matches = Match.objects.filter(book=book).values_list(
        "at",
        "instrument__symbol",
        "strategy",
        "kind",
        "lot_id",
        "lot__long",
        "quantity",
        "cost",
        "proceeds",
        "fee",
        "entry_fee",
        "transfer__kind",
        named=True,
    )
    for match in matches:
        outside = (
            match.kind == Match.Kind.TRANSFER
            and match.transfer__kind in Transfer.EXTERNAL
        )
        known_cost, proceeds = match.cost or ZERO, match.proceeds or ZERO
        if not match.lot_id:  # closed without a lot: nothing was held
            quantity = cost = ZERO
        elif match.lot__long:
            quantity, cost = -match.quantity, -(known_cost + match.entry_fee)
        else:
            quantity, cost = match.quantity, proceeds - match.entry_fee
        realised = ZERO if outside else proceeds - known_cost - match.fee
        yield Entry(
            at=match.at,
            symbol=match.instrument__symbol,
            strategy=match.strategy,
            quantity=quantity,
            cost=cost,
            realised=realised,
            in_kind=outside and bool(match.lot_id),
        )


def _split_entries(symbols: Iterable[str]) -> Iterator[Entry]:
    rows = Split.objects.filter(instrument__symbol__in=list(symbols)).values_list(
        "instrument__symbol", "at", "numerator", "denominator"
    )
    for symbol, at, numerator, denominator in rows:
        yield Entry(at=at, symbol=symbol, split=Fraction(numerator, denominator))

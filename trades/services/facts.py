"""Facts as rows: instruments named, amounts rounded and fees valued, nothing saved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Model

from kernel.errors import FieldError, Invalid, summary
from kernel.inserting import unsaved
from kernel.numbers import NotExact, exact, rounded
from trades.domain.facts import NewFill, NewTransfer, symbol_parts
from trades.domain.marks import fill_mark
from trades.domain.rates import Mark
from trades.models import Book, Fill, ImportBatch, Instrument, Transfer
from trades.queries.rates import BookRates
from trades.services.decisions import decision_ids


def instruments_of(
    book: Book, fills: Sequence[NewFill], transfers: Sequence[NewTransfer]
) -> dict[str, Instrument]:
    """{symbol as given: Instrument}; unknown ones are created."""
    given = {fill.symbol for fill in fills}
    given |= {transfer.symbol for transfer in transfers if transfer.symbol}
    parts = {symbol: symbol_parts(symbol, book.base_currency) for symbol in given}
    needed = {(stored, quote): base for stored, base, quote in parts.values()}
    rows = _stored(needed)
    missing = sorted(set(needed) - set(rows))
    if missing:
        Instrument.objects.bulk_create(
            (
                Instrument(symbol=symbol, base=needed[symbol, quote], quote=quote)
                for symbol, quote in missing
            ),
            ignore_conflicts=True,
        )
        rows |= _stored(missing)
    return {symbol: rows[stored, quote] for symbol, (stored, _, quote) in parts.items()}


def _stored(names: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Instrument]:
    symbols = {symbol for symbol, _ in names}
    rows = Instrument.objects.filter(symbol__in=symbols)
    return {(row.symbol, row.quote): row for row in rows}


def fill_rows(
    book: Book,
    new: Sequence[NewFill],
    instruments: Mapping[str, Instrument],
    batch: ImportBatch | None,
    now: datetime,
    pointers: Sequence[str],
) -> list[Fill]:
    """Unsaved rows, amounts rounded and fees valued. Raises Invalid."""
    times = [fill.executed_at for fill in new] or [now]
    own = _marks_of(new, instruments)
    rates = BookRates(book, min(times), max(times), own)
    decisions = decision_ids(book, {fill.decision for fill in new if fill.decision})
    shared = {
        "book_id": book.id,
        "batch_id": batch.pk if batch else None,
        "recorded_at": now,
    }
    related = {"book": book, "batch": batch}
    rows: list[Fill] = []
    errors: list[FieldError] = []
    for index, fill in enumerate(new):
        where = pointers[index] if pointers else ""
        instrument = instruments[fill.symbol]
        pair = (instrument.base, instrument.quote)
        errors.extend(
            FieldError(f"{where}/{fault.pointer}", fault.code, fault.detail)
            for fault in faults_of(fill, pair, decisions)
        )
        mine = {**shared, "decision_id": decisions.get(fill.decision)}
        rows.append(_fill_row(fill, instrument, rates, mine, related))
    if errors:
        raise Invalid(summary(errors), code="invalid", errors=errors)
    return rows


def _marks_of(
    new: Sequence[NewFill], instruments: Mapping[str, Instrument]
) -> dict[str, list[Mark]]:
    """What the fills themselves say that a symbol costs, and when; nothing where no
    fee asks for a rate."""
    marks: dict[str, list[Mark]] = defaultdict(list)
    if not any(_fee_needs_rate(fill, instruments[fill.symbol]) for fill in new):
        return marks
    for fill in new:
        if fill.price > 0:
            symbol = instruments[fill.symbol].symbol
            marks[symbol].append(fill_mark(fill.executed_at, fill.price))
    return marks


def _fee_needs_rate(new: NewFill, instrument: Instrument) -> bool:
    currency = new.fee_currency
    known = ("", instrument.quote, instrument.base)
    return bool(new.fee) and currency not in known


def faults_of(
    new: NewFill, pair: tuple[str, str], decisions: Container[str]
) -> Iterator[FieldError]:
    """What keeps a fill out of its book; `pair` is its base and quote, `decisions`
    are the book's."""
    base, quote = pair
    in_kind = new.fee_currency == base != quote
    if in_kind and new.side == Fill.Side.BUY and new.fee >= new.quantity:
        yield FieldError("fee", "range", "eats the whole quantity")
    if new.decision and new.decision not in decisions:
        yield FieldError("decision_id", "unknown", "is no decision of this book")


def _fill_row(
    new: NewFill,
    instrument: Instrument,
    rates: BookRates,
    columns: Mapping[str, Any],
    related: Mapping[str, Model | None],
) -> Fill:
    """`columns` are those that do not follow from `new`, `related` the rows behind
    them."""
    currency = new.fee_currency or instrument.quote
    return unsaved(
        Fill,
        {
            **columns,
            "instrument_id": instrument.id,
            "external_id": new.external_id,
            "order_id": new.order_id,
            "side": new.side,
            "quantity": new.quantity,
            "price": new.price,
            "amount": new.booked_amount,
            "fee": new.fee,
            "fee_currency": currency,
            "fee_value": _fee_value(new, currency, instrument, rates),
            "liquidity": new.liquidity,
            "order_type": new.order_type,
            "executed_at": new.executed_at,
            "sequence": new.sequence,
            "strategy": new.strategy,
            "note": new.note,
        },
        {**related, "instrument": instrument},
    )


def _fee_value(
    new: NewFill, currency: str, instrument: Instrument, rates: BookRates
) -> Decimal | None:
    """The fee in the quote currency, rounded once; None where no rate is known."""
    if not new.fee or currency == instrument.quote:
        return new.fee
    if currency == instrument.base:
        return rounded(new.fee * new.price)
    rate = rates.at(currency, instrument.quote, new.executed_at)
    if rate is None:
        return None
    try:
        return exact(rounded(new.fee * rate))
    except (NotExact, ArithmeticError):
        return None


def fill_content(fill: Fill) -> tuple[Any, ...]:
    """What makes a repeat the same fill; its note does not."""
    return (
        fill.instrument_id,
        fill.side,
        fill.quantity,
        fill.price,
        fill.amount,
        fill.fee,
        fill.fee_currency,
        fill.executed_at,
        fill.order_id,
        fill.order_type,
        fill.liquidity,
        fill.strategy,
        fill.decision_id,
    )


def transfer_rows(
    book: Book,
    new: Sequence[NewTransfer],
    instruments: Mapping[str, Instrument],
    batch: ImportBatch | None,
    now: datetime,
) -> list[Transfer]:
    return [
        Transfer(
            book=book,
            external_id=transfer.external_id,
            kind=transfer.kind,
            asset=transfer.asset,
            amount=transfer.amount,
            cost=transfer.cost,
            instrument=instruments[transfer.symbol] if transfer.symbol else None,
            to_book_id=int(transfer.to_book) if transfer.to_book else None,
            strategy=transfer.strategy,
            at=transfer.at,
            sequence=transfer.sequence,
            note=transfer.note,
            batch=batch,
            recorded_at=now,
        )
        for transfer in new
    ]


def transfer_content(transfer: Transfer) -> tuple[Any, ...]:
    return (
        transfer.kind,
        transfer.asset,
        transfer.amount,
        transfer.cost,
        transfer.at,
        transfer.to_book_id,
        transfer.strategy,
    )

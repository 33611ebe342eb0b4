"""The facts of a pair (a book's instrument) as the matcher wants them, in order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from kernel.numbers import ZERO
from trades.domain import events
from trades.domain.lots import LotReason
from trades.domain.marks import SplitRatio
from trades.domain.ordering import Key, split_key
from trades.domain.units import units
from trades.models import Book, Fill, Instrument, Transfer
from trades.queries.splits import book_splits

IDS = 500  # in one IN list
ROWS = 2000  # in one fetch or insert


def fill_key(fill: Fill) -> Key:
    return fill.executed_at, fill.recorded_at, fill.sequence, fill.pk or 0


def transfer_key(transfer: Transfer) -> Key:
    return transfer.at, transfer.recorded_at, transfer.sequence, transfer.pk or 0


def time_of(fact: Fill | Transfer) -> datetime:
    return fact.executed_at if isinstance(fact, Fill) else fact.at


def touched(fact: Fill | Transfer) -> list[Instrument]:
    """The instruments in whose pairs it is a fact. They are loaded."""
    return [fact.instrument] if fact.instrument is not None else []


def _trade(fill: Fill, instrument: Instrument) -> events.Trade:
    in_base = fill.fee_currency == instrument.base != instrument.quote
    return events.Trade(
        id=fill.pk,
        at=fill.executed_at,
        buy=fill.side == Fill.Side.BUY,
        quantity=units(fill.quantity),
        amount=units(fill.amount),
        fee=units(fill.fee_value or ZERO),
        base_fee=units(fill.fee) if in_base else 0,
        strategy=fill.strategy,
        reason=LotReason.NO_FX if fill.fee_value is None else "",
    )


def _movement(
    transfer: Transfer, instrument: Instrument
) -> events.Movement | events.Funding | None:
    """What a transfer means for the pair; None for cash that only belongs to it."""
    if transfer.asset == instrument.base:
        return events.Movement(
            id=transfer.pk,
            at=transfer.at,
            quantity=units(transfer.amount),
            cost=None if transfer.cost is None else units(transfer.cost),
            external=transfer.external,
            strategy=transfer.strategy,
        )
    if transfer.kind == Transfer.Kind.FUNDING:
        return events.Funding(
            id=transfer.pk, at=transfer.at, amount=units(transfer.amount)
        )
    return None


def facts_of(
    instrument: Instrument,
    fills: Iterable[Fill],
    transfers: Iterable[Transfer],
    splits: Iterable[SplitRatio] = (),
) -> list[events.Fact]:
    """The pair's facts in their order; a split comes first at its time."""
    keyed: list[tuple[Key, events.Fact]] = [
        (fill_key(fill), _trade(fill, instrument)) for fill in fills
    ]
    for transfer in transfers:
        fact = _movement(transfer, instrument)
        if fact is not None:
            keyed.append((transfer_key(transfer), fact))
    for split in splits:
        moved = events.UnitSplit(
            at=split.at,
            numerator=split.ratio.numerator,
            denominator=split.ratio.denominator,
        )
        keyed.append((split_key(split.at), moved))
    keyed.sort(key=lambda pair: pair[0])
    return [fact for _, fact in keyed]


def stored_facts(
    book: Book, instrument: Instrument, after: datetime | None = None
) -> list[events.Fact]:
    """The pair's booked facts later than `after` (all without). Three queries."""
    fills = Fill.objects.standing().filter(book=book, instrument=instrument)
    transfers = Transfer.objects.standing().filter(book=book, instrument=instrument)
    splits = book_splits(book, [instrument.symbol]).of(instrument.symbol)
    if after is not None:
        fills = fills.filter(executed_at__gt=after)
        transfers = transfers.filter(at__gt=after)
        splits = [split for split in splits if split.at > after]
    return facts_of(instrument, fills.iterator(ROWS), transfers, splits)


def last_key(book: Book, instrument: Instrument) -> Key | None:
    """The key of the newest of the pair's booked facts and of the splits that count
    for it: a first import may span one."""
    keys: list[Key] = []
    fill = (
        Fill.objects.standing()
        .filter(book=book, instrument=instrument)
        .order_by("-executed_at", "-recorded_at", "-sequence", "-id")
        .values_list("executed_at", "recorded_at", "sequence", "id")
        .first()
    )
    transfer = (
        Transfer.objects.standing()
        .filter(book=book, instrument=instrument)
        .order_by("-at", "-recorded_at", "-sequence", "-id")
        .values_list("at", "recorded_at", "sequence", "id")
        .first()
    )
    keys.extend(key for key in (fill, transfer) if key is not None)
    splits = book_splits(book, [instrument.symbol]).of(instrument.symbol)
    if splits:
        keys.append(split_key(splits[-1].at))
    return max(keys, default=None)

"""The facts of a pair (a book's instrument) as the matcher wants them, in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q, QuerySet

from kernel.numbers import ZERO
from trades.domain import events
from trades.domain.lots import LotReason
from trades.domain.marks import SplitRatio
from trades.domain.ordering import Key, split_key
from trades.domain.units import units
from trades.models import Book, Fill, Instrument, Settled, Transfer
from trades.queries.assets import BookAssets
from trades.queries.generations import market_at
from trades.queries.splits import book_splits
from trades.queries.worth import Brought, Worth, as_valued, fee_values, worth_of

IDS = 500  # in one IN list
ROWS = 2000  # in one fetch or insert


def fill_key(fill: Fill) -> Key:
    return fill.executed_at, fill.recorded_at, fill.sequence, fill.id or 0


def transfer_key(transfer: Transfer) -> Key:
    return transfer.at, transfer.recorded_at, transfer.sequence, transfer.id or 0


def time_of(fact: Fill | Transfer) -> datetime:
    return fact.executed_at if isinstance(fact, Fill) else fact.at


def touched(fact: Fill | Transfer, assets: BookAssets) -> set[Instrument]:
    """The instruments in whose pairs it is a fact: its own, and the one whose lots it
    moves or pays its fee with. Its own is loaded."""
    paid = assets.of_fee(fact) if isinstance(fact, Fill) else assets.of_transfer(fact)
    return {pair for pair in (fact.instrument, paid) if pair is not None}


def assets_of(facts: Iterable[Fill | Transfer]) -> set[str]:
    """The assets whose class these facts ask for or may change."""
    names: set[str] = set()
    for fact in facts:
        if isinstance(fact, Transfer):
            names.add(fact.asset)
            continue
        names.add(fact.instrument.base)
        if fact.fee_is_foreign:
            names.add(fact.fee_currency)
    return names


def _trade(fill: Fill, instrument: Instrument) -> events.Trade:
    in_base = fill.fee_currency == instrument.base != instrument.quote
    return events.Trade(
        id=fill.id,
        at=fill.executed_at,
        buy=fill.side == Fill.Side.BUY,
        quantity=units(fill.quantity),
        amount=units(fill.amount),
        fee=units(fill.fee_value or ZERO),
        base_fee=units(fill.fee) if in_base else 0,
        strategy=fill.strategy,
        reason=LotReason.NO_FX if fill.fee_value is None else "",
    )


def _fee_in_kind(fill: Fill, worth: Worth) -> events.Trade:
    """The fee of a fill of another instrument that this pair's lots paid."""
    value = worth.fees.get(fill.pk)
    return events.Trade(
        id=fill.pk,
        at=fill.executed_at,
        buy=fill.fee < 0,
        quantity=units(abs(fill.fee)),
        amount=units(abs(value or ZERO)),
        fee=0,
        strategy=fill.strategy,
        reason=LotReason.NO_FX if value is None else "",
        as_fee=True,
    )


def _movement(transfer: Transfer, worth: Worth, *, arrives: bool) -> events.Movement:
    """Units of the instrument that come or go; what came from an own book brings its
    lots, and income in kind costs what it was worth."""
    amount = -transfer.amount if arrives else transfer.amount
    cost = transfer.cost
    if amount > 0 and not transfer.external:
        cost = worth.transfers.get(transfer.pk)
    return events.Movement(
        id=transfer.pk,
        at=transfer.at,
        quantity=units(amount),
        cost=None if cost is None else units(cost),
        external=transfer.external,
        strategy=transfer.strategy,
        lots=tuple(worth.lots.get(transfer.pk, ())) if arrives else (),
    )


def _funding(transfer: Transfer) -> events.Funding:
    return events.Funding(id=transfer.pk, at=transfer.at, amount=units(transfer.amount))


@dataclass(kw_only=True)
class PairRows:
    """The rows in which a pair's facts are: its fills, fills of other instruments
    whose fees it paid, and transfers that move it or say that they were for it."""

    fills: Iterable[Fill] = ()
    fees: Iterable[Fill] = ()
    transfers: Iterable[Transfer] = ()
    splits: Iterable[SplitRatio] = ()
    worth: Worth = field(default_factory=Worth)


def facts_of(
    book: Book, instrument: Instrument, rows: PairRows, assets: BookAssets
) -> list[events.Fact]:
    """The pair's facts in their order; a split comes first at its time."""
    return [fact for _, fact in keyed_facts(book, instrument, rows, assets)]


def keyed_facts(
    book: Book, instrument: Instrument, rows: PairRows, assets: BookAssets
) -> list[tuple[Key, events.Fact]]:
    """`facts_of` with the place of each, to join those of several books."""
    keyed: list[tuple[Key, events.Fact]] = [
        (fill_key(fill), _trade(fill, instrument)) for fill in rows.fills
    ]
    keyed.extend((fill_key(fill), _fee_in_kind(fill, rows.worth)) for fill in rows.fees)
    for transfer in rows.transfers:
        key = transfer_key(transfer)
        if assets.of_transfer(transfer) == instrument:
            arrives = transfer.to_book_id == book.pk
            keyed.append((key, _movement(transfer, rows.worth, arrives=arrives)))
        elif transfer.kind == Transfer.Kind.FUNDING:
            keyed.append((key, _funding(transfer)))
    for split in rows.splits:
        moved = events.UnitSplit(
            at=split.at,
            numerator=split.ratio.numerator,
            denominator=split.ratio.denominator,
        )
        keyed.append((split_key(split.at), moved))
    keyed.sort(key=lambda pair: pair[0])
    return keyed


def pair_transfers(
    book: Book,
    instrument: Instrument,
    assets: BookAssets,
    known_at: datetime | None = None,
    settled: Settled | None = None,
) -> QuerySet[Transfer]:
    """The transfers that count which move the pair's lots or were for it, from both
    sides of those between own books."""
    mine = Q(book=book, instrument=instrument) | Q(to_book=book, instrument=instrument)
    if assets.moved(instrument.base) == instrument:
        unnamed = Q(instrument=None) | ~Q(instrument__base=instrument.base)
        mine |= Q(book=book, asset=instrument.base) & unnamed
    standing = Transfer.objects.standing(known_at, settled)
    return standing.filter(mine).select_related("instrument")


def pair_fees(
    book: Book,
    instrument: Instrument,
    assets: BookAssets,
    known_at: datetime | None = None,
    settled: Settled | None = None,
) -> QuerySet[Fill]:
    """The fills of other instruments that count and whose fees this pair's lots
    paid."""
    base = instrument.base
    if assets.moved(base) != instrument:
        return Fill.objects.none()
    foreign = ~Q(fee=ZERO) & ~Q(instrument__base=base) & ~Q(instrument__quote=base)
    standing = Fill.objects.standing(known_at, settled)
    return standing.filter(foreign, book=book, fee_currency=base)


def stored_facts(
    book: Book,
    instrument: Instrument,
    after: datetime | None = None,
    assets: BookAssets | None = None,
    settled: Settled | None = None,
    brought: Brought | None = None,
) -> list[events.Fact]:
    """The pair's booked facts later than `after` (all without), those that stand now,
    or once what waits has settled: then with all that is known of the market, and with
    the lots that own books have `brought`. At most ten queries."""
    assets = assets or BookAssets(book, settled=settled)
    fills = Fill.objects.standing(settled=settled)
    fills = fills.filter(book=book, instrument=instrument)
    fees = pair_fees(book, instrument, assets, settled=settled)
    moves = pair_transfers(book, instrument, assets, settled=settled)
    counted = book_splits(book, [instrument.symbol], settled=settled is not None)
    splits = counted.of(instrument.symbol)
    if after is not None:
        fills = fills.filter(executed_at__gt=after)
        fees = fees.filter(executed_at__gt=after)
        moves = moves.filter(at__gt=after)
        splits = [split for split in splits if split.at > after]
    paid, transfers = list(fees), list(moves)
    values = fee_values(book, [instrument.pk]) if settled else {}
    rows = PairRows(
        fills=as_valued(fills.iterator(ROWS), values),
        fees=paid,
        transfers=transfers,
        splits=splits,
        worth=worth_of(
            book,
            instrument,
            transfers,
            fees=bool(paid),
            known_at=None if settled else market_at(book, instrument),
            brought=brought,
        ),
    )
    return facts_of(book, instrument, rows, assets)


def last_key(book: Book, instrument: Instrument, assets: BookAssets) -> Key | None:
    """The key of the newest of the pair's booked facts and of the splits that count
    for it: a first import may span one."""
    keys: list[Key] = []
    fills = Fill.objects.standing().filter(book=book, instrument=instrument)
    for rows in (fills, pair_fees(book, instrument, assets)):
        fill = (
            rows.order_by("-executed_at", "-recorded_at", "-sequence", "-id")
            .values_list("executed_at", "recorded_at", "sequence", "id")
            .first()
        )
        keys.extend([fill] if fill else [])
    transfer = (
        pair_transfers(book, instrument, assets)
        .order_by("-at", "-recorded_at", "-sequence", "-id")
        .values_list("at", "recorded_at", "sequence", "id")
        .first()
    )
    keys.extend([transfer] if transfer else [])
    splits = book_splits(book, [instrument.symbol]).of(instrument.symbol)
    if splits:
        keys.append(split_key(splits[-1].at))
    return max(keys, default=None)

"""What facts of a pair were worth at their time, and the lots that came with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from django.db.models import F

from kernel.numbers import ZERO
from trades.domain.events import TravellingLot
from trades.domain.lots import LotReason, MatchKind
from trades.domain.units import units
from trades.models import (
    Book,
    Fill,
    Instrument,
    Match,
    Transfer,
    TransferLot,
    Valuation,
)

Brought: TypeAlias = Mapping[int, Sequence[TransferLot]]
"""By transfer, the lots that came from an own book."""


@dataclass(frozen=True, kw_only=True)
class Worth:
    """In the pair's quote, by id: foreign fees that its lots paid and transfers of
    them; by transfer, the lots that came from an own book."""

    fees: Mapping[int, Decimal] = field(default_factory=dict)
    transfers: Mapping[int, Decimal] = field(default_factory=dict)
    lots: Mapping[int, Sequence[TravellingLot]] = field(default_factory=dict)


def worth_of(
    book: Book,
    instrument: Instrument,
    transfers: Iterable[Transfer],
    *,
    fees: bool,
    known_at: datetime | None = None,
    brought: Brought | None = None,
) -> Worth:
    """What was kept of these transfers, and with `fees` of every fee that was charged
    in the instrument's base. The newest valuation of a fact counts, and the lots that
    came from own books as stored, unless `brought` says what they are. A query
    each."""
    moved = list(transfers)
    kept = Valuation.objects.filter(currency=instrument.quote).order_by("id")
    if known_at is not None:
        kept = kept.filter(recorded_at__lte=known_at)
    paid = kept.filter(book=book, fill__fee_currency=instrument.base)
    in_kind = kept.filter(transfer__in=moved)
    return Worth(
        fees=_newest(paid.values_list("fill", "value")) if fees else {},
        transfers=_newest(in_kind.values_list("transfer", "value")) if moved else {},
        lots=_travelled([row for row in moved if row.to_book_id == book.pk], brought),
    )


def fee_values(
    book: Book, only: Collection[int] | None = None, known_at: datetime | None = None
) -> dict[int, Decimal | None]:
    """What each fee of the book (of fills of `only` these instruments) that is or was
    valued is worth in its fill's quote, or was as known at a time, by fill; None: nobody
    knows. One query."""
    rows = Valuation.objects.filter(
        book=book, fill__isnull=False, currency=F("fill__instrument__quote")
    )
    if only is not None:
        rows = rows.filter(fill__instrument__in=only)
    values: dict[int, Decimal | None] = {}
    for fill, value, at in rows.order_by("id").values_list(
        "fill", "value", "recorded_at"
    ):
        if known_at is None or at <= known_at:
            values[fill or 0] = value
        else:
            values.setdefault(fill or 0, None)
    return values


def as_valued(
    fills: Iterable[Fill], values: Mapping[int, Decimal | None]
) -> Iterator[Fill]:
    """The (unsaved) fills with what their fees are worth by `fee_values`."""
    for fill in fills:
        fill.fee_value = values.get(fill.pk, fill.fee_value)
        yield fill


def _newest(
    values: Iterable[tuple[int | None, Decimal | None]],
) -> dict[int, Decimal]:
    """The last value of each fact, where it is known still."""
    last = dict(values)
    return {pk: value for pk, value in last.items() if pk and value is not None}


def _travelled(
    arrivals: Sequence[Transfer], brought: Brought | None
) -> Mapping[int, Sequence[TravellingLot]]:
    if not arrivals:
        return {}
    lots = lots_that_came(arrivals) if brought is None else brought
    return {move.pk: [*map(travelling, lots.get(move.pk, ()))] for move in arrivals}


def lots_that_came(arrivals: Iterable[Transfer]) -> Brought:
    """The lots that movements brought from own books, as stored, by transfer. One
    query."""
    lots: dict[int, list[TransferLot]] = defaultdict(list)
    for row in TransferLot.objects.filter(transfer__in=arrivals):
        lots[row.transfer_id].append(row)
    return lots


def lots_that_left(
    moves: Iterable[Transfer], written: Mapping[tuple[int, int], int] | None = None
) -> Brought:
    """The lots that the senders' matches say have left, unsaved, by transfer; what
    they did not have comes at no known cost. `written` are generations of (book,
    instrument) to be read in place of those that count. One query, two with these."""
    lots: dict[int, list[TransferLot]] = defaultdict(list)
    for match in _sent(moves, written or {}):
        transfer = match.transfer
        assert transfer is not None
        left = lots[transfer.pk]
        left.append(
            TransferLot(
                transfer=transfer,
                position=len(left),
                quantity=match.quantity,
                amount=(match.cost or ZERO) if match.lot else ZERO,
                fee=match.entry_fee,
                acquired_at=match.lot.acquired_at if match.lot else transfer.at,
                reason=match.lot.reason if match.lot else LotReason.MISSING_COST,
            )
        )
    return lots


def _sent(
    moves: Iterable[Transfer], written: Mapping[tuple[int, int], int]
) -> Iterator[Match]:
    """The matches of each movement in the book that it left, in their order."""
    pairs = defaultdict(list)
    for move in moves:
        pairs[written.get((move.book_id, move.instrument_id or 0))].append(move)
    for generation, sent in pairs.items():
        rows = Match.objects.all()
        if generation is not None:
            rows = Match.every.filter(generation=generation)
        rows = rows.filter(transfer__in=sent, book=F("transfer__book"))
        rows = rows.filter(kind=MatchKind.TRANSFER)
        yield from rows.select_related("lot", "transfer").order_by("id")


def brought_otherwise(moves: Iterable[Transfer], left: Brought) -> list[Transfer]:
    """The movements whose stored lots are not these. One query."""
    came = lots_that_came(moves)
    return [move for move in moves if not same_lots(came, left, move)]


def same_lots(some: Brought, others: Brought, move: Transfer) -> bool:
    """Whether both say the same of a movement."""
    mine, theirs = some.get(move.pk, ()), others.get(move.pk, ())
    return [*map(_content, mine)] == [*map(_content, theirs)]


def _content(lot: TransferLot) -> tuple[object, ...]:
    return (
        lot.position,
        lot.quantity,
        lot.amount,
        lot.fee,
        lot.acquired_at,
        lot.reason,
    )


def travelling(row: TransferLot) -> TravellingLot:
    return TravellingLot(
        quantity=units(row.quantity),
        amount=units(row.amount),
        fee=units(row.fee),
        acquired_at=row.acquired_at,
        reason=row.reason,
    )

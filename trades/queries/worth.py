"""What facts of a pair were worth at their time, and the lots that came with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db.models import F

from trades.domain.events import TravellingLot
from trades.domain.units import units
from trades.models import Book, Instrument, Transfer, TransferLot, Valuation


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
) -> Worth:
    """What was kept of these transfers, and with `fees` of every fee that was charged
    in the instrument's base. The newest valuation of a fact counts. A query each."""
    moved = list(transfers)
    kept = Valuation.objects.filter(currency=instrument.quote).order_by("id")
    if known_at is not None:
        kept = kept.filter(recorded_at__lte=known_at)
    paid = kept.filter(book=book, fill__fee_currency=instrument.base)
    brought = kept.filter(transfer__in=moved)
    return Worth(
        fees=_newest(paid.values_list("fill", "value")) if fees else {},
        transfers=_newest(brought.values_list("transfer", "value")) if moved else {},
        lots=_travelled([row for row in moved if row.to_book_id == book.pk]),
    )


def fee_values_known_at(
    book: Book, known_at: datetime, only: Collection[int] | None = None
) -> dict[int, Decimal | None]:
    """What each fee of the book (of fills of `only` these instruments) that is or was
    valued was worth in its fill's quote as known then, by fill; None: nobody knew. One
    query."""
    rows = Valuation.objects.filter(
        book=book, fill__isnull=False, currency=F("fill__instrument__quote")
    )
    if only is not None:
        rows = rows.filter(fill__instrument__in=only)
    values: dict[int, Decimal | None] = {}
    for fill, value, at in rows.order_by("id").values_list(
        "fill", "value", "recorded_at"
    ):
        known = value if at <= known_at else values.get(fill or 0)
        values[fill or 0] = known
    return values


def _newest(
    values: Iterable[tuple[int | None, Decimal | None]],
) -> dict[int, Decimal]:
    """The last value of each fact, where it is known still."""
    last = dict(values)
    return {pk: value for pk, value in last.items() if pk and value is not None}


def _travelled(arrivals: Sequence[Transfer]) -> Mapping[int, Sequence[TravellingLot]]:
    lots: dict[int, list[TravellingLot]] = defaultdict(list)
    if arrivals:
        for row in TransferLot.objects.filter(transfer__in=arrivals):
            lots[row.transfer_id].append(travelling(row))
    return lots


def travelling(row: TransferLot) -> TravellingLot:
    return TravellingLot(
        quantity=units(row.quantity),
        amount=units(row.amount),
        fee=units(row.fee),
        acquired_at=row.acquired_at,
        reason=row.reason,
    )

"""What became of a fact: its versions, and the events between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import models

from trades.models import FactStatus, Fill, FillEvent, Transfer, TransferEvent

Row = TypeVar("Row", Fill, Transfer)


@dataclass(frozen=True, kw_only=True)
class FactChange(Generic[Row]):
    """One event of a fact: what stood before it, and after it (None: a void)."""

    event: FillEvent | TransferEvent
    before: Row
    after: Row | None


def newest_version(model: type[Row], pk: int) -> Row | None:
    """The fact that stands in the place of the one with this id: itself, unless it
    was corrected. Book, instrument and batch are loaded. One query, two where it was."""
    rows = model._default_manager.select_related("book", "instrument", "batch")
    row = rows.filter(pk=pk).first()
    if row is None or row.status != FactStatus.REPLACED:
        return row
    return _versions(rows.filter(book=row.book_id, external_id=row.external_id), pk)[-1]


def history_of(fill: Fill) -> list[FactChange[Fill]]:
    """The events of the trade that this version of it belongs to, oldest first. A
    query, two more where it has any."""
    if _is_as_booked(fill):
        return []
    chain = _chain_of(fill, Fill.objects.select_related("instrument", "decision"))
    events = FillEvent.objects.filter(fill__in=chain).select_related("author")
    ordered = events.order_by("recorded_at", "id")
    return _changes(chain, [(event, event.fill_id) for event in ordered])


def transfer_history(transfer: Transfer) -> list[FactChange[Transfer]]:
    """`history_of` a transfer."""
    if _is_as_booked(transfer):
        return []
    chain = _chain_of(transfer, Transfer.objects.select_related("instrument"))
    events = TransferEvent.objects.filter(transfer__in=chain).select_related("author")
    ordered = events.order_by("recorded_at", "id")
    return _changes(chain, [(event, event.transfer_id) for event in ordered])


def _is_as_booked(fact: Fill | Transfer) -> bool:
    booked = fact.replaces_id is None and fact.status == FactStatus.BOOKED
    return booked and not fact.becomes


def _chain_of(fact: Row, rows: models.QuerySet[Row]) -> list[Row]:
    same = rows.filter(book=fact.book_id, external_id=fact.external_id)
    return _versions(same, fact.pk)


def _changes(
    chain: Sequence[Row], events: Sequence[tuple[FillEvent | TransferEvent, int]]
) -> list[FactChange[Row]]:
    after = {version.replaces_id: version for version in chain}
    before = {version.pk: version for version in chain}
    return [
        FactChange(event=event, before=before[pk], after=after.get(pk))
        for event, pk in events
    ]


def _versions(rows: models.QuerySet[Row], pk: int) -> list[Row]:
    """The chain that holds `pk`, from what was booked to what stands now."""
    by_pk = {row.pk: row for row in rows}
    next_of = {row.replaces_id: row for row in by_pk.values() if row.replaces_id}
    first = by_pk[pk]
    while first.replaces_id:
        first = by_pk[first.replaces_id]
    chain = [first]
    while chain[-1].pk in next_of:
        chain.append(next_of[chain[-1].pk])
    return chain

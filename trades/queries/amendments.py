"""What became of a fact: its versions, and the events between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from django.db import models

from trades.models import FactStatus, Fill, FillEvent, Transfer

Row = TypeVar("Row", Fill, Transfer)


@dataclass(frozen=True, kw_only=True)
class FillChange:
    """One event of a trade: what stood before it, and after it (None: a void)."""

    event: FillEvent
    before: Fill
    after: Fill | None


def newest_version(model: type[Row], pk: int) -> Row | None:
    """The fact that stands in the place of the one with this id: itself, unless it
    was corrected. Book, instrument and batch are loaded. One query, two where it was."""
    rows = model._default_manager.select_related("book", "instrument", "batch")
    row = rows.filter(pk=pk).first()
    if row is None or row.status != FactStatus.REPLACED:
        return row
    return _versions(rows.filter(book=row.book_id, external_id=row.external_id), pk)[-1]


def history_of(fill: Fill) -> list[FillChange]:
    """The events of the trade that this version of it belongs to, oldest first. A
    query, two more where it has any."""
    rows = Fill.objects.select_related("instrument", "decision")
    if (
        fill.replaces_id is None
        and fill.status == FactStatus.BOOKED
        and not fill.becomes
    ):
        return []
    versions = _versions(
        rows.filter(book=fill.book_id, external_id=fill.external_id), fill.pk
    )
    after = {version.replaces_id: version for version in versions}
    before = {version.pk: version for version in versions}
    events = FillEvent.objects.filter(fill__in=list(before)).select_related("author")
    return [
        FillChange(
            event=event, before=before[event.fill_id], after=after.get(event.fill_id)
        )
        for event in events.order_by("recorded_at", "id")
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

"""The imports of a person."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from accounts.models import User
from kernel.paging import Page, newest_first
from trades.models import BatchEvent, Fill, ImportBatch, Lot, Match, Transfer

MOST_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class LotUsers:
    """Facts that came otherwise and took from the lots of a file: how many, and the
    first of them, by time."""

    fill_count: int
    transfer_count: int
    fills: list[Fill]
    transfers: list[Transfer]

    @property
    def count(self) -> int:
        return self.fill_count + self.transfer_count


def users_of_lots(batch: ImportBatch) -> LotUsers:
    """What undoing the file would leave without lots that it has today. Four
    queries."""
    opened = Lot.objects.filter(Q(fill__batch=batch) | Q(transfer__batch=batch))
    takers = Match.objects.filter(lot__in=opened.values("pk")).order_by()
    elsewhere = Q(batch=None) | ~Q(batch=batch)
    fills = Fill.objects.filter(elsewhere, pk__in=takers.values("fill"))
    transfers = Transfer.objects.filter(elsewhere, pk__in=takers.values("transfer"))
    first_fills = fills.select_related("instrument").order_by("executed_at", "id")
    return LotUsers(
        fill_count=fills.count(),
        transfer_count=transfers.count(),
        fills=list(first_fills[:MOST_SHOWN]),
        transfers=list(transfers.order_by("at", "id")[:MOST_SHOWN]),
    )


def undoing_of(batch: ImportBatch) -> BatchEvent | None:
    """The event that took a file out of its book. No query unless it is undone."""
    if batch.state != ImportBatch.State.UNDONE:
        return None
    return BatchEvent.objects.select_related("author").filter(batch=batch).first()


def imports_page(by: User, *, limit: int, cursor: str = "") -> Page[ImportBatch]:
    """Their own imports, newest first, without what reading them found."""
    rows = ImportBatch.objects.filter(created_by=by).defer("report")
    return newest_first(rows, field="created_at", limit=limit, cursor=cursor)

"""The imports of a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Min, Q, QuerySet
from django.db.models.functions import Coalesce

from accounts.models import User
from kernel.batches import batched
from kernel.paging import Page, newest_first
from trades.models import BatchEvent, Fill, ImportBatch, Match, Transfer
from trades.queries.facts import IDS

MOST_SHOWN = 20
MOST_LOOKED_AT = 10_000


@dataclass(frozen=True, kw_only=True)
class LotUsers:
    """Facts that came otherwise and took from the lots of a file: the first of each
    kind, by time. `more` says that others did; `unread`, that so many facts came after
    the file's first that not all were looked at."""

    fills: list[Fill]
    transfers: list[Transfer]
    more: bool
    unread: bool

    @property
    def shown(self) -> int:
        return len(self.fills) + len(self.transfers)


def users_of_lots(batch: ImportBatch) -> LotUsers:
    """What undoing the file would leave without lots that it has today. Of each kind the
    next MOST_LOOKED_AT facts of its book are looked at: two queries, and one for IDS of
    them."""
    mine = Match.objects.filter(
        Q(lot__fill__batch=batch) | Q(lot__transfer__batch=batch)
    )
    elsewhere = Q(book=batch.book) & (Q(batch=None) | ~Q(batch=batch))
    first = _first_of(batch)
    fills = Fill.objects.filter(elsewhere, executed_at__gte=first)
    transfers = Transfer.objects.filter(elsewhere, at__gte=first)
    fill_ids, left_fills = _first_ids(fills.order_by("executed_at", "id"))
    move_ids, left_moves = _first_ids(transfers.order_by("at", "id"))
    by_fill, by_move = (
        _takers(mine, "fill", fill_ids),
        _takers(mine, "transfer", move_ids),
    )
    shown = Fill.objects.filter(pk__in=by_fill[:MOST_SHOWN]).select_related(
        "instrument"
    )
    moved = Transfer.objects.filter(pk__in=by_move[:MOST_SHOWN])
    return LotUsers(
        fills=list(shown.order_by("executed_at", "id")),
        transfers=list(moved.order_by("at", "id")),
        more=len(by_fill) > MOST_SHOWN or len(by_move) > MOST_SHOWN,
        unread=left_fills or left_moves,
    )


def _first_of(batch: ImportBatch) -> datetime:
    """When its first fact happened. Two queries."""
    times = [
        batch.fills.aggregate(at=Min("executed_at"))["at"],
        batch.transfers.aggregate(at=Min("at"))["at"],
    ]
    return min((at for at in times if at is not None), default=batch.created_at)


def _first_ids(rows: QuerySet[Any]) -> tuple[list[int], bool]:
    """Of the first MOST_LOOKED_AT, and whether there are more."""
    ids = list(rows.values_list("pk", flat=True)[: MOST_LOOKED_AT + 1])
    return ids[:MOST_LOOKED_AT], len(ids) > MOST_LOOKED_AT


def _takers(matches: QuerySet[Match], by: str, ids: Sequence[int]) -> list[int]:
    """Those of `ids`, in their order, that made such matches; no more than the first
    MOST_SHOWN and one."""
    takers: list[int] = []
    for part in batched(ids, IDS):
        taking = matches.filter(**{f"{by}__in": part}).order_by()
        took = set(taking.values_list(by, flat=True).distinct())
        takers += [pk for pk in part if pk in took]
        if len(takers) > MOST_SHOWN:
            break
    return takers[: MOST_SHOWN + 1]


def waiting_of(batch: ImportBatch) -> list[str]:
    """The symbols of its facts that count as soon as their pairs are matched again, and
    the assets of transfers without one. Two queries."""
    fills = Fill.objects.waiting().filter(batch=batch).order_by()
    moves = Transfer.objects.waiting().filter(batch=batch).order_by()
    symbols = set(fills.values_list("instrument__symbol", flat=True).distinct())
    named = Coalesce("instrument__symbol", "asset")
    return sorted(symbols | set(moves.values_list(named, flat=True).distinct()))


def undoing_of(batch: ImportBatch) -> BatchEvent | None:
    """The event that takes a file out of its book; of one that is being undone, once
    it cannot be called back. No query for any other."""
    if batch.state not in (ImportBatch.State.UNDONE, ImportBatch.State.UNDOING):
        return None
    return BatchEvent.objects.select_related("author").filter(batch=batch).first()


def may_cancel(batch: ImportBatch) -> bool:
    """Whether it can be given up, or its undoing called back."""
    if batch.state == ImportBatch.State.UNDOING:
        return not BatchEvent.objects.filter(batch=batch).exists()
    return batch.state in ImportBatch.UNBOOKED


def imports_page(by: User, *, limit: int, cursor: str = "") -> Page[ImportBatch]:
    """Their own imports, newest first, without what reading them found."""
    rows = ImportBatch.objects.filter(created_by=by).defer("report")
    return newest_first(rows, field="created_at", limit=limit, cursor=cursor)

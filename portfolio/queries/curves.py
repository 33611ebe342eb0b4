"""The stored daily curves: do they hold for the ledger as it is, and since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from portfolio.domain.returns import day_of
from portfolio.models import EquityCurve
from trades.models import (
    Book,
    Fill,
    FillEvent,
    Price,
    Split,
    Transfer,
    TransferEvent,
)


@dataclass(frozen=True)
class LedgerState:
    """A book, its stored curve, and a text that changes with every fact that bears
    on it. A book in which nothing was ever booked is `empty`: it has no days."""

    book: Book
    facts: str
    empty: bool

    @property
    def curve(self) -> EquityCurve | None:
        return getattr(self.book, "equity_curve", None)

    def is_current(self, now: datetime) -> bool:
        """Whether the stored days hold for these facts and reach today."""
        if self.empty or self.curve is None:
            return self.empty
        today = day_of(now, self.book.zone)
        return self.curve.facts == self.facts and self.curve.through == today


def ledger_states(book_ids: Sequence[int]) -> dict[int, LedgerState]:
    """The state of each book's ledger, in one query. Facts are only ever added,
    so the newest id of each kind names the state."""

    def newest(rows: QuerySet[Any]) -> Coalesce:
        return Coalesce(Subquery(rows.order_by("-id").values("id")[:1]), 0)

    mine = OuterRef("pk")
    books = (
        Book.objects.filter(pk__in=book_ids)
        .select_related("equity_curve")
        .annotate(
            last_fill=newest(Fill.objects.filter(book=mine)),
            last_transfer=newest(Transfer.objects.filter(book=mine)),
            last_event=newest(FillEvent.objects.filter(fill__book=mine)),
            last_transfer_event=newest(
                TransferEvent.objects.filter(transfer__book=mine)
            ),
            last_price=newest(Price.objects.all()),
            last_split=newest(Split.objects.all()),
        )
    )
    return {book.pk: _state(book) for book in books}


def _state(book: Any) -> LedgerState:
    names = (
        "last_fill",
        "last_transfer",
        "last_event",
        "last_transfer_event",
        "last_price",
        "last_split",
    )
    newest = "/".join(str(getattr(book, name)) for name in names)
    return LedgerState(
        book=book,
        facts=f"{newest}/{book.method}/{book.zone}/{book.base_currency}",
        empty=not (book.last_fill or book.last_transfer),
    )


@dataclass(frozen=True)
class StoredCurves:
    """For which time the stored days of an answer's books hold: `now` when nothing
    is missing in them, else when the oldest was computed (None: never). `funded` is
    the implied funding that stands in them, by book id in its currency."""

    as_of: datetime | None
    recomputing: bool
    funded: Mapping[int, Decimal]


def stored_curves(book_ids: Sequence[int], now: datetime) -> StoredCurves:
    """One query. A curve is behind until the job that follows each booking ran."""
    states = ledger_states(book_ids).values()
    funded = {
        state.book.pk: state.curve.funded for state in states if state.curve is not None
    }
    behind = [state.curve for state in states if not state.is_current(now)]
    return StoredCurves(
        as_of=_oldest(behind) if behind else now,
        recomputing=bool(behind),
        funded=funded,
    )


def _oldest(curves: Sequence[EquityCurve | None]) -> datetime | None:
    times = [curve.computed_at if curve else None for curve in curves]
    known = [at for at in times if at is not None]
    return min(known) if len(known) == len(times) else None

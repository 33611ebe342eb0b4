"""The stored daily curves: do they hold for the ledger as it is, and since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Exists, Max, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from kernel.numbers import ZERO
from kernel.prepared import PreparedQuery
from portfolio.domain.returns import day_of
from portfolio.models import EquityCurve
from portfolio.queries.books import Scope
from trades.models import (
    Book,
    Fill,
    Price,
    PriceEvent,
    Split,
    SplitEvent,
    Transfer,
    TransferEvent,
    Valuation,
)
from trades.queries.known_times import newest_recorded

# What bears on books by its symbol: the newest ids of these name the market's state.
MARKET: Mapping[str, tuple[type[Model], str]] = {
    "price": (Price, "symbol"),
    "price_event": (PriceEvent, "price__symbol"),
    "split": (Split, "symbol"),
    "split_event": (SplitEvent, "split__symbol"),
}


@dataclass(frozen=True, kw_only=True)
class LedgerState:
    """A book, its stored curve, and a text that changes with every fact of the book.
    `market` is the state of all prices and splits, `moved` says that one of the
    curve's symbols came since. A book in which nothing was ever booked is `empty`: it
    has no days."""

    book: Book
    facts: str
    market: Mapping[str, int]
    moved: bool
    empty: bool

    @property
    def curve(self) -> EquityCurve | None:
        return getattr(self.book, "equity_curve", None)

    def is_current(self, now: datetime) -> bool:
        """Whether the stored days hold for these facts and reach today."""
        if self.empty or self.curve is None:
            return self.empty
        today = day_of(now, self.book.zone)
        same = self.curve.facts == self.facts and self.curve.through == today
        return same and not self.moved


def ledger_states(book_ids: Sequence[int]) -> dict[int, LedgerState]:
    """The state of each book's ledger, in one query; in five while prices or splits
    came that no curve has seen. Whatever is written in a book makes a new version of
    it; of what others send to it, and of prices, which are only ever added, the newest
    id of each kind names the state. None of it is counted: a book may be large."""
    rows = _books_with_newest(list(book_ids))
    news = _market_news([getattr(book, "equity_curve", None) for book in rows], rows)
    return {book.pk: _state(book, news) for book in rows}


@PreparedQuery
def _books_with_newest(book_ids: list[int]) -> QuerySet[Book]:
    def newest(rows: QuerySet[Any]) -> Coalesce:
        return Coalesce(Subquery(rows.order_by("-id").values("id")[:1]), 0)

    mine = OuterRef("pk")
    moves = Transfer.objects.filter(Q(book=mine) | Q(to_book=mine))
    return (
        Book.objects.filter(pk__in=book_ids)
        .select_related("equity_curve")
        .annotate(
            traded=Exists(Fill.objects.filter(book=mine)),
            last_transfer=newest(moves),
            last_transfer_event=newest(
                TransferEvent.objects.filter(
                    Q(transfer__book=mine) | Q(transfer__to_book=mine)
                )
            ),
            last_arrival=newest(Valuation.objects.filter(transfer__to_book=mine)),
            **{
                name: newest(model._default_manager.all())
                for name, (model, _) in MARKET.items()
            },
        )
    )


def _market(book: Any) -> dict[str, int]:
    return {name: getattr(book, name) for name in MARKET}


def _market_news(
    curves: Sequence[EquityCurve | None], books: Sequence[Any]
) -> dict[str, dict[str, int]]:
    """The newest id of each kind and symbol, of what came after the oldest of these
    curves was computed. No query when nothing did."""
    known = [curve for curve in curves if curve is not None]
    if not known or not books:
        return {}
    market = _market(books[0])
    news: dict[str, dict[str, int]] = {}
    for name, (model, symbol) in MARKET.items():
        seen = min(curve.market.get(name, 0) for curve in known)
        if seen < market[name]:
            rows = model._default_manager.filter(id__gt=seen).order_by()
            news[name] = dict(rows.values_list(symbol).annotate(Max("id")))
    return news


def _state(book: Any, news: Mapping[str, Mapping[str, int]]) -> LedgerState:
    names = ("version", "last_transfer", "last_transfer_event", "last_arrival")
    newest = "/".join(str(getattr(book, name)) for name in names)
    curve: EquityCurve | None = getattr(book, "equity_curve", None)
    return LedgerState(
        book=book,
        facts=f"{newest}/{book.method}/{book.zone}/{book.base_currency}",
        market=_market(book),
        moved=curve is not None and _bears_on(curve, news),
        empty=not (book.traded or book.last_transfer),
    )


def _bears_on(curve: EquityCurve, news: Mapping[str, Mapping[str, int]]) -> bool:
    """Whether one of the curve's symbols has news that it has not seen."""
    return any(
        came.get(symbol, 0) > curve.market.get(name, 0)
        for name, came in news.items()
        for symbol in curve.symbols
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


def curves_of(scope: Scope, now: datetime) -> StoredCurves:
    """`stored_curves` of an answer's books; as known at a time nothing is missing."""
    if scope.known is None:
        return stored_curves(scope.ids, now)
    funded = {
        pk: sum((row.implied for row in known.balances), ZERO)
        for pk, known in scope.known.items()
    }
    return StoredCurves(as_of=scope.known_at, recomputing=False, funded=funded)


def known_until(scope: Scope, curves: StoredCurves, now: datetime) -> datetime | None:
    """The time as known at which an answer is told again: that for which it was asked,
    else `newest_recorded`, None while days are missing. One query at most."""
    if scope.known_at is not None or curves.recomputing:
        return scope.known_at
    return newest_recorded(scope.books, now)


def _oldest(curves: Sequence[EquityCurve | None]) -> datetime | None:
    times = [curve.computed_at if curve else None for curve in curves]
    known = [at for at in times if at is not None]
    return min(known) if len(known) == len(times) else None

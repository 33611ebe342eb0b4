"""Prices and splits that a person may see, with what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db.models import Q, QuerySet

from accounts.models import User
from kernel.access import Access
from kernel.paging import Page, newest_first
from trades.models import MarketScope, Price, PriceEvent, Split, SplitEvent
from trades.queries.books import Reader, reads_every_book

# Whoever keeps the desk's prices need have no books.
MARKET = Access(
    "trading.own",
    "trading.view",
    writes=("trading.own", "trades.keep_prices"),
    objects="own prices and splits, and the desk's",
    public_read=True,
)
Row = TypeVar("Row", Price, Split)
Event = TypeVar("Event", PriceEvent, SplitEvent)


@dataclass(frozen=True, kw_only=True)
class MarketFilter:
    """What a list is narrowed to; "" does not."""

    symbol: str = ""
    scope: str = ""
    start: datetime | None = None
    end: datetime | None = None


def visible(rows: QuerySet[Row], user: Reader) -> QuerySet[Row]:
    """The desk's, one's own, and everybody's for whoever reads every book."""
    if reads_every_book(user):
        return rows
    own = Q(author=user.pk) if isinstance(user, User) else Q(pk__in=())
    return rows.filter(Q(scope=MarketScope.DESK) | own)


def is_named(row: Price | Split, user: Reader) -> bool:
    """Whether who wrote a row is this reader's to know: PUBLIC_READ tells strangers
    what was quoted, not by whom."""
    if user.has_perm("trading.view"):
        return True
    shared = row.scope == MarketScope.DESK or row.author_id == user.pk
    return shared and user.has_perm("trading.own")


def market_page(
    rows: QuerySet[Row],
    user: Reader,
    wanted: MarketFilter,
    *,
    limit: int,
    cursor: str = "",
) -> Page[Row]:
    """Newest first by their time: those that stand and those that were voided, none
    that another stands in the place of. Author and event are loaded; one query."""
    rows = visible(rows, user).exclude(event__kind="correct")
    if wanted.symbol:
        rows = rows.filter(symbol=wanted.symbol.upper().replace("/", "-"))
    if wanted.scope:
        rows = rows.filter(scope=wanted.scope)
    if wanted.start is not None:
        rows = rows.filter(at__gte=wanted.start)
    if wanted.end is not None:
        rows = rows.filter(at__lte=wanted.end)
    rows = rows.select_related("author", "event__author")
    return newest_first(rows, field="at", limit=limit, cursor=cursor)


def price_history(prices: Iterable[Price]) -> dict[int, list[PriceEvent]]:
    """{price: the events that made it what it is, the first first}."""
    return _history(prices, PriceEvent.objects.all(), "price")


def split_history(splits: Iterable[Split]) -> dict[int, list[SplitEvent]]:
    """`price_history` for splits."""
    return _history(splits, SplitEvent.objects.all(), "split")


def _history(
    rows: Iterable[Price | Split], events: QuerySet[Event], noun: str
) -> dict[int, list[Event]]:
    """Each row's own event, and before it those of the rows in whose place it stands.
    One query, and one more for each correction of the oftenest corrected."""
    ids = [row.pk for row in rows]
    events = events.select_related("author", noun)
    history: dict[int, list[Event]] = {pk: [] for pk in ids}
    for event in events.filter(**{f"{noun}__in": ids}):
        history[event.withdrawn.pk].append(event)
    asked = {pk: pk for pk in ids}  # by row: in whose history it stands
    while asked:
        before = {}
        for event in events.filter(replacement__in=list(asked)):
            place = asked[event.replacement_id or 0]
            history[place].insert(0, event)
            before[event.withdrawn.pk] = place
        asked = before
    return history

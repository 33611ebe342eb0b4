"""Prices and splits that a person may see, with what became of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db.models import Q, QuerySet

from accounts.models import User
from kernel.access import Access
from kernel.many_lists import held_to
from kernel.paging import ListWalk, Page, newest_first
from trades.models import (
    BalanceEvent,
    BalanceStatement,
    Generation,
    MarketEffect,
    MarketScope,
    Price,
    PriceEvent,
    Split,
    SplitEvent,
)
from trades.queries.books import Reader, readable_books, reads_every_book

# Whoever keeps the desk's prices need have no books.
MARKET = Access(
    "trading.own",
    "trading.view",
    writes=("trading.own", "trades.keep_prices"),
    objects="own prices and splits, and the desk's",
    public_read=True,
)
MOST_NAMED = 20
Row = TypeVar("Row", Price, Split)
Event = TypeVar("Event", PriceEvent, SplitEvent, BalanceEvent)


@dataclass(frozen=True, kw_only=True)
class MarketFilter:
    """What a list is narrowed to; "" does not."""

    symbol: str = ""
    scope: str = ""
    start: datetime | None = None
    end: datetime | None = None


def visible(rows: QuerySet[Row], user: Reader) -> QuerySet[Row]:
    """The desk's, one's own, and everybody's for whoever reads every book."""
    return rows.filter(_seen_by(user))


def _seen_by(user: Reader) -> Q:
    if reads_every_book(user):
        return Q()
    own = Q(author=user.pk) if isinstance(user, User) else Q(pk__in=())
    return Q(scope=MarketScope.DESK) | own


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
    that another stands in the place of; whose they are is looked for among the next
    5,000. Author and event are loaded; two queries, or three."""
    if wanted.symbol:
        rows = rows.filter(symbol=wanted.symbol.upper().replace("/", "-"))
    if rows.model is Price:  # else SQLite would put all of a scope in order first
        by = "trades_price_symbol" if wanted.symbol else "trades_price_time"
        rows = held_to(rows, by)
    if wanted.start is not None:
        rows = rows.filter(at__gte=wanted.start)
    if wanted.end is not None:
        rows = rows.filter(at__lte=wanted.end)
    counted = _seen_by(user) & ~Q(event__kind="correct")
    if wanted.scope:
        counted &= Q(scope=wanted.scope)
    return newest_first(
        rows.select_related("author", "event__author"),
        field="at",
        limit=limit,
        cursor=cursor,
        walk=ListWalk(by_index=rows, wanted=counted),
    )


def price_history(prices: Iterable[Price]) -> dict[int, list[PriceEvent]]:
    """{price: the events that made it what it is, the first first}."""
    return mending_history(prices, PriceEvent.objects.all(), "price")


def split_history(splits: Iterable[Split]) -> dict[int, list[SplitEvent]]:
    """`price_history` for splits."""
    return mending_history(splits, SplitEvent.objects.all(), "split")


def mending_history(
    rows: Iterable[Price | Split | BalanceStatement],
    events: QuerySet[Event],
    noun: str,
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


def price_effects(
    events: Iterable[PriceEvent], user: Reader
) -> dict[int, list[MarketEffect]]:
    """By event: what came of it in the books that a person may see, these in order of
    their names. One query, none without events."""
    return _effects(events, user, "price_event")


def split_effects(
    events: Iterable[SplitEvent], user: Reader
) -> dict[int, list[MarketEffect]]:
    """`price_effects` for splits."""
    return _effects(events, user, "split_event")


def _effects(
    events: Iterable[PriceEvent | SplitEvent], user: Reader, noun: str
) -> dict[int, list[MarketEffect]]:
    told: dict[int, list[MarketEffect]] = defaultdict(list)
    ids = [event.pk for event in events]
    if ids:
        rows = MarketEffect.objects.filter(
            **{f"{noun}__in": ids}, book__in=readable_books(user).order_by()
        )
        for row in rows.select_related("book").order_by("book__name"):
            told[getattr(row, f"{noun}_id")].append(row)
    return told


def books_behind(splits: Iterable[Split], user: Reader) -> dict[int, list[str]]:
    """{split: names of the books in which what became of it counts only when a job has
    matched them again}; of those that a person may see, at most MOST_NAMED. One
    query."""
    splits = list(splits)
    rows = Generation.objects.filter(
        market_at__isnull=False,
        instrument__symbol__in={split.symbol for split in splits},
        book__in=readable_books(user).order_by(),
    )
    columns = ("instrument__symbol", "book__owner", "market_at", "book__name")
    behind: dict[int, list[str]] = {split.pk: [] for split in splits}
    for symbol, owner, at, name in rows.values_list(*columns).order_by("book__name"):
        for split in splits:
            for_all = split.scope == MarketScope.DESK or split.author_id == owner
            moved = split.stood() != split.stood(at)
            if split.symbol == symbol and for_all and moved:
                behind[split.pk].append(name)
    return {pk: names[:MOST_NAMED] for pk, names in behind.items()}

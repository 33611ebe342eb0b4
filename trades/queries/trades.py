"""The list of trades and one trade: pages and API share these reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet

from audit import queries as audit
from kernel.many_lists import Lists, with_ids
from kernel.paging import ListWalk, newest_first
from kernel.prepared import PreparedQuery
from trades.domain.times import read_time
from trades.models import (
    ORIGINAL,
    Book,
    Decision,
    FactStatus,
    Fill,
    Instrument,
    Lot,
    Match,
    Price,
    Strategy,
)
from trades.models.amending import FactQuerySet
from trades.queries.amendments import FactChange, history_of, newest_version
from trades.queries.books import (
    Reader,
    asked_book,
    books_of,
    is_entrusted,
    readable_books,
    reads_every_book,
)
from trades.queries.known import realised_known_at
from trades.queries.listed import BY_BOOK, ListedTrade, listed, newest_of
from trades.queries.logged import logged_as
from trades.queries.marks import prices_for
from trades.queries.originals import originals
from trades.queries.words import may_fit, text_filter

AROUND = 40
COUNTED = 10_000
LOG_ENTRIES = 20
MOST_LISTS = 1_000


@dataclass(frozen=True)
class TradeFilter:
    """Which trades: every field narrows, "" does not. `start` is inclusive, `end`
    exclusive; `known_at` shows what stood then. `q`: a substring of external id, order
    id, note or strategy, or a decision's id (from 3 characters on), shorter: the beginning of symbol or external id."""

    book: str = ""
    symbol: str = ""
    side: str = ""
    strategy: str = ""
    status: str = ""
    external_id: str = ""
    q: str = ""
    start: datetime | None = None
    end: datetime | None = None
    known_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class TradePage:
    """`trades` newest first, what each realised (fills that closed nothing or whose
    cost is unknown are absent), and where the neighbours begin (None: no more)."""

    trades: list[ListedTrade]
    realised: dict[int, Decimal]
    older: str | None
    newer: str | None
    about: int | None = None


def time_bound(value: str, *, end: bool = False) -> datetime:
    """The UTC time of a filter's text; a date alone is its 00:00 UTC, as `end` the
    end of that day. Raises ValueError."""
    at = read_time(value, ZoneInfo("UTC"))
    whole_day = end and len(value.strip()) == len("2026-01-31")
    return (at + timedelta(days=1)).astimezone(UTC) if whole_day else at


def trade_page(
    user: Reader,
    chosen: TradeFilter,
    *,
    limit: int,
    cursor: str = "",
    before: str = "",
    offset: int = 0,
    counted: bool = False,
) -> TradePage:
    """A page of the trades that the person may read: older than `cursor`, or the
    ones just newer than `before`; `offset` skips rows, for old clients; `counted`
    also says how many fit in all. A fixed number of queries.

    Raises BadRequest for a cursor that is not ours.
    """
    by_index, lists, wanted = _narrowed(user, chosen)
    rows = by_index.listed(chosen.known_at)
    about = _how_many(rows, lists) if counted else None
    if wanted is not None and about is not None:  # few enough to look at each
        rows, wanted = rows.filter(wanted), None
        about = _how_many(rows, lists)
    page = newest_first(
        rows,
        field="executed_at",
        limit=limit,
        cursor=cursor,
        before=before,
        offset=offset,
        walk=ListWalk(
            by_index=by_index,
            lists=lists,
            wanted=wanted,
            load=listed,
            newest=newest_of(lists) if chosen == TradeFilter() else None,
        ),
    )
    trades: list[ListedTrade] = page.rows
    ids = [trade.pk for trade in trades]
    if chosen.known_at is None:
        realised = realised_by(ids)
    else:
        trades = [trade.as_known() for trade in trades]
        fills = Fill.objects.filter(pk__in=ids).select_related("instrument", "book")
        realised = realised_known_at(list(fills), chosen.known_at)
    return TradePage(
        trades=trades,
        realised=realised,
        older=page.next_cursor,
        newer=page.prev_cursor,
        about=about,
    )


def _how_many(rows: QuerySet[Fill], lists: Lists | None) -> int | None:
    """How many there are; None above COUNTED, where counting would cost too much."""
    rows = rows if lists is None else lists.of(rows)
    count = rows.order_by()[: COUNTED + 1].count()
    return count if count <= COUNTED else None


def _narrowed(
    user: Reader, chosen: TradeFilter
) -> tuple[FactQuerySet[Fill], Lists | None, Q | None]:
    """The rows by what an index begins with, the lists that they are in, and what
    must be looked for row by row."""
    rows, books, wanted = _in_time(chosen), _books_of(user, chosen), _wanted(chosen)
    index = BY_BOOK
    if chosen.symbol:
        symbol = chosen.symbol.upper().replace("/", "-")
        ids = Instrument.objects.filter(symbol=symbol).values_list("pk", flat=True)
        rows, index = rows.filter(instrument__in=list(ids)), "trades_fill_pair"
    elif chosen.strategy:
        rows, index = rows.filter(strategy=chosen.strategy), "trades_fill_strategy"
    if books is None and (chosen.symbol or chosen.strategy):
        books = _every_book()
    few = False  # with an index of their own
    if chosen.q and (fitting := may_fit(chosen.q)) is not None:
        rows, wanted, few = with_ids(rows, fitting).filter(*wanted), [], True
    if chosen.known_at is None and chosen.external_id:
        rows, few = rows.filter(pk__in=_versions(chosen.external_id, books)), True
    if chosen.known_at is None and chosen.status not in ("", FactStatus.BOOKED):
        rows = rows.filter(status=chosen.status).exclude(status=FactStatus.BOOKED)
        few = True
    if few:
        rows, books = rows if books is None else rows.filter(book__in=books), None
    lists = None if books is None else Lists("book", books, index)
    return rows, lists, Q(*wanted) if wanted else None


def _in_time(chosen: TradeFilter) -> FactQuerySet[Fill]:
    rows = Fill.objects.all()
    if chosen.start:
        rows = rows.filter(executed_at__gte=chosen.start)
    return rows.filter(executed_at__lt=chosen.end) if chosen.end else rows


def _wanted(chosen: TradeFilter) -> list[Q]:
    """What is asked for that no index begins with."""
    wanted = []
    if chosen.side:
        wanted.append(Q(side=chosen.side))
    if chosen.symbol and chosen.strategy:
        wanted.append(Q(strategy=chosen.strategy))
    if chosen.known_at is not None and chosen.external_id:
        wanted.append(Q(external_id=chosen.external_id))
    if chosen.known_at is not None and chosen.status:
        wanted.append(_stood_as(chosen.status))
    elif chosen.status == FactStatus.BOOKED:
        wanted.append(Q(status=chosen.status))
    if chosen.q:
        wanted.append(text_filter(chosen.q))
    return wanted


def _books_of(user: Reader, chosen: TradeFilter) -> list[int] | None:
    """The books whose trades are asked for; None: all there are. Raises NotFound."""
    if chosen.book:
        return [asked_book(user, chosen.book).pk]
    if reads_every_book(user):
        return None
    return [book.pk for book in books_of(user)]


def _every_book() -> list[int] | None:
    """All books, where they are few enough to be read one by one."""
    ids = list(Book.objects.order_by().values_list("pk", flat=True)[: MOST_LISTS + 1])
    return ids if len(ids) <= MOST_LISTS else None


def _versions(external_id: str, books: list[int] | None) -> list[int]:
    """Whatever came with this id, and what was corrected of it since."""
    books = _every_book() if books is None else books
    booked: QuerySet[Fill] = (
        Fill.objects.filter(ORIGINAL, external_id=external_id)
        if books is None
        else originals(Fill, books, [external_id])
    )
    ids = list(booked.values_list("pk", flat=True)[:COUNTED])
    newest = ids
    while newest:
        rows = Fill.objects.filter(replaces__in=newest)
        newest = list(rows.values_list("pk", flat=True))
        ids += newest
    return ids


def _stood_as(status: str) -> Q:
    """What was known of a fact that stood then: as booked, or corrected."""
    if status == FactStatus.BOOKED:
        return Q(replaces=None)
    return ~Q(replaces=None) if status == FactStatus.CORRECTED else Q(pk__in=())


def realised_by(fills: Sequence[int]) -> dict[int, Decimal]:
    """{fill: what it realised}, one query; fills that closed nothing are absent, and
    so are those that closed something of unknown cost."""
    totals: dict[int, Decimal] = {}
    unknown: set[int] = set()
    for fill, realised in _matches_of(list(fills)):
        if realised is None:
            unknown.add(fill)
        else:
            totals[fill] = totals.get(fill, Decimal(0)) + realised
    return {fill: total for fill, total in totals.items() if fill not in unknown}


@PreparedQuery
def _matches_of(fills: list[int]) -> QuerySet[Match, tuple[int, Decimal | None]]:
    return Match.objects.filter(fill__in=fills).values_list("fill", "realised")


@dataclass(frozen=True, kw_only=True)
class TradeDetail:
    """A trade with everything behind it.

    `closed` are the matches it made, `lots` what it opened, `taken` what later fills
    took from those lots, `order` the other fills of its order, `prices` stored
    prices around it (oldest first). Only to whom the book is `entrusted` does the
    page name the file it came from and its entries in the log.
    """

    fill: Fill
    decision: Decision | None
    closed: list[Match]
    lots: list[Lot]
    taken: list[Match]
    order: list[Fill]
    history: list[FactChange[Fill]]
    prices: list[Price]
    entrusted: bool

    @property
    def realised(self) -> Decimal | None:
        """Net of all fees; None where it closed nothing or a cost is unknown."""
        parts = [match.realised for match in self.closed]
        known = [part for part in parts if part is not None]
        return sum(known, Decimal(0)) if known and len(known) == len(parts) else None

    @property
    def file_name(self) -> str:
        batch = self.fill.batch
        return batch.file_name if batch is not None and self.entrusted else ""

    @property
    def audit_objects(self) -> list[str]:
        """The objects under which the log tells of this trade. One query."""
        return logged_as(self.fill) if self.entrusted else []

    @property
    def matched_fees(self) -> Decimal:
        """Entry and exit fees of what it closed."""
        return sum((match.fee for match in self.closed), Decimal(0))

    @property
    def gross(self) -> Decimal | None:
        return None if self.realised is None else self.realised + self.matched_fees


def trade_detail(user: Reader, pk: int) -> TradeDetail | None:
    """One trade that the person may read as it stands now, or None: the ids of all
    its versions name it. A fixed number of queries."""
    fill = newest_version(Fill, pk)
    if fill is None or not readable_books(user).filter(pk=fill.book_id).exists():
        return None
    lots = list(Lot.objects.filter(fill=fill).order_by("id"))
    matches = Match.objects.select_related("lot__fill", "fill").order_by("id")
    order = Fill.objects.listed().filter(book=fill.book, order_id=fill.order_id)
    return TradeDetail(
        fill=fill,
        decision=fill.decision,
        closed=list(matches.filter(fill=fill)),
        lots=lots,
        taken=list(matches.filter(lot__in=lots)),
        order=list(order.order_by("executed_at", "id")[:50]) if fill.order_id else [],
        history=history_of(fill),
        prices=_prices_around(fill),
        entrusted=is_entrusted(user, fill.book),
    )


def _prices_around(fill: Fill) -> list[Price]:
    rows = prices_for(fill.book, [fill.instrument.symbol])
    before = list(rows.filter(at__lte=fill.executed_at).order_by("-at")[:AROUND])
    after = list(rows.filter(at__gt=fill.executed_at).order_by("at")[: AROUND // 2])
    return [*reversed(before), *after]


class LoggedEvent(Protocol):
    """What the log says of one event."""

    @property
    def seq(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def kind(self) -> str: ...
    @property
    def actor(self) -> str: ...
    @property
    def object(self) -> str: ...


def log_of(detail: TradeDetail) -> Sequence[LoggedEvent]:
    """The newest entries of the log that tell of this trade. Two queries."""
    return audit.about(detail.audit_objects, LOG_ENTRIES)


def strategies_of(books: Sequence[Book]) -> list[str]:
    """The strategies traded in these books, for a filter's choices. Looks once for
    each strategy, not at each trade."""
    mine = Fill.objects.listed().filter(book__in=books, strategy=OuterRef("name"))
    traded = Strategy.objects.filter(Exists(mine)).order_by("name")
    return list(traded.values_list("name", flat=True))


def latest_decisions(user: Reader, most: int) -> list[Decision]:
    """The newest decisions in the books that a person may read: one query."""
    rows = Decision.objects.filter(book__in=readable_books(user)).select_related("book")
    return list(rows.order_by("-decided_at", "-pk")[:most])

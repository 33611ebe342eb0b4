"""Facts of a book whose worth is to be found, or found anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Any, TypeVar

from django.db.models import (
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Coalesce, TruncDay

from trades.models import STANDING, Book, Fill, Split, Transfer, Valuation
from trades.queries.assets import BookAssets

PAGE = 500
Row = TypeVar("Row", Fill, Transfer)


def unvalued_fills(book: Book) -> Iterator[list[Fill]]:
    """Pages of fills whose fee waits for a worth, or lost what it was read from."""
    fills = Fill.objects.standing().filter(book=book).select_related("instrument")
    lost = _to_be_read_again(book).values("fill")
    return _pages(fills.filter(Q(fee_value__isnull=True) | Q(pk__in=lost)))


def unvalued_transfers(book: Book, assets: BookAssets) -> Iterator[list[Transfer]]:
    """Pages of transfers in kind that wait for a worth, lost what it was read from,
    or have it from a later mark only."""
    moves = Transfer.objects.standing().filter(book=book)
    names = set(moves.order_by().values_list("asset", flat=True).distinct())
    lots = [name for name in names if assets.load(names).moved(name) is not None]
    newest = Valuation.objects.filter(transfer=OuterRef("pk")).order_by("-id")
    lost = _to_be_read_again(book).values("transfer")
    valued = (
        moves.exclude(asset=book.base_currency)
        .filter(Q(asset__in=lots) | Q(instrument__base=F("asset")))
        .filter(Q(kind__in=Transfer.EXTERNAL) | Q(amount__gt=0))
        .select_related("instrument")
        .annotate(
            value=Subquery(newest.values("value")[:1]),
            priced_at=Subquery(newest.values("priced_at")[:1]),
        )
    )
    waiting = Q(value__isnull=True) | Q(priced_at__gt=F("at")) | Q(pk__in=lost)
    return _pages(valued.filter(waiting))


def _pages(rows: QuerySet[Row]) -> Iterator[list[Row]]:
    last = 0
    while page := list(rows.filter(pk__gt=last).order_by("pk")[:PAGE]):
        yield page
        last = page[-1].pk


def _to_be_read_again(book: Book) -> QuerySet[Valuation]:
    """The newest valuations whose price was withdrawn, whose fill stands no more, or
    between whose mark and fact a split came to count or ceased to since."""
    prices, fills = Valuation.prices.through, Valuation.fills.through
    withdrawn = prices.objects.filter(
        valuation=OuterRef("pk"), price__withdrawn_at__isnull=False
    )
    fallen = fills.objects.filter(valuation=OuterRef("pk")).exclude(
        fill__status__in=STANDING
    )
    lost = Q(Exists(withdrawn)) | Q(Exists(fallen))
    if Split.objects.exists():
        lost |= Q(Exists(_split_since(prices, "price", "symbol", "at")))
        traded = _split_since(fills, "fill", "instrument__symbol", "executed_at")
        lost |= Q(Exists(traded))
    later = Valuation.objects.filter(
        Q(fill=OuterRef("fill")) | Q(transfer=OuterRef("transfer")),
        currency=OuterRef("currency"),
        pk__gt=OuterRef("pk"),
    )
    mine = Valuation.objects.filter(book=book, value__isnull=False)
    return mine.filter(lost).exclude(Exists(later))


def _split_since(
    read: type[Model], kind: str, symbol: str, priced_at: str
) -> QuerySet[Any]:
    """What a valuation was read from (rows of `read`) before a split of its symbol, which
    stands before the fact and was recorded, or withdrawn, since. Of the split its whole
    day counts: it may stand in the place of another of that day, or let it come back."""
    happened = Coalesce(
        OuterRef("valuation__fill__executed_at"), OuterRef("valuation__transfer__at")
    )
    valued = OuterRef("valuation__recorded_at")
    day = TruncDay("at", tzinfo=UTC)
    splits = Split.objects.annotate(
        day=day, next_day=ExpressionWrapper(day + timedelta(days=1), DateTimeField())
    ).filter(
        Q(recorded_at__gt=valued) | Q(withdrawn_at__gt=valued),
        symbol=OuterRef(f"{kind}__{symbol}"),
        next_day__gt=OuterRef(f"{kind}__{priced_at}"),
        day__lte=happened,
    )
    rows = read._default_manager.filter(valuation=OuterRef("pk"))
    return rows.filter(Exists(splits))

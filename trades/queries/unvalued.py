"""Facts of a book whose worth is to be found, or found anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from trades.models import STANDING, Book, Fill, Transfer, Valuation
from trades.queries.assets import BookAssets

PAGE = 500
Row = TypeVar("Row", Fill, Transfer)


def unvalued_fills(book: Book) -> Iterator[list[Fill]]:
    """Pages of fills whose fee waits for a worth, or lost what it was read from."""
    fills = Fill.objects.standing().filter(book=book).select_related("instrument")
    lost = _read_from_what_counts_no_more(book).values("fill")
    return _pages(fills.filter(Q(fee_value__isnull=True) | Q(pk__in=lost)))


def unvalued_transfers(book: Book, assets: BookAssets) -> Iterator[list[Transfer]]:
    """Pages of transfers in kind that wait for a worth, lost what it was read from,
    or have it from a later mark only."""
    moves = Transfer.objects.standing().filter(book=book)
    names = set(moves.order_by().values_list("asset", flat=True).distinct())
    lots = [name for name in names if assets.load(names).moved(name) is not None]
    newest = Valuation.objects.filter(transfer=OuterRef("pk")).order_by("-id")
    lost = _read_from_what_counts_no_more(book).values("transfer")
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


def _read_from_what_counts_no_more(book: Book) -> QuerySet[Valuation]:
    """The newest valuations whose price was withdrawn or whose fill stands no more."""
    prices, fills = Valuation.prices.through, Valuation.fills.through
    withdrawn = prices.objects.filter(
        valuation=OuterRef("pk"), price__withdrawn_at__isnull=False
    )
    fallen = fills.objects.filter(valuation=OuterRef("pk")).exclude(
        fill__status__in=STANDING
    )
    later = Valuation.objects.filter(
        Q(fill=OuterRef("fill")) | Q(transfer=OuterRef("transfer")),
        currency=OuterRef("currency"),
        pk__gt=OuterRef("pk"),
    )
    mine = Valuation.objects.filter(book=book, value__isnull=False)
    return mine.filter(Exists(withdrawn) | Exists(fallen)).exclude(Exists(later))

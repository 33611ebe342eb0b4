"""Keeping the index of words: what is booked is noted, and indexed by a job."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from trades.models import Book, Fill, UnindexedFills
from trades.queries.words import INDEX, WORDS, words_of

AT_ONCE = 500  # trades that one transaction takes in


def note_unindexed(book: Book, fills: Sequence[Fill]) -> None:
    """Fills are new, in the caller's transaction. The book is locked, so that those of
    a book come in the order of their ids."""
    if fills:
        _note([UnindexedFills(book=book, first=fills[0].pk, last=fills[-1].pk)], "last")


def index_words() -> int:
    """Take into the index whatever it does not know, all there is where it is gone;
    how many trades were looked at."""
    if INDEX.missing():
        return 0
    if not INDEX.is_whole():
        _begin_anew()
    looked_at = 0
    while some := _index_some():
        looked_at += some
    return looked_at


@transaction.atomic
def _begin_anew() -> None:
    INDEX.make_anew()
    newest = Fill.objects.order_by("-pk").values_list("pk", flat=True).first()
    if newest is not None:
        books = Book.objects.order_by("pk")
        rows = [UnindexedFills(book=book, first=1, last=newest) for book in books]
        _note(rows, "first")


def _note(rows: Sequence[UnindexedFills], moves: str) -> None:
    UnindexedFills.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["book"], update_fields=[moves]
    )


@transaction.atomic
def _index_some() -> int:
    """The oldest of what is not indexed; how many were looked at."""
    spans = {
        row.book_id: row
        for row in UnindexedFills.objects.select_for_update().order_by("book")
    }
    if not spans:
        return 0
    first = min(row.first for row in spans.values())
    last = max(row.last for row in spans.values())
    fills = Fill.objects.filter(pk__range=(first, last)).order_by("pk")
    rows = list(fills.values_list("pk", "book", *WORDS)[:AT_ONCE])
    INDEX.add(
        [
            (pk, words_of(texts))
            for pk, book, *texts in rows
            if book in spans and spans[book].first <= pk <= spans[book].last
        ]
    )
    upto = rows[-1][0] if len(rows) == AT_ONCE else last
    UnindexedFills.objects.filter(book__in=spans, last__lte=upto).delete()
    left = UnindexedFills.objects.filter(book__in=spans, first__lte=upto)
    left.update(first=upto + 1)
    return len(rows)

"""What voiding or correcting a price or a split changes: the profit and loss of what it
bears on, before and after, in each book that it counts for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from django.utils import timezone

from trades.models import Book, Instrument, MarketEffect, PriceEvent, SplitEvent
from trades.queries.profit import pair_pnl, pairs_of, realised_of

MOST_BOOKS = 20  # of which one event states the profit and loss
Realised: TypeAlias = Mapping[Instrument, Decimal | None]


@dataclass(frozen=True, kw_only=True)
class Before:
    """What a book's instruments had brought before an event."""

    book: Book
    pairs: Sequence[Instrument]
    realised: Realised
    pnl: Decimal | None


@dataclass(frozen=True, kw_only=True)
class Effects:
    """The books that an event bears on, as they were before it; `more` is the number
    of those of which nothing is stated."""

    books: Sequence[Before]
    more: int

    @classmethod
    def on(cls, books: Sequence[Book], symbols: Collection[str]) -> Effects:
        """Asked before anything changes. Some queries for each of MOST_BOOKS."""
        told = [_before(book, symbols) for book in books[:MOST_BOOKS]]
        return cls(books=told, more=len(books) - len(told))

    def state(
        self,
        event: PriceEvent | SplitEvent,
        *,
        rematched: bool = False,
        waiting: Collection[Book] = (),
    ) -> None:
        """Keep what has come of a stored event. What was realised is as it was, unless
        the pairs were `rematched`; the books that are `waiting` are told by the job."""
        event.more_books = self.more
        event.save(update_fields=["more_books"])
        now = timezone.now()
        MarketEffect.objects.bulk_create(
            MarketEffect(
                price_event=event if isinstance(event, PriceEvent) else None,
                split_event=event if isinstance(event, SplitEvent) else None,
                book=each.book,
                currency=each.pairs[0].quote,
                pnl_before=each.pnl,
                pnl_after=None
                if each.book in waiting
                else pair_pnl(
                    each.book, each.pairs, now, {} if rematched else each.realised
                ),
                waits=each.book in waiting,
            )
            for each in self.books
            if each.pairs
        )


def state_effects(book: Book, realised: Realised) -> None:
    """Say what came of the splits for which the book's pairs have waited: they are
    matched again, and `realised` is what they have now. Some queries for each."""
    rows = MarketEffect.objects.filter(book=book, waits=True)
    for row in rows.select_related("split_event__split", "split_event__replacement"):
        event = row.split_event
        assert event is not None
        splits = [event.split, event.replacement]
        pairs = pairs_of(book, {split.symbol for split in splits if split})
        row.pnl_after = pair_pnl(book, pairs, timezone.now(), realised)
        row.waits = False
        row.save(update_fields=["pnl_after", "waits"])


def _before(book: Book, symbols: Collection[str]) -> Before:
    pairs = pairs_of(book, symbols)
    realised = {pair: realised_of(book, pair) for pair in pairs}
    pnl = pair_pnl(book, pairs, timezone.now(), realised)
    return Before(book=book, pairs=pairs, realised=realised, pnl=pnl)

"""What a walk has read up to a time, as one short text: where it is the same again,
the walk before that time would come to the same."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from trades.models import Book, Fill, Lot, Match, Split, Transfer, Valuation
from trades.queries.marks import prices_for

RULES = 1  # of the walk: another number, and no stored state counts any more


def read_before(book: Book, until: datetime, symbols: Collection[str]) -> str:
    """SHA-256 over how many rows bear on the book up to a time and which was the last
    to be written. Rows of facts, lots and matches are never changed but in what they
    count for, so that what differs differs in one of both. Ten queries that read
    no row where an index has them."""
    mine = Q(book=book)
    sides = mine | Q(to_book=book)
    moved = Q(transfer__book=book) | Q(transfer__to_book=book)
    facts = (
        Fill.objects.filter(mine, executed_at__lte=until),
        Transfer.objects.filter(sides, at__lte=until),
        Fill.objects.standing().filter(mine, executed_at__lte=until),
        Transfer.objects.standing().filter(sides, at__lte=until),
        Lot.objects.filter(mine, opened_at__lte=until),
        Match.objects.filter(mine, at__lte=until),
        Valuation.objects.filter(mine, fill__executed_at__lte=until),
        Valuation.objects.filter(moved, transfer__at__lte=until),
        prices_for(book, symbols).filter(at__lte=until),
        # An own split stands in the place of the desk's of its day, whatever the hour.
        Split.objects.standing().filter(symbol__in=set(symbols)),
    )
    read = [RULES, book.base_currency, book.zone, book.method, *map(_extent, facts)]
    return hashlib.sha256(repr(read).encode()).hexdigest()


def _extent(rows: QuerySet[Any]) -> tuple[int, int]:
    extent = rows.order_by().aggregate(count=Count("pk"), last=Max("pk"))
    return extent["count"], extent["last"] or 0

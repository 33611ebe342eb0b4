"""How many facts a request may walk: longer histories are told from stored days."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q

from trades.models import Fill, Transfer

MOST_WALKED = 100_000


def facts_within(book_ids: Collection[int], most: int) -> int:
    """The fills and transfers of these books; counting ends at `most` + 1. Two
    queries at most."""
    fills = Fill.objects.filter(book__in=book_ids).order_by()[: most + 1].count()
    if fills > most:
        return fills
    mine = Q(book__in=book_ids) | Q(to_book__in=book_ids)
    transfers = Transfer.objects.filter(mine).order_by()
    return fills + transfers[: most - fills + 1].count()


def may_be_walked(book_ids: Collection[int]) -> bool:
    return facts_within(book_ids, MOST_WALKED) <= MOST_WALKED

"""Which times may be asked for as known, and at which an answer was."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, Model, OuterRef, Q, QuerySet, Subquery

from kernel.errors import FieldError, Invalid, bad_parameter
from kernel.prepared import PreparedQuery
from trades.domain.times import read_time
from trades.models import (
    Book,
    Fill,
    Generation,
    Price,
    PriceEvent,
    Split,
    SplitEvent,
    Transfer,
)

MARKET = (Price, PriceEvent, Split, SplitEvent)
# A fact is recorded when its write begins and is seen when that ends: what was known
# until then is not settled. Other writers give up after 20 s (settings.DATABASES).
SETTLED_AFTER = timedelta(seconds=60)


def known_time(text: str, now: datetime) -> datetime | None:
    """The time that `known_at` of a query says (a date is its 00:00 UTC); None: not
    asked for.

    Raises BadRequest for what is no time or is to come, Invalid for a time at which a
    write may still be under way, with the seconds after which it is settled.
    """
    if not text:
        return None
    try:
        known_at = read_time(text, ZoneInfo("UTC"))
    except (ValueError, OverflowError) as error:
        raise bad_parameter("known_at", str(error)) from None
    if known_at > now:
        raise bad_parameter("known_at", "lies in the future")
    if (wait := known_at + SETTLED_AFTER - now) > timedelta():
        seconds = int(wait.total_seconds()) + 1
        reason = (
            f"is too recent: what is being booked may still count. Ask in {seconds} s"
        )
        raise Invalid(
            f"known_at {reason}.",
            code="too_recent",
            errors=[FieldError("?known_at", "range", reason)],
            retry_after=seconds,
        )
    return known_at


def newest_recorded(books: Sequence[Book], now: datetime) -> datetime | None:
    """The newest recording that an answer of these books, begun at `now`, may have read:
    asked for as known then, it is told again. None where no time tells the same: before
    anything was recorded, where something was meanwhile, and while facts wait to be
    matched again. One query."""
    read = {book.pk: book.recorded_at for book in books}
    rows = _recordings(list(read))
    times: set[datetime | None] = set()
    for pk, recorded, fill_waits, transfer_waits, split_waits, *market in rows:
        if recorded != read[pk] or fill_waits or transfer_waits or split_waits:
            return None
        times |= {recorded, *market}
    newest = max((at for at in times if at is not None), default=None)
    return None if newest is None or newest > now else newest


@PreparedQuery
def _recordings(book_ids: list[int]) -> QuerySet[Book, Any]:
    mine = OuterRef("pk")
    return Book.objects.filter(pk__in=book_ids).values_list(
        "pk",
        "recorded_at",
        Exists(Fill.objects.waiting().filter(book=mine)),
        Exists(Transfer.objects.waiting().filter(Q(book=mine) | Q(to_book=mine))),
        Exists(Generation.objects.filter(book=mine, market_at__isnull=False)),
        *map(_newest, MARKET),
    )


def _newest(kind: type[Model]) -> Subquery:
    rows = kind._default_manager.order_by("-recorded_at")
    return Subquery(rows.values("recorded_at")[:1])

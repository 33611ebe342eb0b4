"""What the pages and files of performance are asked for."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils import timezone

from portfolio.domain.periods import PERIODS
from portfolio.queries.books import scope_asked
from portfolio.queries.curves import curves_of
from portfolio.queries.performance import Performance, performance
from portfolio.queries.selection import selection_asked

DEFAULT_PERIOD = "1y"
ASKED = ("from", "to", "book", "strategy", "symbol", "benchmark", "known_at")


def range_query(request: HttpRequest) -> dict[str, str]:
    """What a link to the same numbers says; an unknown range is the default year, and
    days stand in its place."""
    chosen = {name: value for name in ASKED if (value := request.GET.get(name))}
    if "from" in chosen or "to" in chosen:
        return chosen
    asked = request.GET.get("period", DEFAULT_PERIOD)
    return {"period": asked if asked in PERIODS else DEFAULT_PERIOD, **chosen}


def performance_asked(request: HttpRequest, query: dict[str, str]) -> Performance:
    books, now = scope_asked(request.user, query, timezone.now())
    selection = selection_asked(
        query, query.get("period", DEFAULT_PERIOD), books.day(now)
    )
    curves = curves_of(books, now)
    return performance(books, selection, curves, now, detailed=True)

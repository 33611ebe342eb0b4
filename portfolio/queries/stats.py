"""Real counters of what the books hold; an empty database counts zero."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Min

from portfolio.queries.books import Scope
from trades.models import Decision, Fill, Position, Price, RoundTrip, Transfer


@dataclass(frozen=True, kw_only=True)
class Counters:
    books: int
    trades: int
    transfers: int
    decisions: int
    open_positions: int
    round_trips: int
    prices: int
    first_trade_at: datetime | None
    last_trade_at: datetime | None


def counters(scope: Scope) -> Counters:
    """Counts over the readable books (prices are everybody's). Seven queries."""
    fills = Fill.objects.standing().filter(book__in=scope.ids)
    ends = fills.aggregate(first=Min("executed_at"), last=Max("executed_at"))
    mine = {"book__in": scope.ids}
    return Counters(
        books=len(scope.books),
        trades=fills.count(),
        transfers=Transfer.objects.standing().filter(**mine).count(),
        decisions=Decision.objects.filter(**mine).count(),
        open_positions=Position.objects.filter(**mine).count(),
        round_trips=RoundTrip.objects.filter(**mine, net__isnull=False).count(),
        prices=Price.objects.count(),
        first_trade_at=ends["first"],
        last_trade_at=ends["last"],
    )

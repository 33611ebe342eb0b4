"""What the books hold at day ends, from their stored days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from kernel.numbers import ZERO
from portfolio.domain.exposure import HeldDay
from portfolio.domain.valuation import total
from portfolio.models import EquityPoint
from portfolio.queries.books import Scope
from portfolio.queries.days import DayRates


def held_days(
    scope: Scope, points: Iterable[EquityPoint], rates: DayRates
) -> list[HeldDay]:
    """All books' added up, in the answer's currency, in order of time; a day without a
    rate is left out. No query."""
    currencies = {book.pk: book.base_currency for book in scope.books}
    by_day: dict[date, list[tuple[EquityPoint, Decimal]]] = defaultdict(list)
    for point in points:
        rate = rates.on(point.book_id, currencies[point.book_id], point.day)
        if rate is not None:
            by_day[point.day].append((point, rate))
    return [_added(day, parts) for day, parts in sorted(by_day.items())]


def _added(day: date, parts: Iterable[tuple[EquityPoint, Decimal]]) -> HeldDay:
    parts = list(parts)
    return HeldDay(
        day=day,
        equity=sum((point.equity * rate for point, rate in parts), ZERO),
        net=sum(((point.equity - point.cash) * rate for point, rate in parts), ZERO),
        gross=total(
            None if point.gross is None else point.gross * rate for point, rate in parts
        ),
    )

"""The portfolio in one answer: what is held, what it brought, and the day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

from django.db.models import QuerySet

from kernel.numbers import ZERO
from kernel.prepared import PreparedQuery
from portfolio.domain.reasons import Reason
from portfolio.domain.returns import Day, added, day_of
from portfolio.domain.valuation import minus, percent_of, total
from portfolio.models import EquityPoint
from portfolio.queries.books import Scope
from portfolio.queries.curves import StoredCurves
from portfolio.queries.days import (
    day_at,
    only_moves,
    other_sides,
    stored_points,
)
from portfolio.queries.figures import figures, incomplete
from portfolio.queries.holdings import Holdings, held, rates_for, stored_balances
from trades.models import Balance
from trades.queries.rates import Rates

PER_BOOK = ("equity", "cash", "day")


@dataclass(frozen=True, kw_only=True)
class Portfolio(Holdings):
    """The summary. What cannot be known is None, and `reasons` says why by field.

    `net_flows` is what was paid in less what was taken out, `paid_in` the first of
    these alone, both with implied funding; `foreign` says that something is kept in
    another currency. `by_currency` holds the books of each base currency, where these
    differ.
    """

    realised: Decimal | None = None
    income: Decimal | None = None
    fees: Decimal | None = None
    paid_in: Decimal | None = None
    day_pnl: Decimal | None = None
    day_base: Decimal | None = None
    reasons: Mapping[str, Reason] = field(default_factory=dict)
    incomplete: Mapping[Reason, int] = field(default_factory=dict)
    transferred: Decimal | None = None
    net_flows: Decimal | None = None
    foreign: bool = False
    by_currency: Sequence[Portfolio] = ()

    @property
    def parts(self) -> Decimal | None:
        """What price moves, income and coins on their way brought, at rates of now."""
        return total((self.realised, self.unrealised, self.income, self.transferred))

    @property
    def total_pnl(self) -> Decimal | None:
        """Equity less what was paid in; of one strategy, its parts."""
        if self.strategy:
            return self.parts
        return None if self.net_flows is None else minus(self.equity, self.net_flows)

    @property
    def currency_effect(self) -> Decimal | None:
        """What currencies that moved brought: the rest of total P&L."""
        return minus(self.total_pnl, self.parts) if self.foreign else ZERO

    @property
    def total_pnl_percent(self) -> Decimal | None:
        return None if self.strategy else percent_of(self.total_pnl, self.paid_in)

    @property
    def day_pnl_percent(self) -> Decimal | None:
        return percent_of(self.day_pnl, self.day_base)


def portfolio(
    scope: Scope, curves: StoredCurves, now: datetime, strategy: str = ""
) -> Portfolio:
    """Everything a summary says, whatever the number of fills in eight queries (more
    where other currencies or coins came and went).

    The day's P&L is None (reason `recomputing`) while a curve is behind the facts.
    With `strategy` every figure is of it; cash, equity and the day belong to whole
    books and are then None (reason `per_book`). Books of several base currencies are
    listed by currency too, so that none hides the others.
    """
    balances = stored_balances(scope)
    rates = rates_for(scope, now, balances)
    holdings = held(scope, now, balances, rates, strategy)
    brought = figures(scope, balances, rates, strategy)
    foreign = _is_foreign(holdings, balances)
    if strategy:
        reasons = _reasons(holdings) | dict.fromkeys(PER_BOOK, Reason.PER_BOOK)
        return Portfolio(
            **vars(holdings),
            **vars(brought),
            reasons=reasons,
            foreign=foreign,
            incomplete=incomplete(scope, balances, strategy),
        )
    day_pnl, day_base = _today(scope, curves, now, rates)
    reasons = _reasons(holdings)
    if day_pnl is None:
        behind = curves.recomputing
        why = Reason.RECOMPUTING if behind else Reason.NO_PREVIOUS_CLOSE
        reasons["day"] = reasons.get("equity", why)
    return Portfolio(
        **vars(holdings),
        **vars(brought),
        day_pnl=day_pnl,
        day_base=day_base,
        reasons=reasons,
        foreign=foreign,
        incomplete=incomplete(scope, balances),
        by_currency=[portfolio(part, curves, now) for part in scope.by_currency],
    )


def _is_foreign(holdings: Holdings, balances: Sequence[Balance]) -> bool:
    """Whether anything is or was kept in another currency than the answer's."""
    currencies = {row.currency for row in balances} | {
        position.valued.holding.quote for position in holdings.positions
    }
    return bool(currencies - {holdings.currency})


def _reasons(holdings: Holdings) -> dict[str, Reason]:
    reasons: dict[str, Reason] = {}
    for position in holdings.positions:
        if position.valued.reason:
            valued = position.valued.market_value is not None
            reasons.setdefault(
                "unrealised" if valued else "equity", position.valued.reason
            )
        elif position.value is None:
            reasons.setdefault("equity", Reason.NO_FX)
    if any(balance.value is None for balance in holdings.cash):
        reasons.setdefault("equity", Reason.NO_FX)
    return reasons


def _today(
    scope: Scope, curves: StoredCurves, now: datetime, rates: Rates
) -> tuple[Decimal | None, Decimal | None]:
    """P&L of the current day and the capital it worked with, from the curves."""
    if curves.recomputing:
        return None, None
    days = {book.pk: day_of(now, book.zone) for book in scope.books}
    points = _points_of(scope, set(days.values()))
    today = [point for point in points if point.day == days[point.book_id]]
    if not today or any(point.unvalued for point in today):
        return None, None
    earlier = other_sides(today, points if scope.known else _moved(scope, today))
    currencies = {book.pk: book.base_currency for book in scope.books}
    # Days of several zones are one day here, whatever each book calls it.
    label = max(days.values())
    parts: dict[int, list[Day]] = defaultdict(list)
    for point in (*today, *earlier):
        rate = rates.rate(point.book_id, currencies[point.book_id], scope.currency)
        if rate is None and (point.pnl or point.base):
            return None, None
        day = day_at(point, rate or ZERO)
        of_today = point.day == days[point.book_id]
        part = replace(day, day=label) if of_today else only_moves(day)
        parts[point.book_id].append(part)
    whole = added(parts.values())[-1]
    return whole.pnl, whole.base


def _points_of(scope: Scope, days: Collection[date]) -> list[EquityPoint]:
    """Of these days; as known at a time, of all."""
    if scope.known is not None:
        return stored_points(scope)
    return _points_on(scope.ids, sorted(days))


@PreparedQuery
def _points_on(book_ids: list[int], days: list[date]) -> QuerySet[EquityPoint]:
    return EquityPoint.objects.filter(book__in=book_ids, day__in=days)


def _moved(scope: Scope, today: Iterable[EquityPoint]) -> list[EquityPoint]:
    """The days on which anything moved between own books, if it did so on these. One
    query at most."""
    if not any(point.between for point in today):
        return []
    points = EquityPoint.objects.filter(book__in=scope.ids).exclude(between=[])
    return list(points.order_by("day"))

"""The portfolio in one answer: what is held, what it brought, and the day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db.models import Q, Sum

from kernel.numbers import ZERO
from portfolio.domain.reasons import Reason
from portfolio.domain.returns import day_of
from portfolio.domain.valuation import percent_of, total
from portfolio.models import EquityPoint
from portfolio.queries.books import Scope
from portfolio.queries.curves import StoredCurves
from portfolio.queries.holdings import Holdings, held, rates_for, stored_balances
from trades.models import Balance, Instrument, Transfer
from trades.queries.assets import BookAssets
from trades.queries.rates import Rates

PER_BOOK = ("cash", "realised", "day")


@dataclass(frozen=True, kw_only=True)
class Portfolio(Holdings):
    """The summary. What cannot be known is None, and `reasons` says why by field."""

    realised: Decimal | None = None
    income: Decimal | None = None
    fees: Decimal | None = None
    paid_in: Decimal | None = None
    day_pnl: Decimal | None = None
    day_base: Decimal | None = None
    reasons: Mapping[str, Reason] = field(default_factory=dict)
    incomplete: Mapping[Reason, int] = field(default_factory=dict)

    @property
    def total_pnl(self) -> Decimal | None:
        return total((self.realised, self.unrealised, self.income))

    @property
    def total_pnl_percent(self) -> Decimal | None:
        return percent_of(self.total_pnl, self.paid_in)

    @property
    def day_pnl_percent(self) -> Decimal | None:
        return percent_of(self.day_pnl, self.day_base)

    @property
    def by_currency(self) -> list[CurrencyTotal]:
        """Equity of the books of each base currency."""
        sums: dict[str, list[Decimal | None]] = defaultdict(list)
        bases = {book.name: book.base_currency for book in self.scope.books}
        for position in self.positions:
            same = position.valued.holding.quote == bases[position.book]
            sums[bases[position.book]].append(
                position.valued.market_value if same else None
            )
        for balance in self.cash:
            same = balance.currency == bases[balance.book] or not balance.amount
            sums[bases[balance.book]].append(balance.amount if same else None)
        return [
            CurrencyTotal(currency=currency, total_equity=total(amounts))
            for currency, amounts in sorted(sums.items())
        ]


@dataclass(frozen=True, kw_only=True)
class CurrencyTotal:
    """What the books kept in one currency come to; None where they hold others."""

    currency: str
    total_equity: Decimal | None


def portfolio(
    scope: Scope, curves: StoredCurves, now: datetime, strategy: str = ""
) -> Portfolio:
    """Everything a summary says, in six queries whatever the number of fills.

    The day's P&L is None (reason `recomputing`) while a curve is behind the facts.
    With `strategy` only its positions are counted; cash, realised and the day
    belong to whole books and are then None (reason `per_book`).
    """
    balances = stored_balances(scope)
    rates = rates_for(scope, now, balances)
    holdings = held(scope, now, balances, rates, strategy)
    if strategy:
        reasons = dict.fromkeys(PER_BOOK, Reason.PER_BOOK)
        return Portfolio(**vars(holdings), reasons=reasons)
    paid_in, income = _flows(scope, rates)
    day_pnl, day_base = _today(scope, curves, now, rates)
    return Portfolio(
        **vars(holdings),
        realised=_converted(
            ((row.book_id, row.realised, row.currency) for row in balances),
            rates,
            scope.currency,
        ),
        fees=_converted(
            ((row.book_id, row.fees, row.currency) for row in balances),
            rates,
            scope.currency,
        ),
        income=income,
        paid_in=paid_in,
        day_pnl=day_pnl,
        day_base=day_base,
        reasons=_reasons(holdings, day_pnl, recomputing=curves.recomputing),
        incomplete=_incomplete(balances),
    )


def _converted(
    amounts: Iterable[tuple[int, Decimal, str]], rates: Rates, target: str
) -> Decimal | None:
    return total(
        ZERO if not amount else rates.convert(book_id, amount, currency, target)
        for book_id, amount, currency in amounts
    )


def _incomplete(balances: Sequence[Balance]) -> dict[Reason, int]:
    """How many facts are left out of realised and fees, by reason."""
    counts = {
        Reason.MISSING_COST: sum(row.realised_missing for row in balances),
        Reason.NO_FX: sum(row.fees_missing for row in balances),
    }
    return {reason: count for reason, count in counts.items() if count}


def _reasons(
    holdings: Holdings, day_pnl: Decimal | None, *, recomputing: bool
) -> dict[str, Reason]:
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
    if day_pnl is None:
        why = Reason.RECOMPUTING if recomputing else Reason.NO_PREVIOUS_CLOSE
        reasons["day"] = reasons.get("equity", why)
    return reasons


def _flows(scope: Scope, rates: Rates) -> tuple[Decimal | None, Decimal | None]:
    """What was paid in (cash; in kind at stated cost) and earned beside prices."""
    external = Q(kind__in=Transfer.EXTERNAL)
    rows = (
        Transfer.objects.standing()
        .filter(book__in=scope.ids)
        .values("book", "asset", "instrument")
        .annotate(
            into=Sum("amount", filter=external & Q(amount__gt=ZERO)),
            earned=Sum("amount", filter=~external),
            at_cost=Sum("cost", filter=external & Q(amount__gt=ZERO)),
        )
        .order_by()
    )
    named = Instrument.objects.in_bulk({row["instrument"] for row in rows} - {None})
    assets = {book.pk: BookAssets(book) for book in scope.books}
    paid: list[tuple[int, Decimal, str]] = []
    earned: list[tuple[int, Decimal, str]] = []
    for row in rows:
        book_id = row["book"]
        moved = assets[book_id].moved(row["asset"], named.get(row["instrument"]))
        if moved is not None:
            paid.append((book_id, row["at_cost"] or ZERO, moved.quote))
        else:
            paid.append((book_id, row["into"] or ZERO, row["asset"]))
            earned.append((book_id, row["earned"] or ZERO, row["asset"]))
    return (
        _converted(paid, rates, scope.currency),
        _converted(earned, rates, scope.currency),
    )


def _today(
    scope: Scope, curves: StoredCurves, now: datetime, rates: Rates
) -> tuple[Decimal | None, Decimal | None]:
    """P&L of the current day and the capital it worked with, from the curves."""
    if curves.recomputing:
        return None, None
    days = {book.pk: day_of(now, book.zone) for book in scope.books}
    points = EquityPoint.objects.filter(book__in=scope.ids, day__in=set(days.values()))
    today = [point for point in points if point.day == days[point.book_id]]
    if not today or any(point.unvalued for point in today):
        return None, None
    currencies = {book.pk: book.base_currency for book in scope.books}
    return (
        _converted(
            ((point.book_id, point.pnl, currencies[point.book_id]) for point in today),
            rates,
            scope.currency,
        ),
        _converted(
            ((point.book_id, point.base, currencies[point.book_id]) for point in today),
            rates,
            scope.currency,
        ),
    )

"""What is held now and what it is worth: pages, API and overview share these."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import TypeAlias

from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum

from kernel.numbers import ZERO
from portfolio.domain import valuation
from portfolio.domain.returns import day_of
from portfolio.domain.valuation import (
    Exposure,
    Holding,
    Mark,
    Rates,
    Valued,
    percent_of,
    total,
)
from portfolio.models import EquityPoint
from portfolio.queries.books import Scope
from trades.models import Balance, Fill, Instrument, Lot, Position, Price, Transfer

OpenLot: TypeAlias = Lot


@dataclass(frozen=True)
class PositionRow:
    """One open instrument of one book, all strategies together (or one)."""

    id: int
    book_id: int
    book: str
    instrument: Instrument
    valued: Valued
    opened_at: datetime
    lots: int
    strategies: tuple[str, ...]
    value: Decimal | None  # in the answer's currency
    gain: Decimal | None
    weight: Decimal | None = None

    @property
    def symbol(self) -> str:
        return self.instrument.symbol


@dataclass(frozen=True)
class Cash:
    """A balance and its worth in the answer's currency (None: no rate)."""

    book: str
    currency: str
    amount: Decimal
    value: Decimal | None


@dataclass(frozen=True)
class Portfolio:
    """The summary. What cannot be known is None, and `reasons` says why by field;
    `by_currency` lists the totals of each base currency where they differ."""

    scope: Scope
    now: datetime
    positions: tuple[PositionRow, ...]
    cash: tuple[Cash, ...]
    realised: Decimal | None
    income: Decimal | None
    fees: Decimal | None
    paid_in: Decimal | None
    day_pnl: Decimal | None
    day_base: Decimal | None
    reasons: Mapping[str, str] = field(default_factory=dict)
    incomplete: Mapping[str, int] = field(default_factory=dict)

    @property
    def currency(self) -> str:
        return self.scope.currency

    @property
    def cash_balance(self) -> Decimal | None:
        return total(one.value for one in self.cash)

    @property
    def invested(self) -> Decimal | None:
        """The market value of what is held, shorts negative."""
        return total(one.value for one in self.positions)

    @property
    def equity(self) -> Decimal | None:
        return total((self.cash_balance, self.invested))

    @property
    def unrealised(self) -> Decimal | None:
        return total(one.gain for one in self.positions)

    @property
    def cost(self) -> Decimal | None:
        """What the open lots cost with fees (shorts: brought in), in the answer's
        currency."""
        return total(
            None if one.value is None or one.gain is None else abs(one.value - one.gain)
            for one in self.positions
        )

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
    def exposure(self) -> Exposure:
        return valuation.exposure(
            (one.symbol, one.value) for one in self.positions if one.value is not None
        )

    @property
    def stale(self) -> list[PositionRow]:
        """Positions without a mark, or with one older than a day."""
        return [
            one
            for one in self.positions
            if one.valued.price_age is None or one.valued.price_age.days >= 1
        ]


def portfolio(scope: Scope, now: datetime, strategy: str = "") -> Portfolio:
    """Everything a summary says, in five queries whatever the number of fills.

    With `strategy` only its positions are counted; cash, realised and the day
    belong to whole books and are then None (reason `per_book`).
    """
    balances = list(Balance.objects.filter(book__in=scope.ids).select_related("book"))
    rates = exchange_rates(scope, {one.currency for one in balances})
    positions = position_rows(scope, now, rates, strategy)
    summary = _summary(scope, now, rates, positions, balances)
    if strategy:
        return Portfolio(
            scope,
            now,
            summary.positions,
            (),
            None,
            None,
            None,
            None,
            None,
            None,
            dict.fromkeys(("cash", "realised", "day"), "per_book"),
            {},
        )
    return summary


def _summary(
    scope: Scope,
    now: datetime,
    rates: Rates,
    positions: Sequence[PositionRow],
    balances: Sequence[Balance],
) -> Portfolio:
    target = scope.currency
    cash = tuple(
        Cash(
            one.book.name,
            one.currency,
            one.cash,
            ZERO if not one.cash else rates.convert(one.cash, one.currency, target),
        )
        for one in balances
    )
    flows = _flows(scope, rates)
    today = _today(scope, now, rates)
    whole = total(
        (total(one.value for one in cash), total(one.value for one in positions))
    )
    weighed = tuple(
        PositionRow(**{**vars(one), "weight": percent_of(one.value, whole)})
        for one in positions
    )
    return Portfolio(
        scope=scope,
        now=now,
        positions=weighed,
        cash=cash,
        realised=_converted(
            ((b.realised, b.currency) for b in balances), rates, target
        ),
        fees=_converted(((b.fees, b.currency) for b in balances), rates, target),
        income=flows.income,
        paid_in=flows.paid_in,
        day_pnl=today[0],
        day_base=today[1],
        reasons=_reasons(positions, cash, today[0]),
        incomplete={
            reason: count
            for reason, count in (
                ("missing_cost", sum(b.realised_missing for b in balances)),
                ("no_fx", sum(b.fees_missing for b in balances)),
            )
            if count
        },
    )


def _converted(
    amounts: Iterable[tuple[Decimal, str]], rates: Rates, target: str
) -> Decimal | None:
    return total(
        ZERO if not amount else rates.convert(amount, currency, target)
        for amount, currency in amounts
    )


def _reasons(
    positions: Iterable[PositionRow], cash: Iterable[Cash], day: Decimal | None
) -> dict[str, str]:
    reasons: dict[str, str] = {}
    for one in positions:
        if one.valued.reason:
            reasons.setdefault(
                "unrealised" if one.valued.market_value is not None else "equity",
                one.valued.reason,
            )
        elif one.value is None:
            reasons.setdefault("equity", valuation.NO_FX)
    if any(one.value is None for one in cash):
        reasons.setdefault("equity", valuation.NO_FX)
    if day is None:
        reasons["day"] = reasons.get("equity", "no_previous_close")
    return reasons


# --- marks and rates ---------------------------------------------------------


def newest_prices(symbols: Iterable[str]) -> dict[str, Mark]:
    """The newest stored price of each symbol that has one. One query, an index
    look-up for each symbol however many prices there are."""
    newest = [
        Q(pk=Subquery(rows.order_by("-at", "-id").values("pk")[:1]))
        for symbol in sorted(set(symbols))
        for rows in [Price.objects.filter(symbol=symbol)]
    ]
    if not newest:
        return {}
    found = Price.objects.filter(reduce(or_, newest))
    return {one.symbol: Mark(one.price, one.at, one.source) for one in found}


def last_fills(pairs: Iterable[tuple[int, int]]) -> dict[int, Mark]:
    """The newest fill of instruments, by instrument id. One query for all."""
    instruments = sorted({instrument for _, instrument in pairs})
    if not instruments:
        return {}
    newest = (
        Fill.objects.filter(instrument=OuterRef("pk"))
        .exclude(status=Fill.Status.VOIDED)
        .order_by("-executed_at", "-id")
    )
    found = Instrument.objects.filter(pk__in=instruments).annotate(
        newest=Subquery(newest.values("id")[:1])
    )
    fills = Fill.objects.filter(pk__in=found.values("newest"))
    return {
        one.instrument_id: Mark(one.price, one.executed_at, valuation.LAST_FILL)
        for one in fills
    }


def exchange_rates(scope: Scope, known: set[str] | None = None) -> Rates:
    """Every stored price between the answer's currency and what the books hold or
    are quoted in. One query for the names unless they are `known`, one for the
    prices where there is more than one currency."""
    if known is None:
        rows = Balance.objects.filter(book__in=scope.ids)
        known = set(rows.values_list("currency", flat=True))
    held = known | {book.base_currency for book in scope.books}
    names = {f"{a}-{scope.currency}" for a in held} | {
        f"{scope.currency}-{a}" for a in held
    }
    prices = newest_prices(names) if len(held) > 1 else {}
    return Rates({symbol: mark.price for symbol, mark in prices.items()})


# --- positions ---------------------------------------------------------------


def position_rows(
    scope: Scope, now: datetime, rates: Rates, strategy: str = ""
) -> list[PositionRow]:
    """Position rows x newest prices, largest value first."""
    stored: QuerySet[Position] = Position.objects.filter(book__in=scope.ids)
    if strategy:
        stored = stored.filter(strategy=strategy)
    grouped: dict[tuple[int, int], list[Position]] = defaultdict(list)
    for one in stored.select_related("instrument", "book").order_by("id"):
        grouped[one.book_id, one.instrument_id].append(one)
    marks = newest_prices(rows[0].instrument.symbol for rows in grouped.values())
    unpriced = [
        key for key, rows in grouped.items() if rows[0].instrument.symbol not in marks
    ]
    fills = last_fills(unpriced)
    result = [
        _row(
            rows,
            marks.get(rows[0].instrument.symbol) or fills.get(key[1]),
            now,
            rates,
            scope,
        )
        for key, rows in grouped.items()
    ]
    result.sort(key=lambda one: (-abs(one.value or ZERO), one.symbol))
    return result


def _row(
    rows: Sequence[Position],
    mark: Mark | None,
    now: datetime,
    rates: Rates,
    scope: Scope,
) -> PositionRow:
    first = rows[0]
    quantity = sum((one.quantity for one in rows), ZERO)
    sign = -1 if quantity < 0 else 1
    holding = Holding(
        symbol=first.instrument.symbol,
        quote=first.instrument.quote,
        quantity=quantity,
        amount=sign * sum((one.amount for one in rows), ZERO),
        fee=sum((one.fee for one in rows), ZERO),
        unknown_cost=any(one.missing_quantity for one in rows),
    )
    valued = valuation.value(holding, mark, now)
    quote = holding.quote
    return PositionRow(
        id=first.pk,
        book_id=first.book_id,
        book=first.book.name,
        instrument=first.instrument,
        valued=valued,
        opened_at=min(one.opened_at for one in rows),
        lots=sum(one.lots for one in rows),
        strategies=tuple(sorted(one.strategy for one in rows)),
        value=rates.convert(valued.market_value, quote, scope.currency),
        gain=rates.convert(valued.unrealised, quote, scope.currency),
    )


def open_lots(
    scope: Scope, book_id: int | None = None, instrument_id: int | None = None
) -> QuerySet[OpenLot]:
    """Open lots with what opened them, the oldest first (the next that a sale
    takes under FIFO)."""
    lots = Lot.objects.filter(book__in=scope.ids, remaining_quantity__gt=ZERO)
    if book_id is not None:
        lots = lots.filter(book=book_id)
    if instrument_id is not None:
        lots = lots.filter(instrument=instrument_id)
    return lots.select_related("instrument", "book", "fill", "transfer").order_by(
        "opened_at", "id"
    )


# --- flows and the day -------------------------------------------------------


@dataclass(frozen=True)
class _Flows:
    paid_in: Decimal | None
    income: Decimal | None


def _flows(scope: Scope, rates: Rates) -> _Flows:
    """What was paid in (cash; in kind at stated cost) and earned beside prices."""
    external = Q(kind__in=Transfer.EXTERNAL)
    rows = (
        Transfer.objects.filter(book__in=scope.ids)
        .values("kind", "asset", "instrument__base", "instrument__quote")
        .annotate(
            into=Sum("amount", filter=external & Q(amount__gt=ZERO)),
            earned=Sum("amount", filter=~external),
            at_cost=Sum("cost", filter=external & Q(amount__gt=ZERO)),
        )
        .order_by()
    )
    paid: list[tuple[Decimal, str]] = []
    earned: list[tuple[Decimal, str]] = []
    for row in rows:
        if row["instrument__base"] == row["asset"]:
            paid.append((row["at_cost"] or ZERO, str(row["instrument__quote"])))
        else:
            paid.append((row["into"] or ZERO, row["asset"]))
            earned.append((row["earned"] or ZERO, row["asset"]))
    return _Flows(
        _converted(paid, rates, scope.currency),
        _converted(earned, rates, scope.currency),
    )


def _today(
    scope: Scope, now: datetime, rates: Rates
) -> tuple[Decimal | None, Decimal | None]:
    """P&L of the current day and the capital it worked with, from the curves."""
    days = {book.pk: day_of(now, book.zone) for book in scope.books}
    points = EquityPoint.objects.filter(book__in=scope.ids, day__in=set(days.values()))
    mine = [one for one in points if one.day == days[one.book_id]]
    currencies = {book.pk: book.base_currency for book in scope.books}
    if not mine or any(one.unvalued for one in mine):
        return None, None
    return (
        _converted(
            ((o.pnl, currencies[o.book_id]) for o in mine), rates, scope.currency
        ),
        _converted(
            ((o.base, currencies[o.book_id]) for o in mine), rates, scope.currency
        ),
    )


def by_currency(found: Portfolio) -> list[dict[str, object]]:
    """Equity of the books of each base currency, where these differ."""
    sums: dict[str, list[Decimal | None]] = defaultdict(list)
    base = {book.name: book.base_currency for book in found.scope.books}
    for position in found.positions:
        same = position.valued.holding.quote == base[position.book]
        sums[base[position.book]].append(position.valued.market_value if same else None)
    for balance in found.cash:
        same = balance.currency == base[balance.book] or not balance.amount
        sums[base[balance.book]].append(balance.amount if same else None)
    return [
        {"currency": currency, "total_equity": total(amounts)}
        for currency, amounts in sorted(sums.items())
    ]

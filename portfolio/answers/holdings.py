"""What the API answers about what is held.

Money, quantities and percentages are exact; a percentage is x 100. What cannot be
known is null, and `reasons` says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from kernel.numbers import rounded
from kernel.paging import Page
from kernel.schema import Answer
from portfolio.domain.reasons import Reason
from portfolio.domain.valuation import Side, percent_of
from portfolio.queries.holdings import Cash, Holdings, OpenLot, PositionRow
from portfolio.queries.selection import UNASSIGNED
from portfolio.queries.stats import Counters
from portfolio.queries.summary import Portfolio

# The reason of a field is the reason of what it is made of.
REASON_OF = {
    "total_equity": "equity",
    "cash_balance": "cash",
    "implied_funding": "cash",
    "unrealized_pnl": "unrealised",
    "day_pnl": "day",
}


KnownAt = Annotated[
    datetime | None,
    "asked with it, the same is told again; null: something is being recorded",
]


def exact(value: Decimal | None) -> Decimal | None:
    """At most 18 decimals."""
    return None if value is None else rounded(value)


@dataclass(frozen=True, kw_only=True)
class CurrencyTotalAnswer(Answer):
    """The books that are kept in one currency, in it."""

    currency: str
    total_equity: Annotated[Decimal | None, "null: a price or a rate is missing"]
    cash_balance: Decimal | None
    total_pnl: Decimal | None
    realized_pnl: Decimal | None
    unrealized_pnl: Decimal | None

    @classmethod
    def of(cls, books: Portfolio) -> CurrencyTotalAnswer:
        return cls(
            currency=books.currency,
            total_equity=exact(books.equity),
            cash_balance=exact(books.cash_balance),
            total_pnl=exact(books.total_pnl),
            realized_pnl=exact(books.realised),
            unrealized_pnl=exact(books.unrealised),
        )


@dataclass(frozen=True, kw_only=True)
class PortfolioAnswer(Answer):
    """Equity, cash and P&L of the books, in the currency most are kept in."""

    total_equity: Decimal | None
    cash_balance: Decimal | None
    implied_funding: Annotated[
        Decimal | None, "part of the cash: what fills lacked before the first deposit"
    ]
    invested: Annotated[Decimal | None, "market value held, shorts negative"]
    total_pnl: Annotated[
        Decimal | None,
        "equity − net flows = realised + unrealised + income + transferred + currency",
    ]
    total_pnl_percent: Annotated[Decimal | None, "of what was paid in"]
    day_pnl: Decimal | None
    day_pnl_percent: Decimal | None
    realized_pnl: Annotated[Decimal | None, "net of fees"]
    unrealized_pnl: Annotated[Decimal | None, "net of entry fees"]
    income: Annotated[Decimal | None, "dividends, interest, funding − costs"]
    transferred: Annotated[
        Decimal | None, "what coins were worth over their cost: went out − came in"
    ]
    currency_effect: Annotated[Decimal | None, "what moving exchange rates brought"]
    fees: Decimal | None
    positions_count: int
    open_orders: Annotated[int | None, "null: the ledger holds executions only"]
    base_currency: Annotated[str | None, "null: there is no book"]
    reasons: Annotated[Mapping[str, Reason], "why a field is null"]
    incomplete: Annotated[Mapping[Reason, int], "facts left out, counted by reason"]
    by_currency: Annotated[
        list[CurrencyTotalAnswer], "the books of each currency, where these differ"
    ]
    known_at: KnownAt
    timestamp: datetime

    @classmethod
    def of(cls, portfolio: Portfolio, known_at: datetime | None) -> PortfolioAnswer:
        return cls(
            total_equity=exact(portfolio.equity),
            cash_balance=exact(portfolio.cash_balance),
            implied_funding=exact(portfolio.implied_funding),
            invested=exact(portfolio.invested),
            total_pnl=exact(portfolio.total_pnl),
            total_pnl_percent=exact(portfolio.total_pnl_percent),
            day_pnl=exact(portfolio.day_pnl),
            day_pnl_percent=exact(portfolio.day_pnl_percent),
            realized_pnl=exact(portfolio.realised),
            unrealized_pnl=exact(portfolio.unrealised),
            income=exact(portfolio.income),
            transferred=exact(portfolio.transferred),
            currency_effect=exact(portfolio.currency_effect),
            fees=exact(portfolio.fees),
            positions_count=len(portfolio.positions),
            open_orders=None,
            base_currency=portfolio.currency or None,
            reasons=_reasons(portfolio),
            incomplete=portfolio.incomplete,
            by_currency=[
                CurrencyTotalAnswer.of(books) for books in portfolio.by_currency
            ],
            known_at=known_at,
            timestamp=portfolio.now,
        )


def _parts(portfolio: Portfolio) -> dict[str, Decimal | None]:
    """The sums that lack what one of their facts lacks."""
    return {
        "cash_balance": portfolio.cash_balance,
        "realized_pnl": portfolio.realised,
        "unrealized_pnl": portfolio.unrealised,
        "income": portfolio.income,
        "transferred": portfolio.transferred,
        "currency_effect": portfolio.currency_effect,
        "fees": portfolio.fees,
    }


def _reasons(portfolio: Portfolio) -> dict[str, Reason]:
    reasons = {
        name: portfolio.reasons[part]
        for name, part in REASON_OF.items()
        if part in portfolio.reasons
    }
    reasons["open_orders"] = Reason.NOT_TRACKED
    if portfolio.total_pnl is None:
        why = portfolio.reasons.get("equity", Reason.NO_PRICE)
        reasons["total_pnl"] = portfolio.reasons.get("unrealised", why)
    for name, value in _parts(portfolio).items():
        if value is None:
            reasons.setdefault(name, portfolio.reasons.get("equity", Reason.NO_FX))
    if portfolio.total_pnl_percent is None:
        reasons["total_pnl_percent"] = reasons.get("total_equity", Reason.NO_CAPITAL)
    return reasons


@dataclass(frozen=True, kw_only=True)
class PositionAnswer(Answer):
    """One open instrument of one book; money in its own currency."""

    id: Annotated[str, "empty as known at a time: such rows are not stored"]
    book: str
    symbol: str
    side: Side
    size: Annotated[Decimal, "shorts negative"]
    entry_price: Annotated[Decimal | None, "without fees"]
    cost: Annotated[Decimal | None, "with fees"]
    current_price: Decimal | None
    price_source: Annotated[str | None, "last_fill: no price is known"]
    price_at: Annotated[datetime | None, "when the price was seen"]
    price_age_seconds: int | None
    market_value: Decimal | None
    currency: str
    weight: Annotated[Decimal | None, "percent of total equity"]
    unrealized_pnl: Decimal | None
    unrealized_pnl_percent: Decimal | None
    strategies: list[str]
    opened_at: datetime
    reason: Annotated[Reason | None, "why a field is null"]

    @classmethod
    def of(cls, row: PositionRow) -> PositionAnswer:
        valued, holding = row.valued, row.valued.holding
        age = valued.price_age
        return cls(
            id=str(row.id or ""),
            book=row.book,
            symbol=row.symbol,
            side=holding.side,
            size=holding.quantity,
            entry_price=exact(holding.entry_price),
            cost=exact(holding.cost),
            current_price=valued.mark.price if valued.mark else None,
            price_source=valued.mark.source if valued.mark else None,
            price_at=valued.mark.at if valued.mark else None,
            price_age_seconds=None if age is None else int(age.total_seconds()),
            market_value=exact(valued.market_value),
            currency=holding.quote,
            weight=exact(row.weight),
            unrealized_pnl=exact(valued.unrealised),
            unrealized_pnl_percent=exact(valued.unrealised_percent),
            strategies=[name or UNASSIGNED for name in row.strategies],
            opened_at=row.opened_at,
            reason=valued.reason,
        )


@dataclass(frozen=True, kw_only=True)
class PositionList(Answer):
    positions: list[PositionAnswer]
    total_count: Annotated[int, "on all pages together"]
    next_cursor: str | None
    timestamp: datetime

    @classmethod
    def of(cls, holdings: Holdings, page: Page[PositionRow]) -> PositionList:
        return cls(
            positions=[PositionAnswer.of(row) for row in page.rows],
            total_count=len(holdings.positions),
            next_cursor=page.next_cursor,
            timestamp=holdings.now,
        )


@dataclass(frozen=True, kw_only=True)
class LotAnswer(Answer):
    """An open lot, with the fill or transfer that opened it."""

    id: str
    book: str
    symbol: str
    side: Literal["long", "short"]
    opened_at: Annotated[datetime, "when it came into this book"]
    acquired_at: Annotated[datetime, "older where it came from an own book"]
    strategy: str
    quantity: Decimal
    remaining_quantity: Decimal
    remaining_amount: Annotated[Decimal, "without fees; shorts: what the sale brought"]
    remaining_fee: Decimal
    trade_id: str | None
    trade_external_id: str | None
    transfer_external_id: str | None
    reason: Annotated[str | None, "missing_cost: the amount is not known"]

    @classmethod
    def of(cls, lot: OpenLot) -> LotAnswer:
        return cls(
            id=f"L-{lot.pk}",
            book=lot.book.name,
            symbol=lot.instrument.symbol,
            side="long" if lot.long else "short",
            opened_at=lot.opened_at,
            acquired_at=lot.acquired_at,
            strategy=lot.strategy or UNASSIGNED,
            quantity=lot.quantity,
            remaining_quantity=lot.remaining_quantity,
            remaining_amount=lot.remaining_amount,
            remaining_fee=lot.remaining_fee,
            trade_id=str(lot.fill.pk) if lot.fill else None,
            trade_external_id=lot.fill.external_id if lot.fill else None,
            transfer_external_id=lot.transfer.external_id if lot.transfer else None,
            reason=lot.reason or None,
        )


@dataclass(frozen=True, kw_only=True)
class LotList(Answer):
    lots: list[LotAnswer]
    next_cursor: str | None
    timestamp: datetime


@dataclass(frozen=True, kw_only=True)
class ShareAnswer(Answer):
    """A position or a balance as a part of total equity."""

    name: str
    kind: Literal["position", "cash"]
    asset_class: str | None
    market_value: Decimal | None
    weight: Annotated[Decimal | None, "percent of total equity"]

    @classmethod
    def of(cls, row: PositionRow | Cash, equity: Decimal | None) -> ShareAnswer:
        if isinstance(row, PositionRow):
            return cls(
                name=row.symbol,
                kind="position",
                asset_class=row.instrument.asset_class or None,
                market_value=exact(row.value),
                weight=exact(row.weight),
            )
        return cls(
            name=row.currency,
            kind="cash",
            asset_class=None,
            market_value=exact(row.value),
            weight=exact(percent_of(row.value, equity)),
        )


@dataclass(frozen=True, kw_only=True)
class AllocationAnswer(Answer):
    """Positions, largest value first, then cash."""

    allocation: list[ShareAnswer]
    base_currency: str | None
    next_cursor: str | None
    timestamp: datetime

    @classmethod
    def of(cls, holdings: Holdings, page: Page[PositionRow | Cash]) -> AllocationAnswer:
        return cls(
            allocation=[ShareAnswer.of(row, holdings.equity) for row in page.rows],
            base_currency=holdings.currency or None,
            next_cursor=page.next_cursor,
            timestamp=holdings.now,
        )

    @staticmethod
    def shares(holdings: Holdings) -> list[PositionRow | Cash]:
        """All of them, of which an answer holds a page."""
        return [*holdings.positions, *(row for row in holdings.cash if row.amount)]


@dataclass(frozen=True, kw_only=True)
class StatsAnswer(Answer):
    """Counts of the books that you may read; prices are everybody's."""

    books: int
    trades: int
    transfers: int
    decisions: int
    open_positions: int
    round_trips: int
    prices: int
    first_trade_at: datetime | None
    last_trade_at: datetime | None
    timestamp: datetime

    @classmethod
    def of(cls, counters: Counters, now: datetime) -> StatsAnswer:
        return cls(**vars(counters), timestamp=now)

"""What is held and what it is worth now: exact, in Decimal, never rounded here.

Signs: a short has a negative quantity and a negative amount, so that one formula
serves both sides: unrealised = quantity x mark − (amount + fee).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, TypeAlias

from kernel.numbers import ZERO
from portfolio.domain.reasons import Reason
from trades.domain.rates import Mark, countable

HUNDRED = Decimal(100)
Side: TypeAlias = Literal["long", "short", "flat"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """The open lots of one instrument, added up. `fee` is the entry fees in the
    quote currency; `unknown_cost` says that a lot came in without its cost."""

    symbol: str
    quote: str
    quantity: Decimal
    amount: Decimal
    fee: Decimal
    unknown_cost: bool = False

    @property
    def cost(self) -> Decimal | None:
        """With fees; negative (net proceeds) for a short; None when unknown."""
        return None if self.unknown_cost else self.amount + self.fee

    @property
    def entry_price(self) -> Decimal | None:
        """Average price without fees."""
        if self.unknown_cost or not self.quantity:
            return None
        return self.amount / self.quantity

    @property
    def side(self) -> Side:
        if not self.quantity:
            return "flat"
        return "short" if self.quantity < 0 else "long"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingValue:
    """A holding at its mark, in the quote currency. None where there is no mark
    (reason no_price) or no cost (missing_cost), or where it is too large to be added
    up (out_of_range)."""

    holding: Holding
    mark: Mark | None = None
    market_value: Decimal | None = None
    unrealised: Decimal | None = None
    unrealised_percent: Decimal | None = None
    price_age: timedelta | None = None
    reason: Reason | None = None


def value(holding: Holding, mark: Mark | None, now: datetime) -> HoldingValue:
    """The holding's worth; unrealised is net of entry fees, percent of cost."""
    if mark is None:
        return HoldingValue(holding=holding, reason=Reason.NO_PRICE)
    market_value = holding.quantity * mark.price
    age = max(now - mark.at, timedelta(0))
    if not countable(market_value):
        return HoldingValue(
            holding=holding, mark=mark, price_age=age, reason=Reason.OUT_OF_RANGE
        )
    cost = holding.cost
    if cost is None:
        return HoldingValue(
            holding=holding,
            mark=mark,
            market_value=market_value,
            price_age=age,
            reason=Reason.MISSING_COST,
        )
    unrealised = market_value - cost
    return HoldingValue(
        holding=holding,
        mark=mark,
        market_value=market_value,
        unrealised=unrealised,
        unrealised_percent=percent_of(unrealised, abs(cost)),
        price_age=age,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Market values by direction and the largest single one, in one currency."""

    long: Decimal
    short: Decimal
    largest: str
    largest_value: Decimal

    @property
    def gross(self) -> Decimal:
        return self.long - self.short

    @property
    def net(self) -> Decimal:
        return self.long + self.short


def exposure(values: Iterable[tuple[str, Decimal]]) -> Exposure:
    """From (symbol, signed market value); `short` is negative or 0."""
    long = short = largest_value = ZERO
    largest = ""
    for symbol, worth in values:
        long += max(worth, ZERO)
        short += min(worth, ZERO)
        if abs(worth) > abs(largest_value):
            largest, largest_value = symbol, worth
    return Exposure(
        long=long, short=short, largest=largest, largest_value=largest_value
    )


def percent_of(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """part / whole x 100; None where either is missing or the whole is not positive:
    nothing is a percentage of a debt."""
    if part is None or whole is None or whole <= 0:
        return None
    return part / whole * HUNDRED


def minus(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    """left − right, or None where either is unknown."""
    return None if left is None or right is None else left - right


def total(values: Iterable[Decimal | None]) -> Decimal | None:
    """The sum, or None as soon as one part is unknown."""
    result = ZERO
    for amount in values:
        if amount is None:
            return None
        result += amount
    return result

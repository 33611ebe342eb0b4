"""A fill as quantities of the base with their amounts in the quote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trades.domain.events import Trade
from trades.domain.lots import MatchKind
from trades.domain.units import share


@dataclass(slots=True, kw_only=True)
class Leg:
    """A part of a fill still to be matched, with its amount and fee."""

    kind: MatchKind = MatchKind.TRADE
    quantity: int
    amount: int
    fee: int

    def take(self, part: int) -> tuple[int, int]:
        """Remove `part` of the quantity; its shares of amount and fee."""
        if part == self.quantity:
            amount, fee = self.amount, self.fee
        else:
            amount = share(self.amount, part, self.quantity)
            fee = share(self.fee, part, self.quantity)
        self.quantity -= part
        self.amount -= amount
        self.fee -= fee
        return amount, fee


def legs_of(fact: Trade) -> list[Leg]:
    """The fill as quantities of the base with their amounts in the quote.

    A base fee on a buy (or a rebate) changes the quantity that arrives, and its
    value moves from the amount to the fee; on a sale it consumes lots besides.
    """
    quantity, amount, fee = fact.quantity, fact.amount, fact.fee
    if fact.as_fee:
        return [Leg(kind=MatchKind.FEE, quantity=quantity, amount=amount, fee=0)]
    if not fact.base_fee:
        return [Leg(quantity=quantity, amount=amount, fee=fee)]
    if fact.buy:
        return [Leg(quantity=quantity - fact.base_fee, amount=amount - fee, fee=fee)]
    if fact.base_fee < 0:
        return [Leg(quantity=quantity + fact.base_fee, amount=amount + fee, fee=fee)]
    return [
        Leg(quantity=quantity, amount=amount, fee=0),
        Leg(kind=MatchKind.FEE, quantity=fact.base_fee, amount=fee, fee=fee),
    ]


def joined(legs: Sequence[Leg]) -> Leg:
    return Leg(
        quantity=sum(leg.quantity for leg in legs),
        amount=sum(leg.amount for leg in legs),
        fee=sum(leg.fee for leg in legs),
    )

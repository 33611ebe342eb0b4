"""What happened to one pair, as the matcher is told: a pair is a book's instrument.

Quantities and amounts are integers of 10^-18 units.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One fill. `amount` and `fee` are in the quote currency, as booked.

    `base_fee` is the part of the fee that was charged in the instrument's own base
    (then `fee` is its value). `reason` is NO_FX where the fee's value is unknown.
    """

    id: int
    at: datetime
    buy: bool
    quantity: int
    amount: int
    fee: int
    base_fee: int = 0
    strategy: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """The instrument itself comes in (quantity > 0) or goes out (< 0).

    `cost` is the stated cost of what comes in, None when nobody said. What goes out
    by an `external` movement realises nothing; by any other (a fee, a tax) its cost
    is lost.
    """

    id: int
    at: datetime
    quantity: int
    cost: int | None = None
    external: bool = True
    strategy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Funding:
    """Cash paid or received for holding the position; part of its round trip."""

    id: int
    at: datetime
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSplit:
    """`numerator` new units for `denominator` old ones."""

    at: datetime
    numerator: int
    denominator: int


Fact: TypeAlias = Trade | Movement | Funding | UnitSplit

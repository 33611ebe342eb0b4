"""What happened to one pair, as the matcher is told: a pair is a book's instrument.

Quantities and amounts are integers of 10^-18 units.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias


@dataclass(slots=True, kw_only=True)  # a frozen one takes three times as long to make
class Trade:
    """One fill. `amount` and `fee` are in the quote currency, as booked.

    `base_fee` is the part of the fee that was charged in the instrument's own base
    (then `fee` is its value). `reason` is NO_FX where the fee's value is unknown.

    `as_fee` says that a fill of another instrument paid (or, as a buy, got back) its
    fee in units of this one: `amount` is what they were worth then. It consumes what
    is held and never opens a short.
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
    as_fee: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TravellingLot:
    """A part of another book's lot on its way: its shares of amount and fee, when it
    was acquired, and why its cost is unknown (then the amount is 0)."""

    quantity: int
    amount: int
    fee: int
    acquired_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """The instrument itself comes in (quantity > 0) or goes out (< 0).

    `cost` is the stated cost of what comes in, None when nobody said. What comes from
    an own book brings its `lots`. What goes out by an `external` movement realises
    nothing; by any other (a fee, a tax) its cost is lost.
    """

    id: int
    at: datetime
    quantity: int
    cost: int | None = None
    external: bool = True
    strategy: str = ""
    lots: tuple[TravellingLot, ...] = ()


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

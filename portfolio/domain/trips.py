"""Round trips: from flat to flat of one book and instrument, net of all fees.

Built from lot movements, so the matching method does not matter: whatever lots a
sale took first, at the end of the trip all are closed and the sum is the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kernel.numbers import ZERO

HUNDRED = Decimal(100)
EVEN = Decimal("1e-12")


@dataclass(frozen=True, slots=True)
class Step:
    """A lot opened (`quantity` away from 0, `cost` with fees), or a match closing
    part of one (`quantity` towards 0, `net` realised, `fee` of both ends), or
    income such as funding (`quantity` 0). `known` is False when the cost is not."""

    at: datetime
    symbol: str
    strategy: str
    fill: int
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    net: Decimal = ZERO
    fee: Decimal = ZERO
    known: bool = True


@dataclass(frozen=True, slots=True)
class Trip:
    """`entry_cost` is what all entries cost with fees (shorts: net proceeds)."""

    symbol: str
    strategy: str
    side: str
    opened_at: datetime
    closed_at: datetime
    quantity: Decimal
    entry_cost: Decimal
    net: Decimal
    fees: Decimal
    fills: int

    @property
    def result(self) -> int:
        """1 won, −1 lost, 0 even (within 1e-12 of the entry cost)."""
        if abs(self.net) <= EVEN * self.entry_cost:
            return 0
        return 1 if self.net > 0 else -1

    @property
    def percent(self) -> Decimal | None:
        return self.net / self.entry_cost * HUNDRED if self.entry_cost else None


class _Open:
    def __init__(self, step: Step) -> None:
        self.first = step
        self.held = self.entered = self.cost = self.net = self.fees = ZERO
        self.fills: set[int] = set()
        self.known = True

    def take(self, step: Step) -> None:
        self.held += step.quantity
        self.net += step.net
        self.fees += step.fee
        self.known = self.known and step.known
        if step.fill:
            self.fills.add(step.fill)
        if step.cost:
            self.entered += abs(step.quantity)
            self.cost += abs(step.cost)

    def closed(self, at: datetime) -> Trip:
        return Trip(
            symbol=self.first.symbol,
            strategy=self.first.strategy,
            side="short" if self.first.quantity < 0 else "long",
            opened_at=self.first.at,
            closed_at=at,
            quantity=self.entered,
            entry_cost=self.cost,
            net=self.net,
            fees=self.fees,
            fills=len(self.fills),
        )


def round_trips(steps: Iterable[Step]) -> list[Trip]:
    """The closed trips, in order of closing, from steps in ledger order.

    A trip with a lot whose cost nobody knows is left out.
    """
    running: dict[str, _Open] = {}
    result: list[Trip] = []
    for step in steps:
        trip = running.get(step.symbol)
        if trip is None:
            if not step.quantity:
                continue  # income while flat belongs to no trip
            trip = running[step.symbol] = _Open(step)
        trip.take(step)
        if not trip.held:
            del running[step.symbol]
            if trip.known:
                result.append(trip.closed(step.at))
    return result

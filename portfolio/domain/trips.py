"""What a closed round trip came to: won, lost or even, and its return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from portfolio.domain.valuation import HUNDRED

EVEN = Decimal("1e-12")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """From flat to flat of one book and instrument, net of all fees and funding.

    `entry_cost` is what all entries cost with fees (shorts: net proceeds).
    """

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

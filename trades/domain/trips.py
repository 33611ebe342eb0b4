"""Round trips, from zero to zero: the same under every cost-basis method."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from trades.domain.lots import LotReason
from trades.domain.units import share


@dataclass(slots=True, eq=False, kw_only=True)
class TripState:
    """One round trip. All numbers are integers of 10^-18 units.

    `basis` is the moving average of what entries cost (with fees; for shorts what
    they brought in net): a transfer takes its share of it out as `moved`.
    """

    long: bool
    opened_at: datetime
    strategy: str = ""
    trade: int | None = None
    closed_at: datetime | None = None
    closed_by: int | None = None
    entry_quantity: int = 0
    entry_amount: int = 0
    exit_quantity: int = 0
    exit_amount: int = 0
    entry_fee: int = 0
    exit_fee: int = 0
    funding: int = 0
    moved: int = 0
    basis: int = 0
    fills: int = 0
    reason: str = ""
    id: int | None = None

    def enter(self, quantity: int, amount: int, fee: int, reason: str) -> None:
        self.entry_quantity += quantity
        self.entry_amount += amount
        self.entry_fee += fee
        self.basis += amount + fee if self.long else amount - fee
        self.reason = self.reason or reason

    def leave(self, part: int, held: int) -> int:
        """The moving-average basis of `part` of `held` units leaves the trip."""
        basis = share(self.basis, part, held) if held else 0
        self.basis -= basis
        return basis

    @property
    def entry_basis(self) -> int:
        """Σ entry cost with fees; for shorts Σ net proceeds."""
        return self.entry_amount + (self.entry_fee if self.long else -self.entry_fee)

    @property
    def net(self) -> int | None:
        """Net of all fees and funding; None where an entry's cost is unknown."""
        if self.reason == LotReason.MISSING_COST:
            return None
        entry = self.entry_basis - self.moved
        gain = self.exit_amount - entry if self.long else entry - self.exit_amount
        return gain - self.exit_fee + self.funding

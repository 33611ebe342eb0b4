"""What facts open and close: lots, and the matches that each realised cent names.

Quantities are never negative; `long` says which way a lot points. For a short lot
`amount` is what its sale brought in. All numbers are integers of 10^-18 units.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trades.domain.events import TravellingLot
from trades.domain.units import share


class LotReason(StrEnum):
    """Why a number is missing or not the whole truth."""

    MISSING_ACQUISITION = "missing_acquisition"
    MISSING_COST = "missing_cost"
    NO_FX = "no_fx"


class MatchKind(StrEnum):
    """What closed a part of a lot; a fee was charged in the base, dust is less than
    the instrument's step."""

    TRADE = "trade"
    FEE = "fee"
    TRANSFER = "transfer"
    DUST = "dust"


@dataclass(slots=True, eq=False, kw_only=True)
class LotState:
    """What one fill or transfer opened, and how much of it is left.

    `trade` or `movement` is the id of the opening fact; `id` is the caller's row.
    `reason` is MISSING_COST (amount unknown, held as 0) or NO_FX (fee unknown).
    `acquired_at` is older than `at` for a lot that came from an own book.
    """

    long: bool
    at: datetime
    quantity: int
    amount: int
    fee: int
    strategy: str = ""
    trade: int | None = None
    movement: int | None = None
    reason: str = ""
    id: int | None = None
    left: int = -1
    amount_left: int = 0
    fee_left: int = 0
    acquired_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.left < 0:
            self.left, self.amount_left = self.quantity, self.amount
            self.fee_left = self.fee

    @property
    def since(self) -> datetime:
        """When it was acquired: the first in is the first out."""
        return self.acquired_at or self.at

    def take(self, part: int) -> tuple[int, int]:
        """Remove `part` of what is left; its shares of amount and fee."""
        if part == self.left:
            amount, fee = self.amount_left, self.fee_left
        else:
            amount = share(self.amount_left, part, self.left)
            fee = share(self.fee_left, part, self.left)
        self.left -= part
        self.amount_left -= amount
        self.fee_left -= fee
        return amount, fee


@dataclass(slots=True, eq=False, kw_only=True)
class LotMatch:
    """A part of a lot (or of nothing) that a fact closed.

    realised = proceeds - cost - fee; `fee` holds `entry_fee` and the exit's share.
    A transfer realises nothing. `cost` and `realised` are None where the cost of the
    lot is unknown, `proceeds` and `realised` where the worth of a fee in kind is.
    """

    kind: MatchKind
    lot: LotState | None = None
    trade: int | None = None
    movement: int | None = None
    at: datetime
    quantity: int
    cost: int | None = 0
    proceeds: int | None = 0
    fee: int = 0
    entry_fee: int = 0
    realised: int | None = 0
    strategy: str
    reason: str = ""


def left_by(matches: Iterable[LotMatch], at: datetime) -> tuple[TravellingLot, ...]:
    """The lots that a movement of `at` took out of its book, in the order in which they
    left; what the book did not have goes at no known cost."""
    return tuple(
        TravellingLot(
            quantity=match.quantity,
            amount=(match.cost or 0) if match.lot else 0,
            fee=match.entry_fee,
            acquired_at=match.lot.since if match.lot else at,
            reason=match.lot.reason if match.lot else LotReason.MISSING_COST,
        )
        for match in matches
        if match.kind is MatchKind.TRANSFER
    )

"""How much of the equity is held, at the end of each day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from kernel.numbers import ZERO
from portfolio.domain.reasons import Reason
from portfolio.domain.statistics import Undefined, floats, mean


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldDay:
    """Market values in one currency: `net` counts shorts against longs, `gross` adds
    them up; None where a day has not been walked since it is told."""

    day: date
    equity: Decimal
    net: Decimal
    gross: Decimal | None

    @property
    def net_share(self) -> Decimal | None:
        return _share(self.net, self.equity)

    @property
    def gross_share(self) -> Decimal | None:
        """The leverage: 1 is all of the equity."""
        return None if self.gross is None else _share(self.gross, self.equity)


def _share(held: Decimal, equity: Decimal) -> Decimal | None:
    """Nothing is a part of a debt, and an empty account holds nothing."""
    if not held:
        return ZERO
    return held / equity if equity > 0 else None


def average(shares: Sequence[Decimal | None]) -> float:
    """Over days, each as long as the others."""
    if not shares:
        raise Undefined(Reason.INSUFFICIENT_DATA)
    known = [share for share in shares if share is not None]
    if len(known) < len(shares):
        raise Undefined(Reason.EQUITY_NON_POSITIVE)
    return mean(floats(known))

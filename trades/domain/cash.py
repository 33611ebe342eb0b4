"""What facts do to cash, and the cash that fills lacked before anybody deposited.

Implied funding (LEDGER.md §4): until the first deposit in the book's base currency,
the cash of that currency that a fill lacks counts as paid in at that fill. Later
deposits repay it first, so that cash and equity are what was really paid in. Any other
currency may be owed.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from kernel.numbers import ZERO


class CashMove(NamedTuple):
    """One change of one currency's cash: by a fill, a deposit, or anything else."""

    currency: str
    amount: Decimal
    by_fill: bool = False
    deposited: bool = False


def fill_moves(
    *,
    buy: bool,
    amount: Decimal,
    fee: Decimal,
    fee_currency: str,
    base: str,
    quote: str,
    fee_in_kind: bool = False,
) -> list[CashMove]:
    """The quote leg of a fill, and its fee unless that was taken from the
    instrument itself or, `fee_in_kind`, from lots of another. In one currency they are
    one move: a rebate lessens what the fill lacks."""
    leg = -amount if buy else amount
    if not fee or fee_currency == base or fee_in_kind:
        return [CashMove(quote, leg, by_fill=True)]
    if fee_currency == quote:
        return [CashMove(quote, leg - fee, by_fill=True)]
    return [
        CashMove(quote, leg, by_fill=True),
        CashMove(fee_currency, -fee, by_fill=True),
    ]


@dataclass(slots=True, kw_only=True)
class ImpliedFunding:
    """Cash in the book's base currency while its facts pass in their order.

    `moved` is what the facts themselves came to, `implied` what stands in for cash
    that fills lacked and no deposit has repaid. After the first deposit
    (`deposited`) nothing more is implied.
    """

    moved: Decimal = ZERO
    implied: Decimal = ZERO
    deposited: bool = False

    def apply(self, move: CashMove) -> Decimal:
        """Pass on a move; by how much it changed what is implied (negative: repaid)."""
        self.moved += move.amount
        change = ZERO
        if move.deposited and move.amount > 0:
            self.deposited = True
            change = -min(self.implied, move.amount)
        elif move.by_fill and not self.deposited:
            change = max(ZERO, -(self.moved + self.implied))
        self.implied += change
        return change

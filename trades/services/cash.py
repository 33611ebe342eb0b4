"""What a booking changes of a book's balances: cash, realised and fees by currency."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from kernel.numbers import ZERO
from trades.models import Balance, Book, Fill, Instrument, Transfer


@dataclass
class BalanceChange:
    """What one booking changes of a currency's balance."""

    cash: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    realised_missing: int = 0
    fees_missing: int = 0


@dataclass
class BalanceChanges:
    """Balance changes by currency."""

    by_currency: dict[str, BalanceChange] = field(
        default_factory=lambda: defaultdict(BalanceChange)
    )

    def fill(self, fill: Fill, instrument: Instrument, sign: int = 1) -> None:
        """Add what the fill moves; with sign -1 take it back."""
        quote = self.by_currency[instrument.quote]
        leg = -fill.amount if fill.side == Fill.Side.BUY else fill.amount
        quote.cash += sign * leg
        if fill.fee_value is None:
            quote.fees_missing += sign
        else:
            quote.fees += sign * fill.fee_value
        if fill.fee and fill.fee_currency != instrument.base:
            self.by_currency[fill.fee_currency].cash -= sign * fill.fee

    def transfer(self, transfer: Transfer, sign: int = 1) -> None:
        if not transfer.moves_instrument:
            self.by_currency[transfer.asset].cash += sign * transfer.amount

    def matched(self, realised: Decimal | None, quote: str, sign: int = 1) -> None:
        if realised is None:
            self.by_currency[quote].realised_missing += sign
        else:
            self.by_currency[quote].realised += sign * realised


def save_balances(book: Book, changes: BalanceChanges) -> None:
    """Add the changes to the book's balances. One query each, plus one to read."""
    rows = {
        row.currency: row
        for row in Balance.objects.filter(
            book=book, currency__in=list(changes.by_currency)
        )
    }
    for currency, change in sorted(changes.by_currency.items()):
        row = rows.get(currency) or Balance(book=book, currency=currency)
        row.cash += change.cash
        row.realised += change.realised
        row.fees += change.fees
        row.realised_missing += change.realised_missing
        row.fees_missing += change.fees_missing
        row.save()

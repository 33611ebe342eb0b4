"""What a booking changes of a book's balances: cash, realised and fees by currency."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from operator import itemgetter

from kernel.numbers import ZERO
from trades.domain.cash import CashMove, ImpliedFunding, fill_moves
from trades.models import Balance, Book, Fill, Instrument, Transfer
from trades.queries.assets import BookAssets
from trades.queries.cash import (
    Place,
    first_deposit,
    implied_funding,
    is_newest,
    place_of,
    transfer_move,
)


@dataclass
class BalanceChange:
    """What one booking changes of a currency's balance."""

    cash: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    implied: Decimal = ZERO
    realised_missing: int = 0
    fees_missing: int = 0


@dataclass
class BalanceChanges:
    """Balance changes of a book by currency, and the moves of cash behind them with
    their places; `undone` says that moves were taken back, `assets` what moves lots
    instead."""

    book: Book
    assets: BookAssets
    by_currency: dict[str, BalanceChange] = field(
        default_factory=lambda: defaultdict(BalanceChange)
    )
    moves: list[tuple[Place, CashMove]] = field(default_factory=list)
    undone: bool = False

    def fact(self, fact: Fill | Transfer, sign: int = 1) -> None:
        """A fact that came (or, with sign -1, that counts no more)."""
        if isinstance(fact, Fill):
            self.fill(fact, fact.instrument, sign)
        else:
            self.transfer(fact, sign)

    def fill(self, fill: Fill, instrument: Instrument, sign: int = 1) -> None:
        """A fill that came (or, with sign -1, that counts no more)."""
        quote = self.by_currency[instrument.quote]
        if fill.fee_value is None:
            quote.fees_missing += sign
        else:
            quote.fees += sign * fill.fee_value
        place = (fill.executed_at, fill.recorded_at, fill.sequence, fill.id)
        moves = fill_moves(
            buy=fill.side == Fill.Side.BUY,
            amount=fill.amount,
            fee=fill.fee,
            fee_currency=fill.fee_currency,
            base=instrument.base,
            quote=instrument.quote,
            fee_in_kind=self.assets.of_fee(fill) is not None,
        )
        for move in moves:
            self._move(place, move, sign)

    def transfer(self, transfer: Transfer, sign: int = 1) -> None:
        """A transfer that came (or, with sign -1, that counts no more)."""
        if self.assets.of_transfer(transfer) is None:
            self._move(place_of(transfer), transfer_move(self.book, transfer), sign)

    def revalued(self, fill: Fill, value: Decimal | None) -> None:
        """A fill's fee turns out to be worth so much (None: nobody knows), which is
        written into the unsaved fill."""
        quote = self.by_currency[fill.instrument.quote]
        quote.fees += (value or ZERO) - (fill.fee_value or ZERO)
        quote.fees_missing += (value is None) - (fill.fee_value is None)
        fill.fee_value = value

    def turned(self, asset: str, amount: Decimal) -> None:
        """So much of an asset that is not the base currency became cash, or
        (negative) ceased to be."""
        self.by_currency[asset].cash += amount

    def _move(self, place: Place, move: CashMove, sign: int) -> None:
        self.by_currency[move.currency].cash += sign * move.amount
        self.moves.append((place, move))
        self.undone = self.undone or sign < 0

    def matched(self, realised: Decimal | None, quote: str, sign: int = 1) -> None:
        if realised is None:
            self.by_currency[quote].realised_missing += sign
        else:
            self.by_currency[quote].realised += sign * realised


def save_balances(book: Book, changes: BalanceChanges) -> None:
    """Add the changes to the book's balances, implied funding included. The facts
    behind them are stored already, all that this transaction adds at once."""
    rows = {row.currency: row for row in Balance.objects.filter(book=book)}
    own = rows.get(book.base_currency) or Balance(
        book=book, currency=book.base_currency
    )
    implied = _implied(book, changes, own) - own.implied
    if implied:
        changes.by_currency[book.base_currency].implied += implied
    for currency, change in sorted(changes.by_currency.items()):
        row = rows.get(currency) or Balance(book=book, currency=currency)
        row.cash += change.cash
        row.implied += change.implied
        row.realised += change.realised
        row.fees += change.fees
        row.realised_missing += change.realised_missing
        row.fees_missing += change.fees_missing
        row.save()


def _implied(book: Book, changes: BalanceChanges, own: Balance) -> Decimal:
    """The implied funding after the changes; `own` is the balance before them.

    Once cash was deposited nothing more is implied, and deposits repay in any order;
    facts that are the newest go on from the balance; only facts that come late to a
    book without a deposit before them read it from its beginning.
    """
    moves = [
        (place, move)
        for place, move in changes.moves
        if move.currency == book.base_currency
    ]
    known: Decimal = own.implied
    if not moves:
        return known
    earliest = min(place for place, _ in moves)[0]
    recorded = min(place[1] for place, _ in moves)
    deposit = first_deposit(book, recorded)
    funding = ImpliedFunding(
        moved=own.cash, implied=known, deposited=deposit is not None
    )
    deposits = [(place, move) for place, move in moves if move.deposited]
    if deposit is not None and deposit < earliest and not (changes.undone and deposits):
        moves = deposits
    elif changes.undone or not is_newest(book, earliest, recorded):
        return implied_funding(book)
    for _, move in sorted(moves, key=itemgetter(0)):
        funding.apply(move)
    return funding.implied

"""What is held now and what it is worth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from django.db.models import QuerySet

from kernel.many_lists import Lists
from kernel.numbers import ZERO
from kernel.paging import ListWalk, Page, newest_first
from kernel.prepared import PreparedQuery
from portfolio.domain import valuation
from portfolio.domain.valuation import (
    Exposure,
    Holding,
    HoldingValue,
    percent_of,
    total,
)
from portfolio.queries.books import Scope
from portfolio.queries.selection import stored_strategy
from trades.domain.rates import Mark
from trades.models import Balance, Instrument, Lot, Position
from trades.queries.known import KnownBook
from trades.queries.marks import position_marks, with_candidates
from trades.queries.rates import Rates

OpenLot: TypeAlias = Lot


@dataclass(frozen=True, kw_only=True)
class PositionRow:
    """One open instrument of one book, all strategies together (or one)."""

    id: int | None  # None as known at a time: such rows are not stored
    book_id: int
    book: str
    instrument: Instrument
    valued: HoldingValue
    opened_at: datetime
    strategies: tuple[str, ...]
    value: Decimal | None  # in the answer's currency
    gain: Decimal | None
    weight: Decimal | None = None

    @property
    def symbol(self) -> str:
        return self.instrument.symbol


@dataclass(frozen=True, kw_only=True)
class Cash:
    """A balance and its worth in the answer's currency (None: no rate). `implied` is
    the part of that worth which fills lacked and nobody deposited."""

    book: str
    currency: str
    amount: Decimal
    value: Decimal | None
    implied: Decimal | None = ZERO


@dataclass(frozen=True, kw_only=True)
class Holdings:
    """Positions, largest value first, and cash. What cannot be known is None."""

    scope: Scope
    now: datetime
    positions: tuple[PositionRow, ...]
    cash: tuple[Cash, ...]
    strategy: str = ""

    @property
    def currency(self) -> str:
        return self.scope.currency

    @property
    def cash_balance(self) -> Decimal | None:
        """Of whole books: no strategy has cash of its own."""
        return None if self.strategy else total(row.value for row in self.cash)

    @property
    def implied_funding(self) -> Decimal | None:
        """The part of cash that fills lacked before the first deposit (LEDGER.md §4)."""
        return None if self.strategy else total(row.implied for row in self.cash)

    @property
    def invested(self) -> Decimal | None:
        """The market value of what is held, shorts negative."""
        return total(position.value for position in self.positions)

    @property
    def equity(self) -> Decimal | None:
        return total((self.cash_balance, self.invested))

    @property
    def unrealised(self) -> Decimal | None:
        return total(position.gain for position in self.positions)

    @property
    def cost(self) -> Decimal | None:
        """What the open lots cost with fees (shorts: brought in), in the answer's
        currency."""
        return total(
            None
            if position.value is None or position.gain is None
            else abs(position.value - position.gain)
            for position in self.positions
        )

    @property
    def exposure(self) -> Exposure | None:
        """None as soon as one position's value is unknown."""
        known = [
            (position.symbol, position.value)
            for position in self.positions
            if position.value is not None
        ]
        whole = len(known) == len(self.positions)
        return valuation.exposure(known) if whole else None

    @property
    def stale(self) -> list[PositionRow]:
        """Positions without a mark, or with one older than a day."""
        return [
            position
            for position in self.positions
            if position.valued.price_age is None or position.valued.price_age.days >= 1
        ]


def holdings(scope: Scope, now: datetime, strategy: str = "") -> Holdings:
    """What these books hold, in a fixed number of queries whatever the number of fills.

    With `strategy` only its positions; cash belongs to whole books and is then
    left out. Weights are parts of the whole books' equity all the same.
    """
    balances = stored_balances(scope)
    return held(scope, now, balances, rates_for(scope, now, balances), strategy)


def stored_balances(scope: Scope) -> list[Balance]:
    if scope.known is not None:
        return [row for known in scope.known.values() for row in known.balances]
    return _balances(scope.ids)


@PreparedQuery
def _balances(book_ids: list[int]) -> QuerySet[Balance]:
    return Balance.objects.filter(book__in=book_ids).select_related("book")


def rates_for(scope: Scope, now: datetime, balances: Sequence[Balance]) -> Rates:
    """What the books' currencies are worth now in the answer's; see
    trades.queries.rates."""
    currencies = {balance.currency for balance in balances}
    currencies |= {book.base_currency for book in scope.books}
    return Rates(now, scope.books, scope.known_at).load(currencies, scope.currency)


def held(
    scope: Scope,
    now: datetime,
    balances: Sequence[Balance],
    rates: Rates,
    strategy: str = "",
) -> Holdings:
    """`holdings` from balances and rates that are loaded already."""
    positions = position_rows(scope, now, rates, strategy)
    cash = tuple(
        Cash(
            book=balance.book.name,
            currency=balance.currency,
            amount=balance.available,
            value=_worth(balance, balance.available, rates, scope.currency),
            implied=_worth(balance, balance.implied, rates, scope.currency),
        )
        for balance in balances
    )
    if strategy:
        whole = held(scope, now, balances, rates).equity
    else:
        rows = tuple(positions)
        whole = Holdings(scope=scope, now=now, positions=rows, cash=cash).equity
    return Holdings(
        scope=scope,
        now=now,
        strategy=strategy,
        positions=tuple(
            replace(position, weight=percent_of(position.value, whole))
            for position in positions
        ),
        cash=() if strategy else cash,
    )


def _worth(
    balance: Balance, amount: Decimal, rates: Rates, target: str
) -> Decimal | None:
    """Nothing is worth nothing in any currency."""
    if not amount:
        return ZERO
    return rates.convert(balance.book_id, amount, balance.currency, target)


def position_rows(
    scope: Scope, now: datetime, rates: Rates, strategy: str = ""
) -> list[PositionRow]:
    """Position rows x marks, largest value first."""
    if scope.known is not None:
        rows, marks = _known_positions(scope.known.values(), strategy)
        return _grouped(rows, marks, now, rates, scope)
    positions = _positions(scope.ids, now)
    if strategy:
        wanted = stored_strategy(strategy)
        positions = [row for row in positions if row.strategy == wanted]
    return _grouped(positions, position_marks(positions, now), now, rates, scope)


@PreparedQuery
def _positions(book_ids: list[int], now: datetime) -> QuerySet[Position]:
    stored = Position.objects.filter(book__in=book_ids)
    stored = stored.select_related("instrument", "book").order_by("id")
    return with_candidates(stored, now)


def _known_positions(
    books: Iterable[KnownBook], strategy: str
) -> tuple[list[Position], dict[tuple[int, int], Mark]]:
    """What was open, and at which marks, as it was known at a time."""
    positions: list[Position] = []
    marks: dict[tuple[int, int], Mark] = {}
    for known in books:
        mine = [
            row
            for row in known.positions()
            if not strategy or row.strategy == stored_strategy(strategy)
        ]
        seen = known.marks({row.instrument.symbol for row in mine}) if mine else {}
        for row in mine:
            if row.instrument.symbol in seen:
                marks[row.book_id, row.instrument_id] = seen[row.instrument.symbol]
        positions += mine
    return positions, marks


def _grouped(
    positions: Iterable[Position],
    marks: Mapping[tuple[int, int], Mark],
    now: datetime,
    rates: Rates,
    scope: Scope,
) -> list[PositionRow]:
    grouped: dict[tuple[int, int], list[Position]] = defaultdict(list)
    for position in positions:
        grouped[position.book_id, position.instrument_id].append(position)
    result = [
        _row(rows, marks.get(pair), now, rates, scope.currency)
        for pair, rows in grouped.items()
    ]
    result.sort(key=lambda row: (-abs(row.value or ZERO), row.symbol))
    return result


def _row(
    positions: Sequence[Position],
    mark: Mark | None,
    now: datetime,
    rates: Rates,
    currency: str,
) -> PositionRow:
    """The strategies' positions in one instrument of one book, added up."""
    first = positions[0]
    quantity = sum((position.quantity for position in positions), ZERO)
    sign = -1 if quantity < 0 else 1
    holding = Holding(
        symbol=first.instrument.symbol,
        quote=first.instrument.quote,
        quantity=quantity,
        amount=sign * sum((position.amount for position in positions), ZERO),
        fee=sum((position.fee for position in positions), ZERO),
        unknown_cost=any(position.missing_quantity for position in positions),
    )
    valued = valuation.value(holding, mark, now)
    return PositionRow(
        id=first.pk,
        book_id=first.book_id,
        book=first.book.name,
        instrument=first.instrument,
        valued=valued,
        opened_at=min(position.opened_at for position in positions),
        strategies=tuple(sorted(position.strategy for position in positions)),
        value=rates.convert(
            first.book_id, valued.market_value, holding.quote, currency
        ),
        gain=rates.convert(first.book_id, valued.unrealised, holding.quote, currency),
    )


def open_lots(
    scope: Scope, book_id: int | None = None, instrument_id: int | None = None
) -> QuerySet[OpenLot]:
    """Open lots with what opened them, the oldest first (the next that a sale
    takes under FIFO)."""
    lots = Lot.objects.filter(book__in=scope.ids, remaining_quantity__gt=ZERO)
    if book_id is not None:
        lots = lots.filter(book=book_id)
    if instrument_id is not None:
        lots = lots.filter(instrument=instrument_id)
    return lots.select_related("instrument", "book", "fill", "transfer").order_by(
        "acquired_at", "id"
    )


def lot_page(
    scope: Scope, symbol: str, *, limit: int, cursor: str = ""
) -> Page[OpenLot]:
    """`lots_asked`, what was opened last first. One query, two with a symbol.

    Raises BadRequest for a cursor that is not ours.
    """
    lots, index = open_lots(scope), "trades_lot_newest"
    if symbol:
        named = Instrument.objects.filter(symbol=symbol).values_list("pk", flat=True)
        lots = lots.filter(instrument__in=list(named))
        index = "trades_lot_newest_of"
    lists = Lists("book", scope.ids, index)
    return newest_first(
        lots,
        field="opened_at",
        limit=limit,
        cursor=cursor,
        walk=ListWalk(by_index=lots, lists=lists),
    )


def lots_asked(scope: Scope, symbol: str) -> QuerySet[OpenLot]:
    """The open lots of these books, of one symbol where one is named."""
    lots = open_lots(scope)
    return lots.filter(instrument__symbol=symbol) if symbol else lots

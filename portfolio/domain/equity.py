"""The walk through a book's history: what it was worth at each of a list of times.

Facts and lot movements go in, in order of time; one Cut per time comes out. The
same walk serves day ends (the stored curve) and any finer interval.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from kernel.numbers import ZERO, rounded
from trades.domain.cash import CashMove, ImpliedFunding
from trades.domain.marks import Marks
from trades.domain.rates import countable

Slice = tuple[str, str]  # symbol, strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened: what it did to lots, cash, flows and income.

    `quantity` and `cost` (amount + fee, signed as the quantity) are changes of
    the open lots of (symbol, strategy); `realised` what a match brought;
    `income` (dividends, funding, minus costs; of `currency`) belongs to the slice
    as well; without a symbol to the book. `split` multiplies what is held.
    `cash` moves balances, `by_fill` or because it was `deposited` (see
    trades.domain.cash). `external` is cash from or to outside, of `currency`;
    `in_kind` says that `quantity` itself came from or went outside: a flow at its
    mark, by which the slice neither wins nor loses; `unit` is what one unit was worth
    then, where that is known. `between` is the id of a movement whose other side is an
    own book, which an answer that holds both does not count as a flow.
    """

    at: datetime
    symbol: str = ""
    strategy: str = ""
    currency: str = ""
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    income: Decimal = ZERO
    cash: Decimal = ZERO
    external: Decimal = ZERO
    by_fill: bool = False
    deposited: bool = False
    in_kind: bool = False
    between: int | None = None
    unit: Decimal | None = None
    split: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The book at one time, in its base currency, and what came since the last.

    `slices` is the P&L since the last cut by (symbol, strategy), zeros left out.
    `between` is the part of inflow less outflow that came from own books, by movement.
    `unvalued` counts holdings and balances without a price or rate, or beyond what
    can be added up: they are in no total. `gross` adds up what is held of each symbol, whichever way it points.
    """

    at: datetime
    equity: Decimal
    cash: Decimal
    gross: Decimal
    inflow: Decimal
    outflow: Decimal
    pnl: Decimal
    slices: Mapping[Slice, Decimal]
    unvalued: int
    between: Mapping[int, Decimal] = field(default_factory=dict)


@dataclass
class SliceState:
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    earned: Decimal = ZERO  # realised and income since the beginning


@dataclass(kw_only=True)
class Walk:
    """The state while walking. `quotes` says in what each symbol is quoted; `cash`
    holds implied funding too.
    """

    base: str
    quotes: Mapping[str, str]
    marks: Marks
    held: dict[Slice, SliceState] = field(
        default_factory=lambda: defaultdict(SliceState)
    )
    cash: dict[str, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    funding: ImpliedFunding = field(default_factory=ImpliedFunding)
    inflow: Decimal = ZERO
    outflow: Decimal = ZERO
    between: dict[int, Decimal] = field(default_factory=dict)
    equity: Decimal = ZERO  # at the last cut, as what each slice had earned by then
    earned: dict[Slice, Decimal] = field(default_factory=dict)
    _waiting: list[Entry] = field(default_factory=list)

    @property
    def waits(self) -> bool:
        """Whether something came or went in kind that nobody has priced yet."""
        return bool(self._waiting)

    def apply(self, entry: Entry) -> None:
        if entry.split is not None:
            self._split(entry.symbol, entry.split)
        elif entry.symbol or entry.income:
            held = self.held[entry.symbol, entry.strategy]
            held.quantity += entry.quantity
            held.cost += entry.cost
            held.earned += entry.realised + self._income(entry)
        if entry.external:
            self._flow(entry, entry.external, entry.currency, entry.at)
        if entry.cash:
            self._move_cash(entry)
        if entry.in_kind:
            self._flow_in_kind(entry, entry.at)
        elif entry.between is not None:
            # Nothing was there to leave, yet the other side is no flow either.
            self.between.setdefault(entry.between, ZERO)

    def _split(self, symbol: str, ratio: Fraction) -> None:
        for key, held in self.held.items():
            if key[0] == symbol:
                many = held.quantity * ratio.numerator / ratio.denominator
                held.quantity = rounded(many)

    def _quote(self, symbol: str) -> str:
        return self.quotes.get(symbol, self.base)

    def _income(self, entry: Entry) -> Decimal:
        """In the slice's own currency, at the rate of its time."""
        if not entry.income:
            return ZERO
        quote = self._quote(entry.symbol)
        rate = self.marks.rate(entry.currency, quote, entry.at)
        return _counted(entry.income, rate) or ZERO

    def _flow(self, entry: Entry, amount: Decimal, currency: str, at: datetime) -> None:
        worth = _counted(amount, self.marks.rate(currency, self.base, at)) or ZERO
        if entry.between is not None:
            so_far = self.between.get(entry.between, ZERO)
            self.between[entry.between] = so_far + worth
        if worth > 0:
            self.inflow += worth
        else:
            self.outflow -= worth

    def _flow_in_kind(self, entry: Entry, at: datetime) -> None:
        """An instrument that nobody has priced yet becomes a flow when it is."""
        price = self.marks.at(entry.symbol, at)
        unit = price if entry.unit is None or price is None else entry.unit
        worth = None if unit is None else _counted(entry.quantity, unit)
        if worth is None:
            self._waiting.append(entry)
            return
        self._flow(entry, worth, self._quote(entry.symbol), at)
        self.held[entry.symbol, entry.strategy].earned += entry.cost - worth

    def _move_cash(self, entry: Entry) -> None:
        """Implied funding comes in; what a deposit repays of it is no inflow of that
        deposit (it came in before)."""
        self.cash[entry.currency] += entry.cash
        if entry.currency == self.base:
            implied = self.funding.apply(
                CashMove(self.base, entry.cash, entry.by_fill, entry.deposited)
            )
            self.cash[self.base] += implied
            self.inflow += implied

    def _worth(self, symbol: str, at: datetime) -> Decimal | None:
        """The price of one unit in the base currency."""
        price = self.marks.at(symbol, at)
        rate = self.marks.rate(self._quote(symbol), self.base, at)
        return None if price is None or rate is None else price * rate

    def values(self, at: datetime) -> WalkValues:
        """What all of it is worth at that time."""
        waiting, self._waiting = self._waiting, []
        for entry in waiting:
            self._flow_in_kind(entry, at)
        unvalued = 0
        cash = ZERO
        positions: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for currency, amount in self.cash.items():
            rate = self.marks.rate(currency, self.base, at) if amount else ZERO
            counted = _counted(amount, rate)
            unvalued += counted is None
            cash += counted or ZERO
        earned: dict[Slice, Decimal] = {}
        for key, held in self.held.items():
            rate = self.marks.rate(self._quote(key[0]), self.base, at)
            worth = self._worth(key[0], at) if held.quantity else ZERO
            market_value = _counted(held.quantity, worth)
            gain = _counted(held.earned - held.cost, rate)
            if market_value is None or gain is None:
                unvalued += 1
                continue
            positions[key[0]] += market_value
            earned[key] = market_value + gain
        return WalkValues(
            cash=cash,
            positions=sum(positions.values(), ZERO),
            gross=sum(map(abs, positions.values()), ZERO),
            earned=earned,
            unvalued=unvalued,
        )


def _counted(amount: Decimal, rate: Decimal | None) -> Decimal | None:
    """What an amount is worth; None where there is no rate, or nothing that sums could
    count with."""
    worth = None if rate is None else amount * rate
    return worth if worth is not None and countable(worth) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkValues:
    """`earned` is the P&L since the beginning by slice."""

    cash: Decimal
    positions: Decimal
    gross: Decimal
    earned: Mapping[Slice, Decimal]
    unvalued: int

    @property
    def equity(self) -> Decimal:
        return self.cash + self.positions


def walk(entries: Sequence[Entry], cuts: Sequence[datetime], state: Walk) -> list[Cut]:
    """The book at each of `cuts` (ascending), from entries in order of time.

    An entry belongs to the first cut that is not before it.
    """
    return list(walked(entries, cuts, state))


def walked(
    entries: Sequence[Entry], cuts: Sequence[datetime], state: Walk
) -> Iterator[Cut]:
    """`walk`, one cut after the other: in between, `state` is that of the last."""
    position = 0
    for at in cuts:
        state.inflow = state.outflow = ZERO
        state.between = {}
        while position < len(entries) and entries[position].at <= at:
            state.apply(entries[position])
            position += 1
        values = state.values(at)
        cut = Cut(
            at=at,
            equity=values.equity,
            cash=values.cash,
            gross=values.gross,
            inflow=state.inflow,
            outflow=state.outflow,
            pnl=values.equity + state.outflow - state.equity - state.inflow,
            slices=_changes(state.earned, values.earned),
            unvalued=values.unvalued,
            between=state.between,
        )
        state.equity, state.earned = values.equity, {**state.earned, **values.earned}
        yield cut


def _changes(
    before: Mapping[Slice, Decimal], after: Mapping[Slice, Decimal]
) -> dict[Slice, Decimal]:
    """What each slice earned in between; one without a value now earned nothing."""
    changes = {key: after[key] - before.get(key, ZERO) for key in after}
    return {key: change for key, change in changes.items() if change}

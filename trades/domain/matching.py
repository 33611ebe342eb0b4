"""Which fills paid each realised cent: lots, matches and round trips of one pair.

A pair is one book and one instrument. Its facts come in order of (time, sequence,
external id); what comes out depends on nothing else, so a rebuild gives the same.

Arithmetic is in Python integers scaled by 10^18. Nothing here multiplies a price:
lots and matches hold shares of amounts that were rounded once, at booking. A share
is half-even and the last one takes the residual, so a closed lot has cost 0 exactly.

Quantities are never negative; `long` says which way a lot or a trip points. For a
short lot `amount` is what its sale brought in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

DIGITS = 18
SCALE = 10**DIGITS
DUST = 10 ** (DIGITS - 12)
METHODS = ("fifo",)
MISSING_ACQUISITION = "missing_acquisition"
MISSING_COST = "missing_cost"
NO_FX = "no_fx"


def units(number: Decimal) -> int:
    """The number in 10^-18 units; exact for what the ledger can hold."""
    return int(number.scaleb(DIGITS))


def number(scaled: int) -> Decimal:
    """The Decimal of so many 10^-18 units."""
    return Decimal(scaled).scaleb(-DIGITS)


def share(total: int, part: int, whole: int) -> int:
    """total x part / whole, half-even; `whole` is positive."""
    quotient, rest = divmod(total * part, whole)
    twice = 2 * rest
    return quotient + (twice > whole or (twice == whole and quotient & 1))


# --- facts -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Trade:
    """One fill. `amount` and `fee` are in the quote currency, as booked.

    `base_fee` is the part of the fee that was charged in the instrument's own base
    (then `fee` is its value). `reason` is NO_FX where the fee's value is unknown.
    """

    id: int
    at: datetime
    buy: bool
    quantity: int
    amount: int
    fee: int
    base_fee: int = 0
    strategy: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Movement:
    """The instrument itself comes in (quantity > 0) or goes out (< 0).

    `cost` is the stated cost of what comes in, None when nobody said. What goes out
    by an `external` movement realises nothing; by any other (a fee, a tax) its cost
    is lost.
    """

    id: int
    at: datetime
    quantity: int
    cost: int | None = None
    external: bool = True
    strategy: str = ""


@dataclass(frozen=True, slots=True)
class Funding:
    """Cash paid or received for holding the position; part of its round trip."""

    id: int
    at: datetime
    amount: int


@dataclass(frozen=True, slots=True)
class Split:
    """`numerator` new units for `denominator` old ones."""

    at: datetime
    numerator: int
    denominator: int


Fact = Trade | Movement | Funding | Split


# --- what follows from them ------------------------------------------------


@dataclass(slots=True, eq=False)
class Lot:
    """What one fill or transfer opened, and how much of it is left.

    `trade` or `movement` is the id of the opening fact; `id` is the caller's row.
    `reason` is MISSING_COST (amount unknown, held as 0) or NO_FX (fee unknown).
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

    def __post_init__(self) -> None:
        if self.left < 0:
            self.left, self.amount_left = self.quantity, self.amount
            self.fee_left = self.fee

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


@dataclass(slots=True, eq=False)
class Match:
    """A part of a lot (or of nothing) that a fact closed.

    realised = proceeds - cost - fee; `fee` holds `entry_fee` and the exit's share.
    kind: trade, fee (charged in the base), transfer (realises nothing) or dust.
    `cost` and `realised` are None where the lot's cost is unknown.
    """

    kind: str
    lot: Lot | None
    trade: int | None
    movement: int | None
    at: datetime
    quantity: int
    cost: int | None
    proceeds: int
    fee: int
    entry_fee: int
    realised: int | None
    strategy: str
    reason: str = ""


@dataclass(slots=True, eq=False)
class Trip:
    """One round trip, from zero to zero; the same under every cost-basis method.

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
        if self.reason == MISSING_COST:
            return None
        entry = self.entry_basis - self.moved
        gain = self.exit_amount - entry if self.long else entry - self.exit_amount
        return gain - self.exit_fee + self.funding


@dataclass(slots=True)
class _Leg:
    """A part of a fact still to be matched, with its amount and fee."""

    kind: str
    quantity: int
    amount: int
    fee: int

    def take(self, part: int) -> tuple[int, int]:
        if part == self.quantity:
            amount, fee = self.amount, self.fee
        else:
            amount = share(self.amount, part, self.quantity)
            fee = share(self.fee, part, self.quantity)
        self.quantity -= part
        self.amount -= amount
        self.fee -= fee
        return amount, fee


@dataclass(slots=True)
class Pair:
    """The state of one book and instrument, moved on by `apply`.

    Start it empty, or with the open lots (oldest first) and the open trip of an
    earlier run. `opened`, `matches` and `trips` collect what applying made; lots
    given at the start are changed in place. `dust` is the step of the instrument:
    less than it is not a position.
    """

    allow_short: bool = False
    dust: int = DUST
    lots: deque[Lot] = field(default_factory=deque)
    trip: Trip | None = None
    opened: list[Lot] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)
    trips: list[Trip] = field(default_factory=list)
    held: int = 0

    def __post_init__(self) -> None:
        self.held = sum(lot.left for lot in self.lots)

    @property
    def position(self) -> int:
        """Signed quantity held."""
        return self.held if not self.lots or self.lots[0].long else -self.held

    def apply_all(self, facts: Iterable[Fact]) -> Pair:
        for fact in facts:
            self.apply(fact)
        return self

    def apply(self, fact: Fact) -> None:
        if isinstance(fact, Trade):
            self._trade(fact)
        elif isinstance(fact, Movement):
            self._move(fact)
        elif isinstance(fact, Split):
            self._split(fact)
        elif self.trip is not None:
            self.trip.funding += fact.amount

    # fills ---------------------------------------------------------------

    def _trade(self, fact: Trade) -> None:
        legs = _legs(fact)
        closing = bool(self.lots) and self.lots[0].long != fact.buy
        if closing:
            self._close(fact, legs, long=not fact.buy)
        rest = _Leg(
            "trade",
            sum(leg.quantity for leg in legs),
            sum(leg.amount for leg in legs),
            sum(leg.fee for leg in legs),
        )
        if not rest.quantity:
            if closing:
                self._sweep(fact)
        elif closing and not self.lots and rest.quantity < self.dust:
            self._unmatched(fact, "dust", rest, long=not fact.buy)
        elif fact.buy or self.allow_short:
            self._open(fact, rest, long=fact.buy)
        else:
            self._unmatched(fact, rest.kind, rest, long=True)

    def _close(self, fact: Trade, legs: Sequence[_Leg], *, long: bool) -> None:
        trip = self.trip
        for leg in legs:
            while leg.quantity and self.lots:
                lot = self.lots[0]
                part = min(lot.left, leg.quantity)
                if trip is not None:
                    trip.leave(part, self.held)
                amount, fee = leg.take(part)
                self._take(fact, leg.kind, lot, part, amount, fee)
                if trip is not None:
                    trip.exit_quantity += part
                    trip.exit_amount += amount
                    trip.exit_fee += fee
                    trip.reason = trip.reason or fact.reason
        if trip is not None:
            trip.fills += 1
            if not self.lots:
                self._end(fact)

    def _take(
        self, fact: Trade, kind: str, lot: Lot, part: int, amount: int, fee: int
    ) -> None:
        """Match `part` of the oldest lot with a share of the fact."""
        held, entry_fee = self._shrink(lot, part)
        cost, proceeds = (held, amount) if lot.long else (amount, held)
        unknown = lot.reason == MISSING_COST
        total = entry_fee + fee
        self.matches.append(
            Match(
                kind,
                lot,
                fact.id,
                None,
                fact.at,
                part,
                None if unknown else cost,
                proceeds,
                total,
                entry_fee,
                None if unknown else proceeds - cost - total,
                lot.strategy,
                lot.reason or fact.reason,
            )
        )

    def _shrink(self, lot: Lot, part: int) -> tuple[int, int]:
        amount, fee = lot.take(part)
        self.held -= part
        if not lot.left:
            self.lots.popleft()
        return amount, fee

    def _open(self, fact: Trade, rest: _Leg, *, long: bool) -> None:
        if self.trip is None:
            self.trip = Trip(long, fact.at, fact.strategy, fact.id)
            self.trips.append(self.trip)
        self.trip.fills += 1
        self.trip.enter(rest.quantity, rest.amount, rest.fee, fact.reason)
        self._hold(
            Lot(
                long,
                fact.at,
                rest.quantity,
                rest.amount,
                rest.fee,
                fact.strategy,
                trade=fact.id,
                reason=fact.reason,
            )
        )

    def _hold(self, lot: Lot) -> None:
        self.lots.append(lot)
        self.opened.append(lot)
        self.held += lot.left

    def _unmatched(self, fact: Trade, kind: str, rest: _Leg, *, long: bool) -> None:
        """Closed without a lot: sold what nobody bought, or a crumb too much."""
        cost, proceeds = (0, rest.amount) if long else (rest.amount, 0)
        self.matches.append(
            Match(
                kind,
                None,
                fact.id,
                None,
                fact.at,
                rest.quantity,
                cost,
                proceeds,
                rest.fee,
                0,
                proceeds - cost - rest.fee,
                fact.strategy,
                "" if kind == "dust" else MISSING_ACQUISITION,
            )
        )

    def _sweep(self, fact: Trade | Movement) -> None:
        """What is left after a closing fact and below the step is dust: its cost
        joins realised (a short's proceeds too)."""
        if not 0 < self.held < self.dust:
            return
        while self.lots:
            lot = self.lots[0]
            part = lot.left
            amount, fee = self._shrink(lot, part)
            cost, proceeds = (amount, 0) if lot.long else (0, amount)
            unknown = lot.reason == MISSING_COST
            by_trade = isinstance(fact, Trade)
            self.matches.append(
                Match(
                    "dust",
                    lot,
                    fact.id if by_trade else None,
                    None if by_trade else fact.id,
                    fact.at,
                    part,
                    None if unknown else cost,
                    proceeds,
                    fee,
                    fee,
                    None if unknown else proceeds - cost - fee,
                    lot.strategy,
                    lot.reason,
                )
            )
        self._end(fact)

    def _end(self, fact: Trade | Movement) -> None:
        if self.trip is not None:
            self.trip.closed_at = fact.at
            self.trip.closed_by = fact.id if isinstance(fact, Trade) else None
            self.trip.basis = 0
            self.trip = None

    # transfers and splits --------------------------------------------------

    def _move(self, fact: Movement) -> None:
        incoming = fact.quantity > 0
        left, cost = abs(fact.quantity), fact.cost or 0
        closed = False
        while left and self.lots and self.lots[0].long != incoming:
            lot = self.lots[0]
            part = min(lot.left, left)
            cost -= share(cost, part, left)
            self._take_out(fact, lot, part)
            left -= part
            closed = True
        if closed:
            if self.lots:
                self._sweep(fact)
            else:
                self._end(fact)
        if left and incoming:
            self._bring_in(fact, left, cost)
        elif left and not (closed and left < self.dust):
            self.matches.append(
                Match(
                    "transfer" if fact.external else "fee",
                    None,
                    None,
                    fact.id,
                    fact.at,
                    left,
                    0,
                    0,
                    0,
                    0,
                    0,
                    fact.strategy,
                    MISSING_ACQUISITION,
                )
            )

    def _take_out(self, fact: Movement, lot: Lot, part: int) -> None:
        if self.trip is not None:
            basis = self.trip.leave(part, self.held)
            self.trip.exit_quantity += part
            if fact.external:
                self.trip.moved += basis
        amount, fee = self._shrink(lot, part)
        unknown = lot.reason == MISSING_COST
        sign = 1 if lot.long else -1
        cost, proceeds = (amount, 0) if lot.long else (0, amount)
        realised = proceeds - cost - fee
        if fact.external:  # leaves at cost: what it would have realised stays open
            realised = 0
            if lot.long:
                proceeds = amount + sign * fee
            else:
                cost = amount + sign * fee
        self.matches.append(
            Match(
                "transfer" if fact.external else "fee",
                lot,
                None,
                fact.id,
                fact.at,
                part,
                None if unknown else cost,
                proceeds,
                fee,
                fee,
                0 if fact.external else (None if unknown else realised),
                lot.strategy,
                lot.reason,
            )
        )

    def _bring_in(self, fact: Movement, quantity: int, cost: int) -> None:
        reason = MISSING_COST if fact.cost is None else ""
        if self.trip is None:
            self.trip = Trip(True, fact.at, fact.strategy)
            self.trips.append(self.trip)
        self.trip.enter(quantity, cost, 0, reason)
        self._hold(
            Lot(
                True,
                fact.at,
                quantity,
                cost,
                0,
                fact.strategy,
                movement=fact.id,
                reason=reason,
            )
        )

    def _split(self, fact: Split) -> None:
        for lot in self.lots:
            lot.left = share(lot.left, fact.numerator, fact.denominator)
        self.held = sum(lot.left for lot in self.lots)


def _legs(fact: Trade) -> list[_Leg]:
    """The fill as quantities of the base with their amounts in the quote.

    A base fee on a buy (or a rebate) changes the quantity that arrives, and its
    value moves from the amount to the fee; on a sale it consumes lots besides.
    """
    if not fact.base_fee:
        return [_Leg("trade", fact.quantity, fact.amount, fact.fee)]
    if fact.buy:
        quantity, amount = fact.quantity - fact.base_fee, fact.amount - fact.fee
        return [_Leg("trade", quantity, amount, fact.fee)]
    if fact.base_fee < 0:
        quantity, amount = fact.quantity + fact.base_fee, fact.amount + fact.fee
        return [_Leg("trade", quantity, amount, fact.fee)]
    return [
        _Leg("trade", fact.quantity, fact.amount, 0),
        _Leg("fee", fact.base_fee, fact.fee, fact.fee),
    ]

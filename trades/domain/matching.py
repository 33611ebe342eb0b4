"""Which fills paid each realised cent: lots, matches and round trips of one pair.

A pair is one book and one instrument. Its facts come in the order of
trades.domain.ordering; what comes out depends on nothing else, so a rebuild gives
the same.

Arithmetic is in Python integers scaled by 10^18. Nothing here multiplies a price:
lots and matches hold shares of amounts that were rounded once, at booking. A share
is half-even and the last one takes the residual, so a closed lot has cost 0 exactly.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from trades.domain.events import Fact, Movement, Trade, TravellingLot, UnitSplit
from trades.domain.legs import Leg, joined, legs_of
from trades.domain.lots import LotMatch, LotReason, LotState, MatchKind
from trades.domain.trips import TripState
from trades.domain.units import DIGITS, share

DUST = 10 ** (DIGITS - 12)


@dataclass(slots=True, kw_only=True)
class Pair:
    """The state of one book and instrument, moved on by `apply`.

    Start it empty, or with the open lots (oldest first) and the open trip of an
    earlier run. Then `held` may be more than these lots hold: as long as the facts
    reach no further, the younger ones need not be there. `opened`, `matches` and
    `trips` collect what applying made; lots given at the start are changed in place.
    `dust` is the step of the instrument: less than it is not a position.
    """

    allow_short: bool = False
    dust: int = DUST
    lots: deque[LotState] = field(default_factory=deque)
    trip: TripState | None = None
    opened: list[LotState] = field(default_factory=list)
    matches: list[LotMatch] = field(default_factory=list)
    trips: list[TripState] = field(default_factory=list)
    held: int = 0
    long: bool = True

    def __post_init__(self) -> None:
        if self.lots:
            self.held = self.held or sum(lot.left for lot in self.lots)
            self.long = self.lots[0].long

    @property
    def position(self) -> int:
        """Signed quantity held."""
        return self.held if self.long else -self.held

    def reach(self, facts: Iterable[Fact]) -> int:
        """At most how much of what is held these facts can close or sweep: the
        quantities of the other side, and dust. A fee in kind closes besides."""
        reached = self.dust
        for fact in facts:
            if isinstance(fact, Trade):
                against = self.long != fact.buy
                reached += (fact.quantity if against else 0) + abs(fact.base_fee)
            elif isinstance(fact, Movement) and self.long != (fact.quantity > 0):
                reached += abs(fact.quantity)
        return reached

    def apply_all(self, facts: Iterable[Fact]) -> Pair:
        for fact in facts:
            self.apply(fact)
        return self

    def apply(self, fact: Fact) -> None:
        if isinstance(fact, Trade):
            self._trade(fact)
        elif isinstance(fact, Movement):
            self._move(fact)
        elif isinstance(fact, UnitSplit):
            self._split(fact)
        elif self.trip is not None:
            self.trip.funding += fact.amount

    # fills ---------------------------------------------------------------

    def _trade(self, fact: Trade) -> None:
        legs = legs_of(fact)
        closing = self.held > 0 and self.long != fact.buy
        if closing:
            self._close(fact, legs)
        rest = legs[0] if len(legs) == 1 else joined(legs)
        if not rest.quantity:
            if closing:
                self._sweep(fact)
        elif closing and not self.held and rest.quantity < self.dust:
            rest.kind = MatchKind.DUST
            self._unmatched(fact, rest, long=not fact.buy)
        elif fact.buy or (self.allow_short and not fact.as_fee):
            self._open(fact, rest, long=fact.buy)
        else:
            self._unmatched(fact, rest, long=True)

    def _close(self, fact: Trade, legs: Sequence[Leg]) -> None:
        trip = self.trip
        for leg in legs:
            while leg.quantity and self.held:
                lot = self.lots[0]
                part = min(lot.left, leg.quantity)
                if trip is not None:
                    trip.leave(part, self.held)
                amount, fee = leg.take(part)
                held, entry_fee = self._shrink(lot, part)
                cost, proceeds = (held, amount) if lot.long else (amount, held)
                self._match(
                    fact,
                    kind=leg.kind,
                    lot=lot,
                    quantity=part,
                    cost=cost,
                    proceeds=proceeds,
                    fee=entry_fee + fee,
                    entry_fee=entry_fee,
                    reason=lot.reason or fact.reason,
                )
                if trip is not None:
                    trip.exit_quantity += part
                    trip.exit_amount += amount
                    trip.exit_fee += fee
                    trip.reason = trip.reason or fact.reason
        if trip is not None:
            trip.fills += 1
            if not self.held:
                self._end(fact)

    def _shrink(self, lot: LotState, part: int) -> tuple[int, int]:
        amount, fee = lot.take(part)
        self.held -= part
        if not lot.left:
            self.lots.popleft()
        return amount, fee

    def _match(
        self,
        fact: Trade | Movement,
        *,
        kind: MatchKind,
        lot: LotState | None,
        quantity: int,
        cost: int = 0,
        proceeds: int = 0,
        fee: int = 0,
        entry_fee: int = 0,
        reason: str = "",
    ) -> None:
        """Keep a match. A transfer realises nothing; a lot of unknown cost, or a fee
        in kind of unknown worth, nothing that is known."""
        by_trade = isinstance(fact, Trade)
        unknown = lot is not None and lot.reason == LotReason.MISSING_COST
        unpriced = isinstance(fact, Trade) and fact.as_fee and bool(fact.reason)
        realised = None if unknown or unpriced else proceeds - cost - fee
        self.matches.append(
            LotMatch(
                kind=kind,
                lot=lot,
                trade=fact.id if by_trade else None,
                movement=None if by_trade else fact.id,
                at=fact.at,
                quantity=quantity,
                cost=None if unknown else cost,
                proceeds=None if unpriced else proceeds,
                fee=fee,
                entry_fee=entry_fee,
                realised=0 if kind is MatchKind.TRANSFER else realised,
                strategy=fact.strategy if lot is None else lot.strategy,
                reason=reason,
            )
        )

    def _open(self, fact: Trade, rest: Leg, *, long: bool) -> None:
        if self.trip is None:
            self._begin(
                TripState(
                    long=long,
                    opened_at=fact.at,
                    strategy=fact.strategy,
                    trade=fact.id,
                )
            )
        assert self.trip is not None
        self.trip.fills += 1
        self.trip.enter(rest.quantity, rest.amount, rest.fee, fact.reason)
        self._hold(
            LotState(
                long=long,
                at=fact.at,
                quantity=rest.quantity,
                amount=rest.amount,
                fee=rest.fee,
                strategy=fact.strategy,
                trade=fact.id,
                reason=fact.reason,
            )
        )

    def _hold(self, lot: LotState) -> None:
        place = len(self.lots)
        if lot.acquired_at is not None:  # it travelled: some held may be younger
            while place and self.lots[place - 1].since > lot.acquired_at:
                place -= 1
        self.lots.insert(place, lot)
        self.opened.append(lot)
        self.held += lot.left
        self.long = lot.long

    def _unmatched(self, fact: Trade, rest: Leg, *, long: bool) -> None:
        """Closed without a lot: sold what nobody bought, or a crumb too much."""
        cost, proceeds = (0, rest.amount) if long else (rest.amount, 0)
        self._match(
            fact,
            kind=rest.kind,
            lot=None,
            quantity=rest.quantity,
            cost=cost,
            proceeds=proceeds,
            fee=rest.fee,
            reason="" if rest.kind is MatchKind.DUST else LotReason.MISSING_ACQUISITION,
        )

    def _sweep(self, fact: Trade | Movement) -> None:
        """What is left after a closing fact and below the step is dust: its cost
        joins realised (a short's proceeds too)."""
        if not 0 < self.held < self.dust:
            return
        while self.held:
            lot = self.lots[0]
            part = lot.left
            amount, fee = self._shrink(lot, part)
            cost, proceeds = (amount, 0) if lot.long else (0, amount)
            self._match(
                fact,
                kind=MatchKind.DUST,
                lot=lot,
                quantity=part,
                cost=cost,
                proceeds=proceeds,
                fee=fee,
                entry_fee=fee,
                reason=lot.reason,
            )
        self._end(fact)

    def _begin(self, trip: TripState) -> None:
        self.trip = trip
        self.trips.append(trip)

    def _end(self, fact: Trade | Movement) -> None:
        if self.trip is not None:
            self.trip.closed_at = fact.at
            self.trip.closed_by = fact.id if isinstance(fact, Trade) else None
            self.trip.basis = 0
            self.trip = None

    # transfers and splits --------------------------------------------------

    def _move(self, fact: Movement) -> None:
        if fact.quantity < 0:
            self._send(fact)
            return
        for part in fact.lots or (_stated(fact),):
            self._receive(fact, part)

    def _send(self, fact: Movement) -> None:
        left = self._close_by(fact, -fact.quantity)
        if left:  # nobody brought it in, or it is a crumb too much
            crumb = left < -fact.quantity and left < self.dust
            self._match(
                fact,
                kind=MatchKind.DUST if crumb else _kind(fact),
                lot=None,
                quantity=left,
                reason="" if crumb else LotReason.MISSING_ACQUISITION,
            )

    def _receive(self, fact: Movement, part: TravellingLot) -> None:
        left = self._close_by(fact, part.quantity)
        if left == part.quantity:
            self._bring_in(fact, part)
        elif left:
            amount = share(part.amount, left, part.quantity)
            fee = share(part.fee, left, part.quantity)
            self._bring_in(fact, replace(part, quantity=left, amount=amount, fee=fee))

    def _close_by(self, fact: Movement, quantity: int) -> int:
        """Take lots of the other side out; how much of the quantity is left."""
        incoming, left = fact.quantity > 0, quantity
        while left and self.held and self.long != incoming:
            part = min(self.lots[0].left, left)
            self._take_out(fact, self.lots[0], part)
            left -= part
        if left < quantity:
            if self.held:
                self._sweep(fact)
            else:
                self._end(fact)
        return left

    def _take_out(self, fact: Movement, lot: LotState, part: int) -> None:
        if self.trip is not None:
            basis = self.trip.leave(part, self.held)
            self.trip.exit_quantity += part
            if fact.external:
                self.trip.moved += basis
        amount, fee = self._shrink(lot, part)
        cost, proceeds = (amount, 0) if lot.long else (0, amount)
        if fact.external:  # leaves at cost: what it would have realised stays open
            if lot.long:
                proceeds = amount + fee
            else:
                cost = amount - fee
        self._match(
            fact,
            kind=_kind(fact),
            lot=lot,
            quantity=part,
            cost=cost,
            proceeds=proceeds,
            fee=fee,
            entry_fee=fee,
            reason=lot.reason,
        )

    def _bring_in(self, fact: Movement, part: TravellingLot) -> None:
        if self.trip is None:
            self._begin(TripState(long=True, opened_at=fact.at, strategy=fact.strategy))
        assert self.trip is not None
        self.trip.enter(part.quantity, part.amount, part.fee, part.reason)
        self._hold(
            LotState(
                long=True,
                at=fact.at,
                quantity=part.quantity,
                amount=part.amount,
                fee=part.fee,
                strategy=fact.strategy,
                movement=fact.id,
                reason=part.reason,
                acquired_at=None if part.acquired_at == fact.at else part.acquired_at,
            )
        )

    def _split(self, fact: UnitSplit) -> None:
        for lot in self.lots:
            lot.left = share(lot.left, fact.numerator, fact.denominator)
        self.held = sum(lot.left for lot in self.lots)


def _stated(fact: Movement) -> TravellingLot:
    """What comes from outside is one lot at its stated cost."""
    return TravellingLot(
        quantity=fact.quantity,
        amount=fact.cost or 0,
        fee=0,
        acquired_at=fact.at,
        reason=LotReason.MISSING_COST if fact.cost is None else "",
    )


def _kind(fact: Movement) -> MatchKind:
    return MatchKind.TRANSFER if fact.external else MatchKind.FEE

"""A ledger in fractions, written from the rules of the books alone: first in, first
out, nothing rounded. It shares no code with the matcher and answers what must come out.

Parcels are what is open, oldest first, all long or all short. What a fact closes pays
for itself in fractions of the fact, so that the sums are exact.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

ZERO = Fraction(0)
Kind = Literal["fill", "kind_fee", "move", "cost", "split", "funding"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One fact. `quantity` is signed (what comes in is positive); `value` is what was
    paid, received or stated (None: nobody knows), a ratio for a split."""

    kind: Kind
    quantity: Fraction = ZERO
    value: Fraction | None = ZERO
    fee: Fraction = ZERO
    base_fee: Fraction = ZERO
    strategy: str = ""


@dataclass
class Parcel:
    """An open part: signed quantity, what it cost (or brought in, if short) without
    and with fees, per unit."""

    quantity: Fraction
    price: Fraction
    fee: Fraction
    strategy: str
    known: bool = True


@dataclass
class Trip:
    """From zero to zero: cash of its entries and exits, and the average cost of what
    was moved out, which is not lost."""

    entries: Fraction = ZERO
    exits: Fraction = ZERO
    moved: Fraction = ZERO
    basis: Fraction = ZERO
    funding: Fraction = ZERO
    known: bool = True
    closed: bool = False

    @property
    def net(self) -> Fraction:
        return self.exits + self.entries + self.moved + self.funding


@dataclass
class FractionLedger:
    shorts: bool
    dust: Fraction
    parcels: list[Parcel] = field(default_factory=list)
    trips: list[Trip] = field(default_factory=list)
    realised: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    missing: int = 0
    unknown: Fraction = ZERO

    def run(self, rows: list[Row]) -> FractionLedger:
        for row in rows:
            getattr(self, f"_{row.kind}")(row)
        return self

    @property
    def held(self) -> Fraction:
        return sum((parcel.quantity for parcel in self.parcels), ZERO)

    @property
    def cost(self) -> Fraction:
        """Of what is open, with fees; what shorts brought in is negative."""
        return sum(
            (
                p.quantity * p.price + abs(p.quantity) * p.fee
                for p in self.parcels
                if p.known
            ),
            ZERO,
        )

    @property
    def trip(self) -> Trip | None:
        return self.trips[-1] if self.trips and not self.trips[-1].closed else None

    # --- facts -----------------------------------------------------------------------

    def _fill(self, row: Row) -> None:
        """A fee in the base takes from what arrives, or from what is held besides."""
        value = row.value or ZERO
        if row.base_fee and row.quantity > 0:
            self._exchange(row, row.quantity - row.base_fee, value - row.fee, row.fee)
        elif row.base_fee:
            sold = self._close(row, row.quantity, value, ZERO)
            spent = self._close(row, -row.base_fee, row.fee, row.fee)
            left = sold + spent
            worth = sum(
                (
                    amount * part / whole
                    for part, whole, amount in (
                        (sold, row.quantity, value),
                        (spent, -row.base_fee, row.fee),
                    )
                ),
                ZERO,
            )
            closed = left != row.quantity - row.base_fee
            self._rest(row, left, worth, row.fee * spent / -row.base_fee, closed)
        else:
            self._exchange(row, row.quantity, value, row.fee)

    def _exchange(
        self, row: Row, quantity: Fraction, value: Fraction, fee: Fraction
    ) -> None:
        left = self._close(row, quantity, value, fee)
        part = left / quantity
        self._rest(row, left, value * part, fee * part, left != quantity)

    def _rest(
        self, row: Row, left: Fraction, value: Fraction, fee: Fraction, closed: bool
    ) -> None:
        """What a fill closed nothing with: opens, or is a crumb, or was never ours."""
        if not left:
            self._sweep()
            return
        if closed and not self.parcels and abs(left) < self.dust:
            self.realised[row.strategy] += (-value if left > 0 else value) - fee
        elif left < 0 and (not self.shorts or row.kind == "kind_fee"):
            self.missing += 1
            self.realised[row.strategy] += value - fee
        else:
            self._enter(row, left, value, fee)

    def _kind_fee(self, row: Row) -> None:
        """A fee of another fill, paid in this instrument: sold for what it was worth."""
        self._exchange(row, row.quantity, row.value or ZERO, ZERO)

    def _move(self, row: Row) -> None:
        if row.quantity > 0:
            left = self._leave(row.quantity, lost=False)
            if left:
                known = row.value is not None
                value = (row.value or ZERO) * left / row.quantity
                self._enter(row, left, value, ZERO, known=known)
        else:
            self._go(row, lost=False)

    def _cost(self, row: Row) -> None:
        """Coins that a fee or a tax took: what they cost is lost."""
        self._go(row, lost=True)

    def _go(self, row: Row, *, lost: bool) -> None:
        left = self._leave(row.quantity, lost=lost)
        crumb = left != row.quantity and abs(left) < self.dust
        self.missing += bool(left) and not crumb

    def _split(self, row: Row) -> None:
        assert row.value
        for parcel in self.parcels:
            parcel.quantity *= row.value
            parcel.price /= row.value
            parcel.fee /= row.value

    def _funding(self, row: Row) -> None:
        if self.trip:
            self.trip.funding += row.value or ZERO

    # --- parcels ---------------------------------------------------------------------

    def _enter(
        self,
        row: Row,
        quantity: Fraction,
        value: Fraction,
        fee: Fraction,
        *,
        known: bool = True,
    ) -> None:
        size = abs(quantity)
        self.parcels.append(
            Parcel(quantity, value / size, fee / size, row.strategy, known)
        )
        if self.trip is None:
            self.trips.append(Trip())
        trip = self.trips[-1]
        trip.entries += (-value if quantity > 0 else value) - fee
        trip.basis += value + (fee if quantity > 0 else -fee)
        trip.known &= known

    def _take(self, wanted: Fraction) -> list[tuple[Parcel, Fraction]]:
        """The oldest parcels against a signed quantity: (parcel, unsigned part)."""
        taken = []
        left = abs(wanted)
        while left and self.parcels and self.parcels[0].quantity * wanted < 0:
            parcel = self.parcels[0]
            part = min(left, abs(parcel.quantity))
            if self.trip:
                self.trip.basis -= self.trip.basis * part / abs(self.held)
            parcel.quantity += part if parcel.quantity < 0 else -part
            left -= part
            taken.append((parcel, part))
            if not parcel.quantity:
                self.parcels.pop(0)
        return taken

    def _close(
        self, row: Row, quantity: Fraction, value: Fraction, fee: Fraction
    ) -> Fraction:
        """Realise against what is open; the signed rest."""
        taken = self._take(quantity)
        sign = 1 if quantity < 0 else -1
        for parcel, part in taken:
            share = part / abs(quantity)
            gain = sign * (value * share - parcel.price * part)
            self._realise(parcel, gain - parcel.fee * part - fee * share)
            if self.trip:
                self.trip.exits += sign * value * share - fee * share
        self._end()
        return quantity + sign * sum((part for _, part in taken), ZERO)

    def _leave(self, quantity: Fraction, *, lost: bool) -> Fraction:
        """Out at cost, by no fill: nothing is realised unless it is lost."""
        trip = self.trip
        before = trip.basis if trip else ZERO
        direction = 1 if self.held > 0 else -1
        taken = self._take(quantity)
        for parcel, part in taken:
            if lost:
                lost_cost = direction * parcel.price * part + parcel.fee * part
                self._realise(parcel, -lost_cost)
        if trip and taken and not lost:
            trip.moved += direction * (before - trip.basis)
        self._end()
        if taken:
            self._sweep()
        sign = 1 if quantity < 0 else -1
        return quantity + sign * sum((part for _, part in taken), ZERO)

    def _sweep(self) -> None:
        """What is left and smaller than the step is lost, or for a short earned."""
        if 0 < abs(self.held) < self.dust:
            for parcel in self.parcels:
                size = abs(parcel.quantity)
                self._realise(
                    parcel, -parcel.quantity * parcel.price - size * parcel.fee
                )
            self.parcels.clear()
            self._end()

    def _realise(self, parcel: Parcel, gain: Fraction) -> None:
        if parcel.known:
            self.realised[parcel.strategy] += gain
        else:
            self.unknown += 1

    def _end(self) -> None:
        if self.trip and not self.parcels:
            self.trip.closed = True

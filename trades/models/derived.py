"""What follows from the facts: written with them, and equal after a rebuild.

Amounts are shares of the booked amounts of fills (see trades.domain.matching).
A long re-match writes a pair's next `generation` in chunks and switches it in at once
(LEDGER.md §2): `objects` are the rows of the current one, `every` has the others too.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from django.db import models
from django.db.models import Exists, OuterRef, Q

from kernel.fields import ExactDecimalField
from kernel.numbers import ZERO
from trades.domain.lots import LotReason, MatchKind
from trades.models.books import Book, Instrument
from trades.models.facts import Fill, Transfer

Row = TypeVar("Row", bound=models.Model, covariant=True)


def _choices(names: type[StrEnum]) -> list[tuple[str, str]]:
    return [(name.value, name.value.replace("_", " ").title()) for name in names]


class Generation(models.Model):
    """Which lots, matches and trips of a pair count; without a row those of 1.

    `last` is the newest number that was given out, and grows with everything that
    makes what a job is working out void. A pair `waits` while facts of it have yet to
    be matched; it is `littered` while rows of other generations may be there. Where a
    split, or what its facts were worth, makes it wait, the book goes on reading the
    market as it was known at `market_at`: the splits of the symbol, and the worths of
    its facts, until all change at once.
    """

    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="generations")
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="+"
    )
    current = models.PositiveIntegerField(default=1)
    last = models.PositiveIntegerField(default=1)
    waits = models.BooleanField(default=False)
    littered = models.BooleanField(default=False)
    market_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("book", "instrument"), name="trades_generation_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.book_id}/{self.instrument_id}: {self.current}"


class CurrentManager(models.Manager[Row]):
    """The rows that count: none of a generation that is being written or is over."""

    def get_queryset(self) -> models.QuerySet[Row]:
        pair = Generation.objects.filter(
            book=OuterRef("book"), instrument=OuterRef("instrument")
        )
        other = pair.exclude(current=OuterRef("generation"))
        return super().get_queryset().filter(~Exists(other))


class Lot(models.Model):
    """What a fill or a transfer opened, and what is left of it.

    `quantity`, `amount` and `fee` are as opened; `remaining_*` as of now. For a
    short lot the amount is what its sale brought in. With reason missing_cost the
    amount is unknown and held as 0; with no_fx the fee is. `acquired_at` is older
    than `opened_at` where a lot came from an own book: it is sold in its order.
    """

    book = models.ForeignKey(
        Book, on_delete=models.PROTECT, related_name="lots", db_index=False
    )
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    fill = models.ForeignKey(
        Fill, on_delete=models.PROTECT, null=True, blank=True, related_name="lots"
    )
    transfer = models.ForeignKey(
        Transfer,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="lots",
        db_index=False,
    )
    long = models.BooleanField()
    opened_at = models.DateTimeField()
    acquired_at = models.DateTimeField()
    quantity = ExactDecimalField()
    amount = ExactDecimalField()
    fee = ExactDecimalField()
    remaining_quantity = ExactDecimalField()
    remaining_amount = ExactDecimalField()
    remaining_fee = ExactDecimalField()
    strategy = models.CharField(max_length=100, blank=True)
    reason = models.CharField(max_length=20, choices=_choices(LotReason), blank=True)
    generation = models.PositiveIntegerField(default=1)

    objects = CurrentManager["Lot"]()
    every = models.Manager["Lot"]()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(fill__isnull=False) ^ Q(transfer__isnull=False),
                name="trades_lot_one_origin",
            ),
            models.CheckConstraint(
                condition=Q(remaining_quantity__gte=Decimal(0)),
                name="trades_lot_remaining",
            ),
        ]
        indexes = [
            models.Index(
                fields=("book", "instrument", "acquired_at", "id"),
                name="trades_lot_open",
                condition=Q(remaining_quantity__gt=Decimal(0)),
            ),
            models.Index(
                fields=("book", "opened_at", "id"),
                name="trades_lot_newest",
                condition=Q(remaining_quantity__gt=Decimal(0)),
            ),
            models.Index(
                fields=("book", "instrument", "opened_at", "id"),
                name="trades_lot_newest_of",
                condition=Q(remaining_quantity__gt=Decimal(0)),
            ),
            models.Index(
                fields=("book", "instrument", "opened_at"), name="trades_lot_pair"
            ),
            models.Index(
                fields=("transfer",),
                name="trades_lot_transfer",
                condition=Q(transfer__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"L-{self.pk}"


class Match(models.Model):
    """A part of a lot that a fact closed: realised = proceeds - cost - fee.

    `fee` is the entry's share (`entry_fee`) plus the exit's. Without a lot it was
    sold without having been bought (missing_acquisition) or is dust. `cost` and
    `realised` are null where the lot's cost is unknown, `proceeds` and `realised`
    where the worth of a fee in kind is (no_fx). A transfer out realises 0. `strategy`
    is the one that opened the lot.
    """

    Kind = MatchKind

    book = models.ForeignKey(
        Book, on_delete=models.PROTECT, related_name="matches", db_index=False
    )
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    lot = models.ForeignKey(
        Lot, on_delete=models.PROTECT, null=True, blank=True, related_name="matches"
    )
    fill = models.ForeignKey(
        Fill, on_delete=models.PROTECT, null=True, blank=True, related_name="matches"
    )
    transfer = models.ForeignKey(
        Transfer,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="matches",
        db_index=False,
    )
    kind = models.CharField(max_length=8, choices=_choices(MatchKind))
    method = models.CharField(max_length=8, choices=Book.Method)
    quantity = ExactDecimalField()
    cost = ExactDecimalField(null=True, blank=True)
    proceeds = ExactDecimalField(null=True, blank=True)
    fee = ExactDecimalField()
    entry_fee = ExactDecimalField()
    realised = ExactDecimalField(null=True, blank=True)
    strategy = models.CharField(max_length=100, blank=True)
    at = models.DateTimeField()
    reason = models.CharField(max_length=20, choices=_choices(LotReason), blank=True)
    generation = models.PositiveIntegerField(default=1)

    objects = CurrentManager["Match"]()
    every = models.Manager["Match"]()

    class Meta:
        verbose_name_plural = "matches"
        constraints = [
            models.CheckConstraint(
                condition=Q(fill__isnull=False) ^ Q(transfer__isnull=False),
                name="trades_match_one_closer",
            ),
        ]
        indexes = [
            models.Index(fields=("book", "at", "id"), name="trades_match_book"),
            models.Index(
                fields=("book", "reason"),
                name="trades_match_flagged",
                condition=~Q(reason=""),
            ),
            models.Index(
                fields=("book", "instrument", "at", "id"), name="trades_match_pair"
            ),
            models.Index(
                fields=("book", "at"),
                name="trades_match_incomplete",
                condition=~Q(reason=""),
            ),
            models.Index(
                fields=("transfer",),
                name="trades_match_transfer",
                condition=Q(transfer__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.quantity}"


class Position(models.Model):
    """What is open of an instrument for one strategy: the sum of its open lots.

    `quantity` is signed; `amount` and `fee` are those of the open lots (a short's
    amount is what its sales brought in). `missing_quantity` is how much of it has
    no known cost. A closed position has no row.
    """

    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="positions")
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="+"
    )
    strategy = models.CharField(max_length=100, blank=True)
    quantity = ExactDecimalField()
    amount = ExactDecimalField()
    fee = ExactDecimalField()
    missing_quantity = ExactDecimalField(default=ZERO)
    lots = models.PositiveIntegerField()
    opened_at = models.DateTimeField(help_text="its oldest open lot")
    generation = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("book", "instrument", "strategy"), name="trades_position_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.instrument_id}"


class Balance(models.Model):
    """A book's cash in one currency, with what was realised and charged in it.

    `cash` moves by quote legs, fees and transfers of that currency; `implied` is what
    fills lacked of it before the first deposit, and no deposit repaid
    (trades.domain.cash): what is there is both together. `realised` sums
    the matches and `fees` the fee values of fills quoted in it; what is unknown is
    left out and counted (`realised_missing` matches, `fees_missing` fills).
    """

    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="balances")
    currency = models.CharField(max_length=40)
    cash = ExactDecimalField(default=ZERO)
    implied = ExactDecimalField(default=ZERO)
    realised = ExactDecimalField(default=ZERO)
    fees = ExactDecimalField(default=ZERO)
    realised_missing = models.PositiveIntegerField(default=0)
    fees_missing = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("book", "currency")
        constraints = [
            models.UniqueConstraint(
                fields=("book", "currency"), name="trades_balance_currency"
            )
        ]

    def __str__(self) -> str:
        return f"{self.available} {self.currency}"

    @property
    def available(self) -> Decimal:
        """The cash that is there, implied funding included."""
        available: Decimal = self.cash + self.implied
        return available


class RoundTrip(models.Model):
    """From zero to zero of a book's instrument; open while `closed_at` is null.

    Method-independent. `net` is after all fees and its own funding; null while open
    or where an entry's cost is unknown (`reason`). `entry_basis` is Σ entry cost
    with fees, for shorts Σ net proceeds: return = net / entry_basis. `moved` is the
    basis that transfers took out. A crossing ends one and begins the next.
    """

    book = models.ForeignKey(
        Book, on_delete=models.PROTECT, related_name="round_trips", db_index=False
    )
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    long = models.BooleanField()
    strategy = models.CharField(max_length=100, blank=True)
    opened_by = models.ForeignKey(
        Fill, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    closed_by = models.ForeignKey(
        Fill, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    entry_quantity = ExactDecimalField()
    entry_amount = ExactDecimalField()
    entry_fee = ExactDecimalField()
    exit_quantity = ExactDecimalField()
    exit_amount = ExactDecimalField()
    exit_fee = ExactDecimalField()
    entry_basis = ExactDecimalField()
    open_basis = ExactDecimalField()
    funding = ExactDecimalField()
    moved = ExactDecimalField()
    net = ExactDecimalField(null=True, blank=True)
    fills = models.PositiveIntegerField()
    reason = models.CharField(max_length=20, choices=_choices(LotReason), blank=True)
    generation = models.PositiveIntegerField(default=1, db_default=1)

    objects = CurrentManager["RoundTrip"]()
    every = models.Manager["RoundTrip"]()

    class Meta:
        indexes = [
            models.Index(fields=("book", "closed_at", "id"), name="trades_trip_closed"),
            models.Index(
                fields=("book", "instrument", "closed_at"), name="trades_trip_pair"
            ),
        ]

    def __str__(self) -> str:
        return f"{'long' if self.long else 'short'} {self.opened_at:%Y-%m-%d}"

"""What happened in a book. Facts are only ever added; everything else is derived.

`recorded_at` is when we learned of a fact: one value for everything booked together,
taken under the book's lock, always later than the book's last. It makes "as known at"
possible, and puts facts of one time in the order in which they came.
"""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q

from kernel.fields import ExactDecimalField
from kernel.numbers import ZERO
from trades.models.amending import Amendable, FactEvent, FactQuerySet, FactStatus
from trades.models.books import Book, Instrument
from trades.models.decisions import Decision
from trades.models.imports import ImportBatch

# What an external id is compared with: the fact as it came, however it was mended.
ORIGINAL = Q(replaces__isnull=True) & ~Q(status=FactStatus.UNDONE)


class Fill(Amendable):
    """One execution. `amount` = quantity x price and `fee_value` (the fee in the
    quote currency, null where no rate is known) are rounded once, here.

    The row never changes; a mistake is answered by a FillEvent, and `status` and
    `becomes` are the only columns that follow from those.
    """

    Status = FactStatus

    class Side(models.TextChoices):
        BUY = "buy"
        SELL = "sell"

    class Liquidity(models.TextChoices):
        MAKER = "maker"
        TAKER = "taker"

    book = models.ForeignKey(
        Book, on_delete=models.PROTECT, related_name="fills", db_index=False
    )
    external_id = models.CharField(max_length=100)
    order_id = models.CharField(max_length=100, blank=True)
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="fills", db_index=False
    )
    side = models.CharField(max_length=4, choices=Side)
    quantity = ExactDecimalField()
    price = ExactDecimalField()
    amount = ExactDecimalField()
    fee = ExactDecimalField(default=ZERO)
    fee_currency = models.CharField(max_length=40)
    fee_value = ExactDecimalField(null=True, blank=True)
    liquidity = models.CharField(max_length=5, choices=Liquidity, blank=True)
    order_type = models.CharField(max_length=20, blank=True)
    executed_at = models.DateTimeField()
    sequence = models.PositiveIntegerField(default=0)
    # The lots that a specific-lot sale names, a fact of the fill (LEDGER.md §2).
    lot_choice = models.JSONField(null=True, blank=True)
    strategy = models.CharField(max_length=100, blank=True)
    decision = models.ForeignKey(
        Decision,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="fills",
        db_index=False,
    )
    note = models.TextField(blank=True)
    batch = models.ForeignKey(
        ImportBatch,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="fills",
    )
    recorded_at = models.DateTimeField()

    objects = FactQuerySet.as_manager()

    class Meta:
        constraints = [
            # Exchanges repeat their ids across symbols. A correction keeps the id of
            # what it replaces, and an undone file may be imported anew. An id is looked
            # for before its symbol is known.
            models.UniqueConstraint(
                fields=("book", "external_id", "instrument"),
                condition=ORIGINAL,
                name="trades_fill_external",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gt=Decimal(0)), name="trades_fill_quantity"
            ),
            models.CheckConstraint(
                condition=Q(price__gte=Decimal(0)), name="trades_fill_price"
            ),
            models.CheckConstraint(
                condition=Q(side__in=("buy", "sell")), name="trades_fill_side"
            ),
        ]
        indexes = [
            models.Index(fields=("executed_at", "id"), name="trades_fill_time"),
            models.Index(fields=("book", "executed_at", "id"), name="trades_fill_book"),
            models.Index(
                fields=("book", "instrument", "executed_at", "id"),
                name="trades_fill_pair",
            ),
            models.Index(
                fields=("book", "strategy", "executed_at", "id"),
                name="trades_fill_strategy",
            ),
            models.Index(
                fields=("status", "executed_at", "id"),
                name="trades_fill_changed",
                condition=~Q(status="booked"),
            ),
            models.Index(
                fields=("book", "fee_currency", "executed_at"), name="trades_fill_fee"
            ),
            models.Index(
                fields=("decision",),
                name="trades_fill_decision",
                condition=Q(decision__isnull=False),
            ),
            models.Index(
                fields=("book", "executed_at"),
                name="trades_fill_unvalued",
                condition=Q(fee_value__isnull=True),
            ),
            models.Index(
                fields=("book", "id"),
                name="trades_fill_waiting",
                condition=~Q(becomes=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.external_id}: {self.side} {self.quantity}"

    @property
    def fee_is_foreign(self) -> bool:
        """Whether the fee was charged in something that is neither quote nor base: its
        worth is a Valuation. Costs a query when the instrument is not loaded."""
        if not self.fee:
            return False
        instrument = self.instrument
        return self.fee_currency not in (instrument.quote, instrument.base)


class FillEvent(FactEvent):
    """A correction or void of a fill; the fill itself stays as it was."""

    fill = models.ForeignKey(Fill, on_delete=models.PROTECT, related_name="events")

    class Meta:
        ordering = ("fill", "recorded_at", "id")

    def __str__(self) -> str:
        return f"{self.kind} {self.fill_id}"


class Transfer(Amendable):
    """A movement of cash, or of lots of an instrument: trades.queries.assets says which.
    `amount` is signed; `cost` is the stated cost of what came in.

    Deposit, withdrawal and transfer are external and never count as return; the
    other kinds are income or cost. `instrument` is the one that was named: one whose
    base is not the asset only says what it was for (a dividend, a funding payment).
    With `to_book` it left `book` for another of the same owner.
    """

    class Kind(models.TextChoices):
        DEPOSIT = "deposit"
        WITHDRAWAL = "withdrawal"
        TRANSFER = "transfer"
        DIVIDEND = "dividend"
        INTEREST = "interest"
        FUNDING = "funding"
        FEE = "fee"
        TAX = "tax"

    EXTERNAL = (Kind.DEPOSIT, Kind.WITHDRAWAL, Kind.TRANSFER)

    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="transfers")
    external_id = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=Kind)
    asset = models.CharField(max_length=40)
    amount = ExactDecimalField()
    cost = ExactDecimalField(null=True, blank=True)
    instrument = models.ForeignKey(
        Instrument,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="transfers",
    )
    # The other side of a movement between two books of one owner.
    to_book = models.ForeignKey(
        Book,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="arrivals",
    )
    strategy = models.CharField(max_length=100, blank=True)
    at = models.DateTimeField()
    sequence = models.PositiveIntegerField(default=0)
    note = models.TextField(blank=True)
    batch = models.ForeignKey(
        ImportBatch,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="transfers",
    )
    recorded_at = models.DateTimeField()

    objects = FactQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("book", "external_id"),
                condition=ORIGINAL,
                name="trades_transfer_external",
            ),
        ]
        indexes = [
            models.Index(fields=("book", "at", "id"), name="trades_transfer_book"),
            models.Index(fields=("book", "asset", "at"), name="trades_transfer_asset"),
            models.Index(
                fields=("book", "instrument", "at", "id"), name="trades_transfer_pair"
            ),
            models.Index(
                fields=("book", "id"),
                name="trades_transfer_waiting",
                condition=~Q(becomes=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.external_id}: {self.kind} {self.amount} {self.asset}"

    @property
    def external(self) -> bool:
        return self.kind in self.EXTERNAL


class TransferEvent(FactEvent):
    """A correction or void of a transfer; the transfer itself stays as it was."""

    transfer = models.ForeignKey(
        Transfer, on_delete=models.PROTECT, related_name="events"
    )

    class Meta:
        ordering = ("transfer", "recorded_at", "id")

    def __str__(self) -> str:
        return f"{self.kind} {self.transfer_id}"

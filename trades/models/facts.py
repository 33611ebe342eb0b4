"""What happened. Facts are only ever added; everything else is derived from them.

`recorded_at` is when we learned of a fact: taken under the book's lock just before
commit, one value for everything booked together. It makes "as known at" possible.
"""

from __future__ import annotations

import uuid
from decimal import Decimal

from django.db import models
from django.db.models import Q

from accounts.models import User
from kernel.fields import ExactDecimalField

ZERO = Decimal(0)


class Instrument(models.Model):
    """What is traded: `base` priced in `quote`.

    `tick` and `step` shape display, and less than a step left over is dust; they
    refuse nothing.
    """

    symbol = models.CharField(max_length=50)
    base = models.CharField(max_length=40)
    quote = models.CharField(max_length=20)
    tick = ExactDecimalField(null=True, blank=True)
    step = ExactDecimalField(null=True, blank=True)
    asset_class = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ("symbol", "quote")
        constraints = [
            models.UniqueConstraint(
                fields=("symbol", "quote"), name="trades_instrument_symbol"
            )
        ]

    def __str__(self) -> str:
        return self.symbol


class Strategy(models.Model):
    """A name that fills and transfers carry as plain text."""

    name = models.CharField(max_length=100, unique=True)
    title = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)

    class Meta:
        ordering = ("name",)
        verbose_name_plural = "strategies"

    def __str__(self) -> str:
        return self.name


class Book(models.Model):
    """A trading account of one owner. Its row is the lock of everything in it."""

    class Method(models.TextChoices):
        FIFO = "fifo"
        LIFO = "lifo"
        HIFO = "hifo"
        AVERAGE = "average"
        SPECIFIC = "specific"

    name = models.CharField(max_length=100, unique=True)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="books")
    base_currency = models.CharField(max_length=20)
    method = models.CharField(max_length=8, choices=Method, default=Method.FIFO)
    zone = models.CharField(max_length=64, default="UTC", help_text="IANA time zone")
    periods_per_year = models.PositiveSmallIntegerField(default=365)
    allow_short = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=1)
    demo = models.BooleanField(default=False, help_text="holds demo data")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)
        constraints = [
            models.CheckConstraint(
                condition=Q(periods_per_year__in=(252, 365)), name="trades_book_ppy"
            )
        ]

    def __str__(self) -> str:
        return self.name


class BookMethod(models.Model):
    """Since when a book uses which cost-basis method; the newest counts, for the
    whole history."""

    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="methods")
    method = models.CharField(max_length=8, choices=Book.Method)
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ("book", "recorded_at", "id")

    def __str__(self) -> str:
        return f"{self.book}: {self.method}"


class ImportBatch(models.Model):
    """One file: first staged and looked at, then booked in one transaction.

    `staged` holds the file's bytes until it is booked or forgotten. Stated totals
    keep the file's own text, beside what was recomputed.
    """

    class State(models.TextChoices):
        STAGED = "staged"
        BOOKED = "booked"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    book = models.ForeignKey(
        Book, on_delete=models.PROTECT, null=True, blank=True, related_name="batches"
    )
    book_name = models.CharField(max_length=100)
    base_currency = models.CharField(max_length=20, blank=True)
    zone = models.CharField(max_length=64, blank=True)
    file_name = models.CharField(max_length=255)
    file_format = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64)
    bytes = models.PositiveBigIntegerField()
    state = models.CharField(max_length=8, choices=State, default=State.STAGED)
    staged = models.BinaryField(null=True, blank=True)
    new = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    rounded_rows = models.PositiveIntegerField(default=0)
    largest_rounding = models.CharField(max_length=80, default="0")
    stated = models.JSONField(default=dict, blank=True)
    recomputed = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    booked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.file_name} into {self.book_name}"


class Decision(models.Model):
    """Why a model traded. What came of it is computed from its fills, never typed in.

    `confidence` is 0 to 1; `horizon` in seconds; `features` {name: text or number};
    `risk_checks` [{name, passed, value, limit}].
    """

    class Direction(models.TextChoices):
        LONG = "long"
        SHORT = "short"
        FLAT = "flat"

    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="decisions")
    external_id = models.CharField(max_length=100)
    model = models.CharField(max_length=100)
    model_version = models.CharField(max_length=100, blank=True)
    strategy = models.CharField(max_length=100, blank=True)
    symbol = models.CharField(max_length=50)
    direction = models.CharField(max_length=5, choices=Direction)
    confidence = ExactDecimalField(null=True, blank=True)
    price_target = ExactDecimalField(null=True, blank=True)
    horizon = models.PositiveIntegerField(null=True, blank=True)
    features = models.JSONField(default=dict, blank=True)
    inputs_digest = models.CharField(max_length=64, blank=True)
    reasoning = models.TextField(blank=True)
    risk_checks = models.JSONField(default=list, blank=True)
    decided_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("book", "external_id"), name="trades_decision_external"
            ),
            models.CheckConstraint(
                condition=Q(confidence__isnull=True)
                | Q(confidence__gte=Decimal(0), confidence__lte=Decimal(1)),
                name="trades_decision_confidence",
            ),
        ]
        indexes = [
            models.Index(fields=("decided_at", "id"), name="trades_decision_time"),
            models.Index(
                fields=("book", "decided_at", "id"), name="trades_decision_book"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.external_id}: {self.direction} {self.symbol}"


class Fill(models.Model):
    """One execution. `amount` = quantity x price and `fee_value` (the fee in the
    quote currency, null where no rate is known) are rounded once, here.

    The row never changes; a mistake is answered by a FillEvent. `status` is the
    only column that follows from those events.
    """

    class Side(models.TextChoices):
        BUY = "buy"
        SELL = "sell"

    class Status(models.TextChoices):
        BOOKED = "booked"
        CORRECTED = "corrected"
        VOIDED = "voided"

    class Liquidity(models.TextChoices):
        MAKER = "maker"
        TAKER = "taker"

    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="fills")
    external_id = models.CharField(max_length=100)
    order_id = models.CharField(max_length=100, blank=True)
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="fills"
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
    lot_choice = models.JSONField(null=True, blank=True)
    strategy = models.CharField(max_length=100, blank=True)
    decision = models.ForeignKey(
        Decision, on_delete=models.PROTECT, null=True, blank=True, related_name="fills"
    )
    note = models.TextField(blank=True)
    status = models.CharField(max_length=9, choices=Status, default=Status.BOOKED)
    batch = models.ForeignKey(
        ImportBatch,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="fills",
    )
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("book", "external_id"), name="trades_fill_external"
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
        ]

    def __str__(self) -> str:
        return f"{self.external_id}: {self.side} {self.quantity}"


class FillEvent(models.Model):
    """A correction or withdrawal of a fill; the fill itself stays as it was."""

    class Kind(models.TextChoices):
        VOID = "void"
        CORRECT = "correct"

    fill = models.ForeignKey(Fill, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=7, choices=Kind)
    new_values = models.JSONField(default=dict, blank=True)
    reason = models.TextField()
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    pnl_before = ExactDecimalField(null=True, blank=True)
    pnl_after = ExactDecimalField(null=True, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ("fill", "recorded_at", "id")

    def __str__(self) -> str:
        return f"{self.kind} {self.fill_id}"


class Transfer(models.Model):
    """A movement of cash, or of an instrument (then `instrument` is set and its
    base is the asset). `amount` is signed; `cost` is the stated cost of what came in.

    Deposit, withdrawal and transfer are external and never count as return; the
    other kinds are income or cost. An `instrument` whose base is not the asset
    only says what the cash was for (a dividend, a funding payment).
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

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("book", "external_id"), name="trades_transfer_external"
            ),
        ]
        indexes = [
            models.Index(fields=("book", "at", "id"), name="trades_transfer_book"),
            models.Index(
                fields=("book", "instrument", "at", "id"), name="trades_transfer_pair"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.external_id}: {self.kind} {self.amount} {self.asset}"

    @property
    def external(self) -> bool:
        return self.kind in self.EXTERNAL

    @property
    def moves_instrument(self) -> bool:
        """Costs a query when the instrument is not loaded."""
        return self.instrument is not None and self.instrument.base == self.asset


class Price(models.Model):
    """What something was worth at a time; an exchange rate is the price of EUR-USD."""

    symbol = models.CharField(max_length=50)
    at = models.DateTimeField()
    price = ExactDecimalField()
    source = models.CharField(max_length=40, default="import")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("symbol", "at", "source"), name="trades_price_once"
            ),
            models.CheckConstraint(
                condition=Q(price__gte=Decimal(0)), name="trades_price_positive"
            ),
        ]
        indexes = [models.Index(fields=("symbol", "-at"), name="trades_price_newest")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.price}"


class Split(models.Model):
    """`numerator` new units for `denominator` old ones, for every book."""

    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="splits"
    )
    at = models.DateTimeField()
    numerator = models.PositiveIntegerField()
    denominator = models.PositiveIntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("instrument", "at"), name="trades_split_once"
            ),
            models.CheckConstraint(
                condition=Q(numerator__gt=0, denominator__gt=0),
                name="trades_split_ratio",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.instrument} {self.numerator}:{self.denominator}"


class BalanceStatement(models.Model):
    """What somebody else says that the book holds of an asset."""

    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="statements")
    asset = models.CharField(max_length=40)
    amount = ExactDecimalField()
    at = models.DateTimeField()
    source = models.CharField(max_length=40, default="api")
    batch = models.ForeignKey(
        ImportBatch,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="statements",
    )
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("book", "asset", "at", "source"), name="trades_balance_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.book}: {self.amount} {self.asset}"

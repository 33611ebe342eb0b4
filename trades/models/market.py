"""What things were worth, and what happened to instruments.

A fact of scope `desk` counts for every book, one of scope `own` for the books of its
author. Rows are never changed; a mistake is answered by an event, which withdraws the
row and, where it corrects, puts another in its place.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Self, TypeVar

from django.db import models
from django.db.models import Q

from accounts.models import User
from kernel.fields import ExactDecimalField
from kernel.numbers import text
from trades.models.books import Book

Row = TypeVar("Row", bound=models.Model)


class MarketScope(models.TextChoices):
    OWN = "own"
    DESK = "desk"


class MarketQuerySet(models.QuerySet[Row]):
    def standing(self, known_at: datetime | None = None) -> Self:
        """Rows that are neither voided nor corrected (as known at a time)."""
        if known_at is None:
            return self.filter(withdrawn_at=None)
        kept = Q(withdrawn_at=None) | Q(withdrawn_at__gt=known_at)
        return self.filter(kept, recorded_at__lte=known_at)


class MarketFact(models.Model):
    """What prices and splits share. `author` is null for what no person entered (a
    feed, a file on the server, rows older than authors)."""

    symbol = models.CharField(max_length=50)
    at = models.DateTimeField()
    scope = models.CharField(
        max_length=4, choices=MarketScope, default=MarketScope.DESK
    )
    author = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    recorded_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def stood(self, known_at: datetime | None = None) -> bool:
        """Whether it counts (did, as known at a time), as `standing` of many."""
        if known_at is None or self.withdrawn_at is None:
            kept = self.withdrawn_at is None
        else:
            kept = self.withdrawn_at > known_at
        return kept and (known_at is None or self.recorded_at <= known_at)


class MarketEvent(models.Model):
    """Why a price or split counts no more, and what counts instead."""

    class Kind(models.TextChoices):
        VOID = "void"
        CORRECT = "correct"

    kind = models.CharField(max_length=7, choices=Kind)
    reason = models.TextField()
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    more_books = models.PositiveIntegerField(
        default=0,
        db_default=0,
        help_text="in which it counted, too, without their profit and loss",
    )

    class Meta:
        abstract = True


class Price(MarketFact):
    """What something was worth at a time, unadjusted as quoted then; an exchange rate
    is the price of EUR-USD. `currency` is the quote of a pair; of a plain symbol it
    says which instruments are marked, and "" (own ones, and old rows) marks all."""

    price = ExactDecimalField()
    currency = models.CharField(max_length=40, blank=True)
    source = models.CharField(max_length=40, default="import")

    objects = MarketQuerySet["Price"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("symbol", "at", "source"),
                condition=Q(scope="desk", withdrawn_at=None),
                name="trades_price_desk",
            ),
            models.UniqueConstraint(
                fields=("author", "symbol", "at", "source"),
                condition=Q(scope="own", withdrawn_at=None),
                name="trades_price_own",
            ),
            models.CheckConstraint(
                condition=Q(scope="desk") | Q(author__isnull=False),
                name="trades_price_author",
            ),
            models.CheckConstraint(
                condition=Q(price__gte=Decimal(0)), name="trades_price_positive"
            ),
        ]
        indexes = [
            models.Index(fields=("scope", "symbol", "-at"), name="trades_price_newest"),
            models.Index(
                fields=("author", "scope", "symbol", "-at"), name="trades_price_mine"
            ),
            models.Index(fields=("recorded_at",), name="trades_price_recorded"),
            models.Index(fields=("at", "id"), name="trades_price_time"),
            models.Index(fields=("symbol", "at", "id"), name="trades_price_symbol"),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {text(self.price)}"


class PriceEvent(MarketEvent):
    price = models.OneToOneField(Price, on_delete=models.PROTECT, related_name="event")
    replacement = models.OneToOneField(
        Price, on_delete=models.PROTECT, null=True, blank=True, related_name="origin"
    )

    def __str__(self) -> str:
        return f"{self.kind} {self.price_id}"

    @property
    def withdrawn(self) -> Price:
        return self.price


class Split(MarketFact):
    """`numerator` new units for `denominator` old ones of every instrument with this
    symbol. An own split of a symbol and day stands in the place of the desk's."""

    numerator = models.PositiveIntegerField()
    denominator = models.PositiveIntegerField()

    objects = MarketQuerySet["Split"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("symbol", "at"),
                condition=Q(scope="desk", withdrawn_at=None),
                name="trades_split_desk",
            ),
            models.UniqueConstraint(
                fields=("author", "symbol", "at"),
                condition=Q(scope="own", withdrawn_at=None),
                name="trades_split_own",
            ),
            models.CheckConstraint(
                condition=Q(scope="desk") | Q(author__isnull=False),
                name="trades_split_author",
            ),
            models.CheckConstraint(
                condition=Q(numerator__gt=0, denominator__gt=0),
                name="trades_split_ratio",
            ),
        ]
        indexes = [
            models.Index(fields=("symbol", "-at"), name="trades_split_newest"),
            models.Index(fields=("at", "id"), name="trades_split_time"),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.numerator}:{self.denominator}"


class SplitEvent(MarketEvent):
    split = models.OneToOneField(Split, on_delete=models.PROTECT, related_name="event")
    replacement = models.OneToOneField(
        Split, on_delete=models.PROTECT, null=True, blank=True, related_name="origin"
    )

    def __str__(self) -> str:
        return f"{self.kind} {self.split_id}"

    @property
    def withdrawn(self) -> Split:
        return self.split


class MarketEffect(models.Model):
    """Profit and loss before and after a price or split was voided or corrected, of
    what it bears on in one book; null where it cannot be said in one number. It `waits`
    while a job has yet to match the book's pairs again."""

    price_event = models.ForeignKey(
        PriceEvent,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="effects",
    )
    split_event = models.ForeignKey(
        SplitEvent,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="effects",
    )
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=40)
    pnl_before = ExactDecimalField(null=True, blank=True)
    pnl_after = ExactDecimalField(null=True, blank=True)
    waits = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(price_event=None) ^ Q(split_event=None),
                name="trades_market_effect_of_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.book_id}: {self.pnl_before} to {self.pnl_after}"

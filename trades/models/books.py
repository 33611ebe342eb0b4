"""Where trades belong: accounts, what is traded in them, and by which strategy."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models import User
from kernel.fields import ExactDecimalField
from trades.domain.reading import is_id


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
    """A name that fills and transfers carry as plain text: which there are, of which a
    filter offers those that occur in a person's books."""

    name = models.CharField(max_length=100, unique=True)

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
    version = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="how often something in it was written"
    )
    demo = models.BooleanField(default=False, help_text="holds demo data")
    created_at = models.DateTimeField()
    recorded_at = models.DateTimeField(
        null=True, blank=True, help_text="of its newest facts"
    )

    class Meta:
        ordering = ("name",)
        constraints = [
            models.CheckConstraint(
                condition=Q(periods_per_year__in=(252, 365)), name="trades_book_ppy"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def reference(self) -> str:
        """The text that means this book where one is chosen: its name, or its id where
        the name is older than the rule and would be read as another's id."""
        return str(self.pk) if is_id(self.name) else self.name


class BookMethod(models.Model):
    """Since when a book uses which cost-basis method; the newest counts, for the
    whole history.

    Read by `known_at`, which still shows the method of its time (LEDGER.md §2).
    """

    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="methods")
    method = models.CharField(max_length=8, choices=Book.Method)
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ("book", "recorded_at", "id")

    def __str__(self) -> str:
        return f"{self.book}: {self.method}"

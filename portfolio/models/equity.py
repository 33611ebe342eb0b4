"""The daily curve of each book: derived, rebuildable, equal after a rebuild."""

from __future__ import annotations

from decimal import Decimal

from django.db import models

from kernel.fields import ExactDecimalField
from trades.models import Book

ZERO = Decimal(0)


class EquityCurve(models.Model):
    """From what a book's points were computed.

    `facts` names the state of the book that they hold for, `market` that of all prices
    and splits, of which only those of `symbols` bear on it (see
    portfolio.queries.curves). `funded` is the implied funding that stands: cash that fills
    lacked before the first deposit, less what deposits repaid.
    """

    book = models.OneToOneField(
        Book, on_delete=models.CASCADE, related_name="equity_curve"
    )
    facts = models.CharField(max_length=200, blank=True)
    market = models.JSONField(default=dict)
    symbols = models.JSONField(default=list)
    through = models.DateField(null=True, blank=True)
    funded = ExactDecimalField(default=ZERO)
    computed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.book} through {self.through}"


class EquityPoint(models.Model):
    """A book at the end of a day in its zone, in its base currency.

    `base` = equity of the day before + inflow, `pnl` what the day brought;
    `slices` [[symbol, strategy, pnl]] says by what. `between` [[transfer, worth]] are
    the flows whose other side is a book of the same owner, negative where they went.
    `gross` is what is held, long and short added up; null on days of a version before.
    `unvalued` holdings or balances had no price or rate. `fills`, `transfers` and `prices` count the day's facts,
    `digest` is the SHA-256 over them.
    """

    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    equity = ExactDecimalField()
    cash = ExactDecimalField()
    gross = ExactDecimalField(null=True, blank=True)
    inflow = ExactDecimalField()
    outflow = ExactDecimalField()
    base = ExactDecimalField()
    pnl = ExactDecimalField()
    slices = models.JSONField(default=list)
    # The database's own default: a process of the version before writes without it.
    between = models.JSONField(
        default=list, db_default=models.Value([], models.JSONField())
    )
    unvalued = models.PositiveIntegerField(default=0)
    fills = models.PositiveIntegerField(default=0)
    transfers = models.PositiveIntegerField(default=0)
    prices = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("book", "day"), name="portfolio_point_once")
        ]

    def __str__(self) -> str:
        return f"{self.book_id} {self.day}: {self.equity}"


class EquityState(models.Model):
    """The walk through a book's history as it stood at the end of a day
    (portfolio.domain.walk_state): the next begins behind the newest whose `read` is
    what the database holds up to that day (portfolio.queries.read_before).

    `symbols` are those whose prices its days count.
    """

    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    read = models.CharField(max_length=64)
    walk = models.JSONField()
    symbols = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("book", "day"), name="portfolio_state_once")
        ]

    def __str__(self) -> str:
        return f"{self.book_id} at the end of {self.day}"

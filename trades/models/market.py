"""What things were worth, and what happened to instruments: facts of every book."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q

from kernel.fields import ExactDecimalField
from trades.models.books import Instrument


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

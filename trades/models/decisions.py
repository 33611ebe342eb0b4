"""Why a model traded."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q

from kernel.fields import ExactDecimalField
from trades.models.books import Book


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

"""What facts were worth at their time, and lots on their way between own books."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kernel.fields import ExactDecimalField
from trades.domain.lots import LotReason
from trades.models.books import Book
from trades.models.facts import Fill, Transfer
from trades.models.market import Price


class Valuation(models.Model):
    """What a fact was worth at its time: a fill's fee that was charged in something
    else than its quote, income in kind, coins that came in or went out.

    `value` is in `currency`, negative for a fee that was paid back, and null where
    what it was read from was voided and nothing else is known. `prices` and `fills`
    are what it was read from, `priced_at` the newest of them: later than the fact
    only where nothing older was known. Rows are appended, and the newest of a fact
    and currency counts: a better price that comes later changes nothing, a price that
    was voided or corrected does.
    """

    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="valuations")
    fill = models.ForeignKey(
        Fill,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="valuations",
    )
    transfer = models.ForeignKey(
        Transfer,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="valuations",
    )
    currency = models.CharField(max_length=40)
    value = ExactDecimalField(null=True)
    priced_at = models.DateTimeField(null=True)
    prices = models.ManyToManyField(Price, related_name="+", blank=True)
    fills = models.ManyToManyField(Fill, related_name="+", blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(value__isnull=True) | Q(priced_at__isnull=False),
                name="trades_valuation_priced",
            ),
            models.CheckConstraint(
                condition=Q(fill__isnull=False) ^ Q(transfer__isnull=False),
                name="trades_valuation_one_fact",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.value} {self.currency}"


class TransferLot(models.Model):
    """A part of a lot that a transfer between own books took along, in the order in
    which it left: shares of amount and fee, and when it was acquired.

    With reason missing_cost the amount is unknown and held as 0. Only a re-match of
    both books changes these rows.
    """

    transfer = models.ForeignKey(
        Transfer, on_delete=models.CASCADE, related_name="travelled"
    )
    position = models.PositiveIntegerField()
    quantity = ExactDecimalField()
    amount = ExactDecimalField()
    fee = ExactDecimalField()
    acquired_at = models.DateTimeField()
    reason = models.CharField(
        max_length=20,
        choices=[(reason.value, reason.value) for reason in LotReason],
        blank=True,
    )

    class Meta:
        ordering = ("transfer", "position")
        constraints = [
            models.UniqueConstraint(
                fields=("transfer", "position"), name="trades_transferlot_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.acquired_at:%Y-%m-%d}"

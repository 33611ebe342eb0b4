"""What somebody else says that a book holds, and what was said wrongly."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models import User
from kernel.fields import ExactDecimalField
from trades.models.books import Book
from trades.models.imports import ImportBatch


class StatementQuerySet(models.QuerySet["BalanceStatement"]):
    def standing(self) -> StatementQuerySet:
        """The statements that count: neither voided ones nor those of an undone file."""
        return self.filter(undone=False)


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
    undone = models.BooleanField(
        default=False, help_text="voided, or with its whole file"
    )
    recorded_at = models.DateTimeField()

    objects = StatementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("book", "asset", "at", "source"),
                condition=Q(undone=False),
                name="trades_balance_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.book}: {self.amount} {self.asset}"


class BalanceEvent(models.Model):
    """Why a statement counts no more, and what counts instead of one that was
    corrected; the row itself stays."""

    statement = models.OneToOneField(
        BalanceStatement, on_delete=models.PROTECT, related_name="event"
    )
    replacement = models.OneToOneField(
        BalanceStatement,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="origin",
    )
    reason = models.TextField()
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} {self.statement_id}"

    @property
    def withdrawn(self) -> BalanceStatement:
        return self.statement

    @property
    def kind(self) -> str:
        return "void" if self.replacement_id is None else "correct"

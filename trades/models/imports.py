"""Files on their way into a book."""

from __future__ import annotations

import uuid

from django.db import models

from accounts.models import User
from trades.models.books import Book


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

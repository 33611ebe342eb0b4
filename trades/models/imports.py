"""Files on their way into a book."""

from __future__ import annotations

import uuid

from django.db import models

from accounts.models import User
from kernel.fields import ExactDecimalField
from trades.models.books import Book


class ImportBatch(models.Model):
    """One file: kept in parts, read against its book, then booked.

    A state is left by compare-and-set only, so that a cancel and a commit cannot both
    happen. `declared` is what somebody said of the file besides its book, zone and
    base currency, `done` of `total` what the present step has behind it, `report` what
    reading found (services.reports), `problem` why it failed, `undo_reason` why it is to
    be taken out by the job: once it cannot be called back, its BatchEvent says so.
    Stated totals keep the file's own text, beside what was recomputed.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        READING = "reading"
        PREVIEW = "preview"
        COMMITTING = "committing"
        BOOKED = "booked"
        FAILED = "failed"
        CANCELLED = "cancelled"
        UNDOING = "undoing"
        UNDONE = "undone"

    # Until then nothing of it is booked: it may be cancelled.
    UNBOOKED = (State.QUEUED, State.READING, State.PREVIEW)
    WORKING = (State.QUEUED, State.READING, State.COMMITTING, State.UNDOING)
    # An error of ours ends these; what is being undone is tried again.
    IMPORTING = (State.QUEUED, State.READING, State.COMMITTING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    book = models.ForeignKey(
        Book, on_delete=models.PROTECT, null=True, blank=True, related_name="batches"
    )
    book_name = models.CharField(max_length=100)
    base_currency = models.CharField(max_length=20, blank=True)
    zone = models.CharField(max_length=64, blank=True)
    file_name = models.CharField(max_length=255)
    file_format = models.CharField(max_length=20, blank=True)
    declared = models.JSONField(default=dict, blank=True)
    sha256 = models.CharField(max_length=64)
    bytes = models.PositiveBigIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    dry_run = models.BooleanField(default=True)
    skip_broken = models.BooleanField(default=False)
    accept_differences = models.BooleanField(default=False)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    report = models.JSONField(default=dict, blank=True)
    problem = models.TextField(blank=True)
    undo_reason = models.TextField(blank=True, default="", db_default="")
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
        indexes = [
            models.Index(fields=("book", "sha256"), name="trades_import_file"),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} into {self.book_name}"


class ImportPart(models.Model):
    """A stretch of a file's bytes, kept until it is booked or given up. In parts,
    so that nobody who asks how far an import is loads the file."""

    batch = models.ForeignKey(
        ImportBatch, on_delete=models.CASCADE, related_name="parts"
    )
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("batch", "number"), name="trades_import_part"
            )
        ]
        ordering = ("number",)

    def __str__(self) -> str:
        return f"part {self.number}"


class BatchEvent(models.Model):
    """The undoing of a booked file: who did it, why, and what the profit and loss
    (realised + unrealised) of its pairs was before and after; null where it cannot
    be said in one number."""

    batch = models.OneToOneField(
        ImportBatch, on_delete=models.PROTECT, related_name="undoing"
    )
    reason = models.TextField()
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    pnl_before = ExactDecimalField(null=True, blank=True)
    pnl_after = ExactDecimalField(null=True, blank=True)
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.batch_id} undone: {self.reason}"

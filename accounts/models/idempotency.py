"""Answers kept for a day, so that a repeated request changes nothing twice."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class IdempotentAnswer(models.Model):
    """A claim on (principal, method, path, key), and later its answer.

    While `status` is null somebody works on it, or has died: a lock tells which.
    """

    # Set on a claim that another request made (never stored).
    inherited = False

    principal = models.CharField(max_length=40)
    method = models.CharField(max_length=7)
    path = models.CharField(max_length=300)
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the parsed content")
    claim = models.CharField(max_length=32, help_text="which request works on it")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    status = models.PositiveSmallIntegerField(null=True)
    content_type = models.CharField(max_length=100, default="")
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=b"")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["principal", "method", "path", "key"], name="one_answer_a_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.key}"

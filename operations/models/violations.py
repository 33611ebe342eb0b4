"""What browsers reported against the content policy."""

from __future__ import annotations

from django.db import models


class PolicyViolation(models.Model):
    """One kind of violation (operations.domain.violations), however often it came."""

    digest = models.CharField(max_length=64, unique=True)
    directive = models.CharField(max_length=40)
    blocked = models.CharField(max_length=300, blank=True)
    page = models.CharField(max_length=300)
    source = models.CharField(max_length=300, blank=True)
    line = models.PositiveIntegerField(default=0)
    times = models.PositiveBigIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-last_at", "-id"], name="violation_newest")]

    def __str__(self) -> str:
        return f"{self.directive} {self.blocked} on {self.page}"

"""Who may ask more often than others."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class LimitOverride(models.Model):
    """Windows that are `factor` times as wide for one person or service account, until
    `expires_at` (None: until it is withdrawn). Each change is in the audit log."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        primary_key=True,
        related_name="limit_override",
    )
    factor = models.PositiveIntegerField()
    windows = models.JSONField(default=list, help_text="names of windows")
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.user_id}: {self.factor} x {', '.join(self.windows)}"

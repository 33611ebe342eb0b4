"""People and service accounts."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person, or a service account (no password, hidden from people lists)."""

    is_service = models.BooleanField(default=False)
    zone = models.CharField(max_length=64, default="UTC", help_text="IANA time zone")
    preferences = models.JSONField(default=dict, blank=True)

    @property
    def actor(self) -> str:
        """How the audit log names them: `p:7`, `s:7`."""
        return f"{'s' if self.is_service else 'p'}:{self.pk}"

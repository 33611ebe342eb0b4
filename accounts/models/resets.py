"""Links by which somebody who forgot their password sets another."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class PasswordReset(models.Model):
    """A link that was asked for; of it only its SHA-256 is kept. Without a `user` the
    address was nobody's: the row is there so that nobody can tell by the time it took.

    `fingerprint` is the digest of the password it replaces: once that is another, the
    link is worth nothing.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+"
    )
    digest = models.CharField(max_length=64, unique=True, help_text="of the link")
    fingerprint = models.CharField(max_length=64)
    asked_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"reset of {self.user_id or 'nobody'}"

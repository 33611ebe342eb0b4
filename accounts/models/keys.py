"""The Ed25519 keys that people sign with."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class SigningKey(models.Model):
    """A person's key; the private part only wrapped by their passphrase.

    A key revoked as `compromised` voids all its signatures, as `lost` none. The
    two sequence numbers say where the audit log tells of it: FORMATS.md's trust file
    (`export_trust`) names them per key.
    """

    class Reason(models.TextChoices):
        LOST = "lost"
        COMPROMISED = "compromised"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="signing_keys"
    )
    key_id = models.CharField(
        max_length=64, unique=True, help_text="hex SHA-256 of the raw public key"
    )
    public = models.BinaryField(max_length=32)
    wrapped = models.BinaryField(help_text="JSON: how it was wrapped, and the result")
    created_at = models.DateTimeField(default=timezone.now)
    registered_seq = models.BigIntegerField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_reason = models.CharField(
        max_length=11, choices=Reason.choices, default="", blank=True
    )
    revoked_seq = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(revoked_at__isnull=True),
                name="one_active_signing_key",
            )
        ]

    def __str__(self) -> str:
        return self.key_id[:12]

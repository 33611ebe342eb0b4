"""Service tokens: how a program speaks for somebody, for a while, in some areas."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone


def new_uid() -> str:
    """48 random bits as hex: the part of a token that is no secret."""
    return secrets.token_hex(6)


class ServiceTokens(models.QuerySet["ServiceToken"]):
    def alive(self, at: datetime) -> ServiceTokens:
        """Neither revoked nor past their time."""
        return self.filter(revoked_at=None, expires_at__gt=at)


class ServiceToken(models.Model):
    """`rrr_<uid>_<secret>`; of the secret only its SHA-256 is kept.

    It outlives its owner's sessions and a password that they change themselves. It ends
    with the owner, and when a forgotten password is set anew by the mailed link.
    """

    uid = models.CharField(max_length=12, unique=True, default=new_uid)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="service_tokens"
    )
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, help_text="hex SHA-256 of the secret")
    scopes = models.JSONField(default=list)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(
        null=True, help_text="within a few minutes: not written on each request"
    )
    revoked_at = models.DateTimeField(null=True)

    objects = ServiceTokens.as_manager()

    class Meta:
        indexes = [models.Index(fields=["owner", "-created_at"])]

    def __str__(self) -> str:
        return f"token {self.uid} of {self.owner_id}"

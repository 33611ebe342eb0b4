"""Who is logged in, by which door, and whether that still holds.

`Session` is the fact that revocation asks; a browser's cookie (`WebSession`) and
a client's tokens (`Refresh`, access tokens by their `sid` claim) point to it.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.domain.lives import BROWSER, CLIENT

LIVES = {"html": BROWSER, "api": CLIENT}


def new_id() -> str:
    """128 random bits as hex: for a sid and a jti."""
    return secrets.token_hex(16)


class Session(models.Model):
    """One login. Everything that came of it dies when `revoked_at` is set.

    `fingerprint` is the digest of the password it was opened under: a password
    changed by any road (page, command line, restore) ends it too.
    """

    class Kind(models.TextChoices):
        HTML = "html"
        API = "api"
        TOKEN = "token"  # noqa: S105 - a kind, not a secret

    sid = models.CharField(max_length=32, primary_key=True, default=new_id)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="sessions"
    )
    kind = models.CharField(max_length=5, choices=Kind.choices)
    fingerprint = models.CharField(max_length=64)
    opened_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(
        default=timezone.now, help_text="within a few minutes; polls do not count"
    )
    revoked_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=20, default="")

    class Meta:
        indexes = [models.Index(fields=["user", "revoked_at"])]

    def __str__(self) -> str:
        return f"{self.kind} session of {self.user_id}"

    @property
    def ends_at(self) -> datetime | None:
        """When it ends if nobody shows up again; None: not by itself."""
        life = LIVES.get(self.kind)
        if life is None:
            return None
        return life.ends(opened_at=self.opened_at, seen_at=self.seen_at)

    def is_over(self, at: datetime) -> bool:
        """Whether its time has come."""
        return self.ends_at is not None and at >= self.ends_at


class WebSession(models.Model):
    """What a browser's cookie names: a row, so no process or cache can lose it."""

    session_key = models.CharField(max_length=40, primary_key=True)
    session_data = models.TextField()
    expire_date = models.DateTimeField(db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+"
    )
    session = models.ForeignKey(
        Session, models.CASCADE, null=True, related_name="web_sessions"
    )

    def __str__(self) -> str:
        return f"browser of {self.user_id or 'nobody'}"


class Refresh(models.Model):
    """A refresh token: good once, which one UPDATE of `used_at` decides."""

    jti = models.CharField(max_length=32, primary_key=True, default=new_id)
    session = models.ForeignKey(Session, models.CASCADE, related_name="refreshes")
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"refresh token of {self.session_id}"

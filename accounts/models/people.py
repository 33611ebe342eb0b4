"""People and service accounts."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models

from accounts.domain.scopes import permitted


class User(AbstractUser):
    """A person, or a service account (no password, hidden from people lists)."""

    is_service = models.BooleanField(default=False)
    zone = models.CharField(max_length=64, default="UTC", help_text="IANA time zone")
    preferences = models.JSONField(default=dict, blank=True)

    # Set for one request, by whoever let a service token in; never stored.
    token_scopes: frozenset[str] | None = None
    token_writes = False

    @property
    def actor(self) -> str:
        """How the audit log names them: `p:7`, `s:7`."""
        return f"{'s' if self.is_service else 'p'}:{self.pk}"

    @property
    def fingerprint(self) -> str:
        """What a session or a link remembers of the password it was made under."""
        return hashlib.sha256(self.password.encode()).hexdigest()

    def narrowed(self, held: set[str]) -> set[str]:
        """What is left of these permissions when a service token speaks for them."""
        if self.token_scopes is None:
            return held
        return permitted(held, self.token_scopes, writes=self.token_writes)

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """As Django has it, but that a token's scopes bind a superuser, too."""
        if self.token_scopes is None:
            return super().has_perm(perm, obj)
        return perm in self.get_all_permissions(obj)

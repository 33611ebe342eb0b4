"""Invitations: how a person who is not here yet comes in."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models.people import User

BACKEND = settings.AUTHENTICATION_BACKENDS[-1]


class Invitations(models.QuerySet["Invitation"]):
    def unused(self) -> Invitations:
        """Neither accepted nor withdrawn."""
        return self.filter(accepted_at=None, withdrawn_at=None)

    def letting_in(self, at: datetime) -> Invitations:
        """Whose link still lets somebody in: it does not outlive the right of whoever
        invited to invite."""
        inviters = User.objects.with_perm("people.manage", backend=BACKEND)
        return self.unused().filter(expires_at__gt=at, invited_by__in=inviters)


class Invitation(models.Model):
    """A name and roles that an administrator offers; whoever holds the link takes
    them once, before `expires_at`. Of the link only its SHA-256 is kept."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    username = models.CharField(max_length=150)
    name = models.CharField(max_length=150, blank=True)
    email = models.EmailField(blank=True)
    roles = models.JSONField(default=list)
    digest = models.CharField(max_length=64, unique=True, help_text="of the link")
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects = Invitations.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["username"],
                condition=models.Q(accepted_at=None, withdrawn_at=None),
                name="one_open_invitation",
            )
        ]

    def __str__(self) -> str:
        return f"invitation of {self.username}"

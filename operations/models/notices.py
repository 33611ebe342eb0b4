"""The outbox: what must be told to whom, and how far the audit log was read."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

# Why a message is not sent whose reader has heard a newer one.
SUPERSEDED = "a newer message about it was sent first"
# What stands in place of a secret body once it has been sent, or never will be.
FORGOTTEN = "What stood here let its reader in; it is not kept."


class Notice(models.Model):
    """One message to one recipient on one channel: exactly one row per `dedup_key`
    (about/level and episode/recipient/channel), delivered at least once. `uid` is the
    Message-ID, so that a repeat after a crash is recognisable as one."""

    class State(models.TextChoices):
        QUEUED = "queued"
        SENDING = "sending"
        SENT = "sent"
        DEAD = "dead"
        SUPPRESSED = "suppressed"

    WAITING = (State.QUEUED, State.SENDING)

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=40)
    about = models.CharField(max_length=200)
    recipient = models.CharField(max_length=150)
    address = models.CharField(max_length=320, blank=True)
    channel = models.CharField(max_length=40)
    level = models.CharField(max_length=40)
    dedup_key = models.CharField(max_length=600, unique=True)
    subject = models.CharField(max_length=300)
    body = models.TextField()
    secret = models.BooleanField(
        default=False, help_text="the body lets its reader in: forgotten once sent"
    )
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    lease_owner = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state__in=["queued", "sending", "sent", "dead", "suppressed"]
                ),
                name="notice_known_state",
            )
        ]
        indexes = [models.Index(fields=["state", "next_attempt_at"])]

    def __str__(self) -> str:
        return self.dedup_key


class Follower(models.Model):
    """How far a named reader has followed the audit log: `next_seq` is advanced in
    the transaction that creates the reader's notices (OPERATIONS.md §1). A restore
    sets it; the readers are still to be written."""

    name = models.CharField(max_length=60, unique=True)
    next_seq = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} at {self.next_seq}"

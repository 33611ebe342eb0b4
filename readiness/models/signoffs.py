"""Signatures: the exact envelope, the exact claims it stands on, and its end."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from readiness.models.reviews import Review

Person = settings.AUTH_USER_MODEL


class Signoff(models.Model):
    """One signature. Whether it is valid is derived, never stored: `claims` are the
    bytes of the claims as they were signed, one a line, in document order, so that
    the page can say line by line what has changed since. `earlier` are the digests
    of the envelopes of the groups before, `seq` its event in the audit log."""

    class Meaning(models.TextChoices):
        APPROVED = "approved", "Approved"
        REVIEWED = "reviewed", "Reviewed"
        REJECTED = "rejected", "Rejected"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    review = models.ForeignKey(
        Review, on_delete=models.PROTECT, related_name="signoffs"
    )
    role = models.CharField(max_length=150)
    signer = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    key = models.ForeignKey(
        "accounts.SigningKey", on_delete=models.PROTECT, related_name="+"
    )
    meaning = models.CharField(max_length=8, choices=Meaning.choices)
    note = models.CharField(max_length=2000, blank=True)
    nonce = models.CharField(max_length=64, unique=True)
    envelope = models.BinaryField()
    envelope_sha256 = models.CharField(max_length=64, unique=True)
    claim_root = models.CharField(max_length=64)
    claims = models.BinaryField()
    earlier = models.JSONField(default=list, blank=True)
    signed_at = models.DateTimeField()
    seq = models.BigIntegerField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["signed_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["review", "role", "signer", "claim_root", "meaning"],
                condition=Q(revoked_at=None),
                name="nobody_signs_the_same_twice",
            )
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.meaning}"


class VoidNotice(models.Model):
    """What its signer was told of a signature's changes: `told` are the lines, each
    with its change, of which they know; forgotten when it holds again."""

    signoff = models.OneToOneField(
        Signoff, on_delete=models.CASCADE, related_name="void_notice"
    )
    told = models.JSONField(default=list, blank=True)
    at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.signoff_id} told at {self.at}"

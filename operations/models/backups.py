"""Copies that were taken, and the proof that they come back."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q


class Backup(models.Model):
    """One copy. `was` is what one that is lost or expired was before; `marker` is what
    was true at its snapshot: the last log sequence, row counts and every registered
    marker, as texts.

    `of_this_log` is false of one that our log does not tell of: a restore went back to
    before it was taken, so it holds another history. `key_id` is the recipient that its file is sealed to, "" where anybody can read it.
    """

    class Status(models.TextChoices):
        RUNNING = "running"
        OK = "ok"
        VERIFIED = "verified"
        FAILED = "failed"
        EXPIRED = "expired"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    engine = models.CharField(max_length=20)
    status = models.CharField(max_length=8, choices=Status, default=Status.RUNNING)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    bytes = models.PositiveBigIntegerField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    key_id = models.CharField(max_length=64, blank=True)
    marker = models.JSONField(default=dict, blank=True)
    location = models.CharField(max_length=500, blank=True)
    error = models.TextField(blank=True)
    was = models.CharField(max_length=8, blank=True, default="")
    of_this_log = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    status__in=["running", "ok", "verified", "failed", "expired"]
                ),
                name="backup_known_status",
            )
        ]
        indexes = [models.Index(fields=["-started_at"])]

    def __str__(self) -> str:
        return f"{self.engine} {self.started_at:%Y-%m-%d %H:%M} {self.status}"


class RestoreDrill(models.Model):
    """A backup restored into a scratch database and compared with its marker.

    `rto_seconds` is how long that took, `rpo_seconds` how old the newest restored
    fact was; `assertions` is {what: "equal" or the difference}; `commit` is that of the
    code which restored it, "" for code that no commit names, and `environment` where
    that was: a copy of the database is no proof elsewhere. /health reads its age, probe `backup_restore` all of it.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    backup = models.ForeignKey(Backup, on_delete=models.CASCADE, related_name="drills")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    rto_seconds = models.DecimalField(
        max_digits=10, decimal_places=3, null=True, blank=True
    )
    rpo_seconds = models.DecimalField(
        max_digits=12, decimal_places=3, null=True, blank=True
    )
    commit = models.CharField(max_length=64, blank=True, default="")
    environment = models.CharField(max_length=20, blank=True, default="")
    assertions = models.JSONField(default=dict, blank=True)
    ok = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"drill {self.started_at:%Y-%m-%d %H:%M} {'ok' if self.ok else 'failed'}"

    @property
    def differences(self) -> str:
        """What did not come back as it was: "backup: the key does not fit"."""
        unequal = [each for each in self.assertions.items() if each[1] != "equal"]
        return "; ".join(f"{what}: {text}" for what, text in unequal)

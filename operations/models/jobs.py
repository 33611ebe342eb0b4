"""What is to be done, each single doing of it, and who is alive to do it.

The database is the truth: a message in the queue only rings the bell.
"""

from __future__ import annotations

import uuid
from datetime import UTC

from django.conf import settings
from django.db import models
from django.db.models import Q

from kernel.registry import job_title, probe_title
from operations.domain.spans import LONGEST_REASON

PROBE_PREFIX = "probe:"  # of the name of a job that runs a probe


class Job(models.Model):
    """A named piece of work with its schedule; one row per registered job or probe.

    `schedule` is "every 10m", "daily 02:00 UTC" or "" (on request only). `grace`
    is how late a run may start, and `timeout` how long it may take, in seconds. While
    it is paused no slot of it is queued; whoever asks for a run gets one.
    """

    class Kind(models.TextChoices):
        JOB = "job"
        PROBE = "probe"

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=5, choices=Kind, default=Kind.JOB)
    schedule = models.CharField(max_length=40, blank=True)
    grace = models.PositiveIntegerField(default=300)
    timeout = models.PositiveIntegerField(default=600)
    next_due = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateTimeField(null=True, blank=True)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    pause_reason = models.CharField(max_length=LONGEST_REASON, blank=True)
    last_ok = models.DateTimeField(null=True, blank=True)
    consecutive_failures = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        """What people call it."""
        if self.kind == self.Kind.PROBE:
            return probe_title(self.name.removeprefix(PROBE_PREFIX))
        return job_title(self.name)

    @property
    def pause(self) -> str:
        """ "by ada until 1 Mar, 03:12 UTC: the bucket moves"; "" while it is not paused,
        or where nobody noted that."""
        if self.paused_until is None:
            return ""
        who = self.paused_by.username if self.paused_by else "somebody who is gone"
        until = f"{self.paused_until.astimezone(UTC):%-d %b, %H:%M} UTC"
        return f"by {who} until {until}: {self.pause_reason}"


class JobRun(models.Model):
    """One doing of a job. Whoever turns queued into running by compare-and-set
    holds it until `lease_until`; a result is written only under its own `fence`."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        OK = "ok"
        FAILED = "failed"
        LOST = "lost"

    UNFINISHED = (State.QUEUED, State.RUNNING)

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="runs")
    key = models.CharField(max_length=64, blank=True)
    params = models.JSONField(default=dict, blank=True)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=7, choices=State, default=State.QUEUED)
    fence = models.PositiveIntegerField(default=0)
    lease_owner = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    published_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    result = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["job", "key", "due_at"], name="run_once_per_slot"
            ),
            models.UniqueConstraint(
                fields=["job", "key"],
                condition=Q(state="queued"),
                name="run_one_queued",
            ),
            # A late or repeated message must not start the same work beside itself.
            models.UniqueConstraint(
                fields=["job", "key"],
                condition=Q(state="running"),
                name="run_one_running",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "ok", "failed", "lost"]),
                name="run_known_state",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "due_at"]),
            models.Index(fields=["job", "-finished_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.job_id}/{self.key} {self.state}"


class Heartbeat(models.Model):
    """The last sign of life of one process, written by the process itself
    (beat's is the send time that its tick carries; the tick's is its last run)."""

    class Kind(models.TextChoices):
        WORKER = "worker"
        BEAT = "beat"
        WATCH = "watch"
        TICK = "tick"

    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=200, unique=True)
    host = models.CharField(max_length=200)
    pid = models.PositiveIntegerField()
    role = models.CharField(max_length=100, blank=True, help_text="queues it serves")
    started_at = models.DateTimeField()
    beaten_at = models.DateTimeField(db_index=True)
    commit = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return self.name

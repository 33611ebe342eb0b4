"""Rules, the alerts they raise, where those came from, and their timelines."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q

from kernel.registry import job_title
from kernel.spoken import exactly
from operations.domain.alerting import Severity
from operations.domain.rules import amount, figure
from operations.domain.seeds import JOB_FAILING, TITLES

SEVERITIES = [(severity.value, severity.value) for severity in Severity]


def headline(rule: str, target: str) -> str:
    """What a rule is about and where, unless the one says the other."""
    title = TITLES.get(rule, rule)
    if not target or target.lower() in title.lower():
        return title
    between = ":" if rule == JOB_FAILING else " on"
    return f"{title}{between} {_spoken(rule, target)}"


def _spoken(rule: str, target: str) -> str:
    return job_title(target) if rule == JOB_FAILING else target


class Rule(models.Model):
    """A threshold that people may change. `for_seconds` is how long it must be
    crossed before the alert fires. Four places are enough for percent and
    milliseconds, and few enough to be exact in every database."""

    name = models.CharField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    severity = models.CharField(max_length=2, choices=SEVERITIES)
    threshold = models.DecimalField(max_digits=14, decimal_places=4)
    unit = models.CharField(max_length=20)
    for_seconds = models.PositiveIntegerField()
    enabled = models.BooleanField(default=True)
    judged_at = models.DateTimeField(
        null=True, blank=True, help_text="when it was last looked at with data"
    )
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def allowed(self) -> str:
        """The threshold with its unit."""
        return amount(self.name, self.threshold)

    @property
    def waits(self) -> str:
        """How long it must be crossed: "for 15 min", "at once"."""
        return f"for {exactly(self.for_seconds)}" if self.for_seconds else "at once"


class Alert(models.Model):
    """One trouble from its first sign to its end.

    `fingerprint` is the SHA-256 of JCS{rule, target}: at most one unresolved alert
    has it, however many evaluators look. A pending one that never fires ends
    resolved with `fired_at` null. `value` and `threshold` are the last seen. What is
    a sum of waits and not a time is `operations.domain.episodes.Course`'s.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        FIRING = "firing"
        RESOLVED = "resolved"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    fingerprint = models.CharField(max_length=64)
    rule = models.CharField(max_length=60)
    target = models.CharField(max_length=200, blank=True)
    severity = models.CharField(max_length=2, choices=SEVERITIES)
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    value = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    threshold = models.DecimalField(
        max_digits=14, decimal_places=4, null=True, blank=True
    )
    pending_at = models.DateTimeField()
    fired_at = models.DateTimeField(null=True, blank=True)
    below_since = models.DateTimeField(null=True, blank=True)
    last_data_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    waited = models.DurationField(default=timedelta)
    episode = models.PositiveIntegerField(default=0)
    told_episode = models.PositiveIntegerField(default=0)
    unsettled = models.BooleanField(default=False)
    since_flapping = models.DurationField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["fingerprint"],
                condition=~Q(state="resolved"),
                name="alert_one_unresolved",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "firing", "resolved"]),
                name="alert_known_state",
            ),
        ]
        indexes = [models.Index(fields=["state", "-pending_at"])]

    def __str__(self) -> str:
        return f"{self.rule} {self.state}"

    @property
    def title(self) -> str:
        """What its rule is about, as people say it."""
        return TITLES.get(self.rule, self.rule)

    @property
    def headline(self) -> str:
        """What it is about and where, unless the one says the other."""
        return headline(self.rule, self.target)

    @property
    def about(self) -> str:
        """Its target as people call it."""
        return _spoken(self.rule, self.target)

    @property
    def seen(self) -> str:
        """The value with its unit."""
        return figure(self.rule, self.value)

    @property
    def allowed(self) -> str:
        """The threshold with its unit."""
        return amount(self.rule, self.threshold)


class AlertSource(models.Model):
    """An engine that says so; the alert is resolved when every source has ended.

    `external_fingerprint` is for Alertmanager: "Alertmanager in production post to
    /api/operations/alertmanager" (OPERATIONS.md §3), which no code does yet.
    """

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="sources")
    engine = models.CharField(max_length=40)
    external_fingerprint = models.CharField(max_length=128, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["alert", "engine", "external_fingerprint"],
                name="source_once_per_alert",
            )
        ]

    def __str__(self) -> str:
        return f"{self.engine} {self.external_fingerprint}"


class TimelineEntry(models.Model):
    """One line of an alert's story, only ever appended. `uid` makes a line that was
    spooled while the database was away insertable twice without doubling."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="timeline")
    at = models.DateTimeField()
    kind = models.CharField(max_length=40)
    actor = models.CharField(max_length=60)
    text = models.TextField()

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"

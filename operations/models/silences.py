"""For how long nobody is told of a rule, who wanted that, and why."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from operations.domain.silences import Hush
from operations.domain.spans import LONGEST_REASON
from operations.models.alerts import headline


class Silence(models.Model):
    """Words about a rule are held back from `begun_at` to `ends_at`; `target` "" is
    every target of it. What was wanted never changes: a row is only ever added, and
    ended once (`ended_by` null: by its time). `left` counts down from tick to tick, for
    a clock that was set back must not prolong it.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    rule = models.CharField(max_length=60)
    target = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=LONGEST_REASON)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    begun_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    left = models.DurationField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("begun_at")), name="silence_has_an_end"
            )
        ]
        indexes = [models.Index(fields=["ended_at", "rule"])]

    def __str__(self) -> str:
        return f"{self.rule} {self.target}".strip()

    @property
    def title(self) -> str:
        """What it silences, as people say it."""
        return headline(self.rule, self.target)

    @property
    def author(self) -> str:
        return self.by.username if self.by else "somebody who is gone"

    @property
    def hush(self) -> Hush:
        return Hush(
            uid=str(self.uid),
            rule=self.rule,
            target=self.target,
            by=self.author,
            reason=self.reason,
            ends_at=self.ends_at,
        )

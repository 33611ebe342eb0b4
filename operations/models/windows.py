"""Minutes: what the web processes counted, and what the rules read."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Minute(models.Model):
    """The sums of one series over one minute. `slots_read` counts how many of its
    six 10 s slots could be read: a minute read in part is not a quiet minute. Kept
    "40 days for windows and follow-ups" (OPERATIONS.md §3), which will read them."""

    WEB, READINGS = "web", "readings"

    at = models.DateTimeField(help_text="start of the minute, UTC")
    series = models.CharField(max_length=100)
    values = models.JSONField(default=dict)
    slots_read = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["at", "series"], name="minute_once"),
            models.CheckConstraint(
                condition=Q(slots_read__gte=0, slots_read__lte=6),
                name="minute_has_six_slots",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.series} {self.at:%Y-%m-%dT%H:%MZ}"

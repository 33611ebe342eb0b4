"""The story of an alert, a line at a time."""

from __future__ import annotations

from datetime import datetime

from operations.domain.alerting import TimelineKind
from operations.models import Alert, TimelineEntry


def note(
    alert: Alert, kind: TimelineKind, *, at: datetime, actor: str, text: str
) -> None:
    TimelineEntry.objects.create(alert=alert, at=at, kind=kind, actor=actor, text=text)

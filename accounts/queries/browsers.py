"""Who is logged in by a browser's cookie, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from accounts.models import WebSession


@dataclass(frozen=True, slots=True)
class Browser:
    user_id: int
    actor: str
    ends: datetime
    seen_at: datetime

    def lives(self) -> bool:
        return timezone.now() < self.ends


def browser_of(session_key: str) -> Browser | None:
    """None for nobody who is logged in. One query."""
    rows = WebSession.objects.select_related("session", "user")
    row = rows.filter(session_key=session_key).first()
    if row is None or row.user is None or row.session is None:
        return None
    ends = min(filter(None, [row.expire_date, row.session.ends_at]))
    user, session = row.user, row.session
    return Browser(user.pk, user.actor, ends, session.seen_at)

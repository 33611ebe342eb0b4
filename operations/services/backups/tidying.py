"""What a crash left of backups that nobody takes any more."""

from __future__ import annotations

from datetime import datetime, timedelta

from operations.models import Backup
from operations.services.backups import kept, ownership

# A scheduled one has an hour; by hand, a large database may take longer.
LONGEST = timedelta(hours=3)
WHY = "whoever took it ended before it was done"


def tidy(at: datetime) -> int:
    """Rows that have been running for longer than any backup does are failed, their
    files go; how many rows."""
    dead = Backup.objects.filter(
        status=Backup.Status.RUNNING, started_at__lt=at - LONGEST
    )
    ended = 0
    for backup in dead:
        kept.remove(backup.uid.hex, ownership.own_mark())
        ended += dead.filter(pk=backup.pk).update(
            status=Backup.Status.FAILED, finished_at=at, error=WHY
        )
    return ended

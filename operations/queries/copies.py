"""Reading backups."""

from __future__ import annotations

from kernel import cursor
from operations.models import Backup


def backup_page(*, limit: int = 50, after: str = "") -> tuple[list[Backup], str | None]:
    """Backups newest first: one query."""
    return cursor.page(
        Backup.objects.all(), field="started_at", limit=limit, cursor=after
    )

"""Reading backups."""

from __future__ import annotations

from kernel import cursor
from operations.models import Backup


def backup_page(*, limit: int = 50, after: str = "") -> tuple[list[Backup], str | None]:
    """Backups newest first: one query."""
    return cursor.page(
        Backup.objects.all(), field="started_at", limit=limit, cursor=after
    )


def newest_good() -> Backup | None:
    """The backup that a restore would choose: the newest that did not fail."""
    good = Backup.objects.filter(status__in=[Backup.Status.OK, Backup.Status.VERIFIED])
    return good.order_by("-started_at").first()

"""Reading backups."""

from __future__ import annotations

from audit import queries as audit_queries
from kernel.paging import Page, newest_first
from operations.models import Backup, RestoreDrill


def backups(*, limit: int = 50, cursor: str = "") -> Page[Backup]:
    """Newest first: one query."""
    rows = Backup.objects.all()
    return newest_first(rows, field="started_at", limit=limit, cursor=cursor)


def newest_good() -> Backup | None:
    """The backup that a restore would choose: the newest that did not fail."""
    good = Backup.objects.filter(status__in=[Backup.Status.OK, Backup.Status.VERIFIED])
    return good.order_by("-started_at").first()


def unsealed_backups() -> int:
    """How many that are kept anybody can read who finds them."""
    good = Backup.objects.filter(status__in=[Backup.Status.OK, Backup.Status.VERIFIED])
    return good.filter(key_id="").count()


def key_object(recipient: str) -> str:
    """A key of backups as the log names it."""
    return f"backup-key:{recipient}"


def key_was_exported(recipient: str) -> bool:
    return bool(audit_queries.about([key_object(recipient)], 1))


def newest_drill() -> RestoreDrill | None:
    drills = RestoreDrill.objects.select_related("backup")
    return drills.order_by("-started_at").first()

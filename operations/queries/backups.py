"""Reading backups."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from django.conf import settings
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.utils import timezone

from audit import queries as audit_queries
from audit.domain.event import RESTORED
from kernel.paging import Page, newest_first
from operations.models import Backup, RestoreDrill

Row = TypeVar("Row", Backup, RestoreDrill)


def backups(*, limit: int = 50, cursor: str = "") -> Page[Backup]:
    """Newest first: one query."""
    rows = Backup.objects.all()
    return newest_first(rows, field="started_at", limit=limit, cursor=cursor)


def newest_good() -> Backup | None:
    """The backup that a restore would choose: the newest that did not fail, of what our
    log tells. One that a clock dated ahead hides none that was taken since."""
    good = Backup.objects.filter(status__in=[Backup.Status.OK, Backup.Status.VERIFIED])
    return _newest(good.filter(of_this_log=True))


def restored_at() -> datetime | None:
    """When the last restore was; None before the first."""
    return audit_queries.newest_at(RESTORED)


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
    """Of this environment: rows of another may have come with a restored copy."""
    drills = RestoreDrill.objects.filter(environment=settings.RRR_ENV)
    drills = drills.select_related("backup")
    return _newest(drills)


def newest_good_drill() -> RestoreDrill | None:
    """The newest of this environment that succeeded."""
    drills = RestoreDrill.objects.filter(environment=settings.RRR_ENV, ok=True)
    return _newest(drills)


def _newest(rows: QuerySet[Row]) -> Row | None:
    """One query; what is dated ahead of now only when there is nothing else."""
    ahead = ExpressionWrapper(
        Q(started_at__gt=timezone.now()), output_field=BooleanField()
    )
    return rows.order_by(ahead, "-started_at").first()

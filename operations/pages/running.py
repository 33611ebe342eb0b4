"""The pages of jobs and of backups."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings

from kernel.display import age
from operations import queries
from operations.domain import recovery
from operations.services.backups import engines

PAGE = 50


def jobs(at: datetime) -> dict[str, Any]:
    """Every job with its schedule, and the newest runs."""
    return {
        "at": at,
        "jobs": queries.job_board(at),
        "runs": queries.runs(limit=PAGE).rows,
    }


def backups(cursor: str) -> dict[str, Any]:
    """A page of what there is, and how old the newest good one may grow."""
    page, drill = queries.backups(limit=PAGE, cursor=cursor), queries.newest_drill()
    good = drill if drill and drill.ok else queries.newest_good_drill()
    return {
        "backups": page.rows,
        "next_cursor": page.next_cursor,
        "newest": queries.newest_good(),
        "aside": engines.engine().set_aside(),
        "drill": drill,
        "measured": good,
        "goes_back": age(float(good.rpo_seconds or 0)) if good else "",
        "frequency": age(settings.BACKUP_FREQUENCY.total_seconds()),
        "promised_rto": age(recovery.RTO.total_seconds()),
        "outside": recovery.OUTSIDE,
    }

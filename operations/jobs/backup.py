"""The backup job: looks often, takes one when the newest is older than its frequency."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from kernel.registry import Params, job
from operations.models import Backup
from operations.services.backups import taking


@job("backup", schedule="every 5m", timeout=timedelta(hours=1))
def backup(params: Params) -> str:
    """Raises RuntimeError when a backup was due and could not be made."""
    if params.get("now") != "true" and not taking.due(timezone.now()):
        return "not due: the newest backup is young enough"
    made = taking.take("j:backup", taking.nothing)
    if made.status == Backup.Status.FAILED:
        raise RuntimeError(f"no backup was made: {made.error}")
    return f"{made.uid.hex} {made.status}, {made.bytes} bytes"

"""Files that were handed in and that nobody books."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from kernel.errors import Conflict
from trades.models import ImportBatch
from trades.services.staging import move

State = ImportBatch.State
KEPT = timedelta(days=7)
FORGOTTEN = "Nobody booked it within 7 days: the file is forgotten. Send it again."


def prune(at: datetime) -> int:
    """Give up previews, and files that could not be read, older than 7 days, with
    their bytes; how many. Nothing of them was ever booked."""
    idle = ImportBatch.objects.filter(state__in=(State.PREVIEW, State.FAILED))
    old = idle.filter(created_at__lt=at - KEPT, parts__isnull=False).distinct()
    return sum(_forgotten(batch) for batch in old.defer("report"))


def _forgotten(batch: ImportBatch) -> bool:
    """Whether it was given up: a commit that came first goes on."""
    origins = (State.PREVIEW, State.FAILED)
    try:
        with transaction.atomic():
            move(batch, origins, State.CANCELLED, problem=FORGOTTEN)
            batch.parts.all().delete()
    except Conflict:
        return False
    return True

"""Jobs: the daily curves follow the ledger also when nobody looks."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from kernel.registry import Params, job
from portfolio.services import equity


@job(equity.JOB, schedule="every 10m", timeout=timedelta(minutes=30))
def portfolio_equity(params: Params) -> str:
    """Bring curves up to date: one book's, or (scheduled) every book's."""
    now = timezone.now()
    if "book" in params:
        changed = equity.rebuild(int(params["book"]), now)
        return f"1 book recomputed, {changed} days changed"
    books, points = equity.catch_up(now)
    return f"{books} books recomputed, {points} days changed"

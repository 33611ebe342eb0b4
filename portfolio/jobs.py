"""Jobs: the daily curves follow the ledger."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from kernel.registry import Params, job
from portfolio.services import equity


@job(
    "portfolio-equity",
    schedule="every 10m",
    timeout=timedelta(minutes=30),
    follows=("book", "prices"),
)
def portfolio_equity(params: Params) -> str:
    """Bring curves up to date: one book's after its facts; every book's after prices,
    and by schedule, for days end without a fact."""
    now = timezone.now()
    if "book" in params:
        changed = equity.rebuild(int(params["book"]), now)
        return f"1 book recomputed, {changed} days changed"
    books, points = equity.catch_up(now)
    return f"{books} books recomputed, {points} days changed"

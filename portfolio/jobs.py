"""Jobs: the daily curves follow the ledger, and both follow their rules."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from kernel.display import plural
from kernel.registry import Params, job
from portfolio.queries.books import every_book
from portfolio.services import equity
from trades.services import rebuilding


@job(
    "portfolio-equity",
    title="Equity curves",
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
        return f"1 book recomputed, {plural(changed, 'day')} changed"
    books, points = equity.catch_up(now)
    return f"{plural(books, 'book')} recomputed, {plural(points, 'day')} changed"


@job("portfolio-rederive", title="Books derived again", timeout=timedelta(hours=4))
def portfolio_rederive(params: Params) -> str:
    """Derive again the books whose stored rows are not what their facts say, as after
    a release that changed a rule. Compares without a lock; a book that differs is
    locked while it is rebuilt."""
    books = every_book()
    differ = [book for book in books if rebuilding.differences(book)]
    for book in differ:
        rebuilding.rebuild(book)
        equity.rebuild(book.pk, timezone.now(), afresh=True)
    return f"{len(differ)} of {plural(len(books), 'book')} derived again"

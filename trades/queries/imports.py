"""The imports of a person."""

from __future__ import annotations

from accounts.models import User
from kernel.paging import Page, newest_first
from trades.models import ImportBatch


def imports_page(by: User, *, limit: int, cursor: str = "") -> Page[ImportBatch]:
    """Their own imports, newest first, without what reading them found."""
    rows = ImportBatch.objects.filter(created_by=by).defer("report")
    return newest_first(rows, field="created_at", limit=limit, cursor=cursor)

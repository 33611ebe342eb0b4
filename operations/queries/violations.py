"""Reading what browsers reported against the content policy."""

from __future__ import annotations

from kernel.paging import Page, newest_first
from operations.models import PolicyViolation


def policy_violations(*, limit: int, cursor: str = "") -> Page[PolicyViolation]:
    """The one met last first: one query."""
    rows = PolicyViolation.objects.all()
    return newest_first(rows, field="last_at", limit=limit, cursor=cursor)

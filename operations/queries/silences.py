"""Reading silences: which hold now, and which of them holds an alert's words back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from kernel.errors import NotFound
from kernel.paging import Page, newest_first
from operations.models import Alert, Silence

MOST = 200  # that are shown or looked through at once


def silences(
    *, active: bool | None = None, at: datetime, limit: int = 50, cursor: str = ""
) -> Page[Silence]:
    """Newest first: all, those that hold, or those that are over."""
    rows = _with_people()
    if active is not None:
        rows = rows.filter(pk__in=_holding(at)) if active else _over(rows, at)
    return newest_first(rows, field="begun_at", limit=limit, cursor=cursor)


def active_silences(at: datetime) -> list[Silence]:
    """Those that hold now, the one that ends last before the others: one query."""
    return list(_with_people().filter(pk__in=_holding(at)).order_by("-ends_at")[:MOST])


def silence_over(rule: str, target: str, at: datetime) -> Silence | None:
    """The silence that holds this rule's words about this target back; of several the
    one that ends last."""
    rows = _with_people().filter(pk__in=_holding(at), rule=rule)
    return rows.filter(target__in=("", target)).order_by("-ends_at").first()


def silences_by_alert(
    alerts: Iterable[Alert], active: Iterable[Silence]
) -> dict[int, Silence]:
    """Of each alert the first of these that covers it; no query."""
    active = list(active)
    return {
        alert.pk: silence
        for alert in alerts
        for silence in reversed(active)
        if silence.hush.covers(alert.rule, alert.target)
    }


def silence(uid: UUID) -> Silence:
    """Raises NotFound."""
    try:
        return _with_people().get(uid=uid)
    except Silence.DoesNotExist as error:
        raise NotFound("There is no such silence.", code="not_found") from error


def _with_people() -> QuerySet[Silence]:
    return Silence.objects.select_related("by", "ended_by")


def _holding(at: datetime) -> QuerySet[Silence]:
    return Silence.objects.filter(ended_at=None, ends_at__gt=at)


def _over(rows: QuerySet[Silence], at: datetime) -> QuerySet[Silence]:
    return rows.exclude(pk__in=_holding(at))

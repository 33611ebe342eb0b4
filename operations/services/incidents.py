"""What people decide about an alert: that somebody is on it, or that it is over."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from accounts.models import User
from audit.services import append
from kernel.cache import bump
from kernel.errors import Conflict
from operations import queries
from operations.domain.alerting import TimelineKind
from operations.models import Alert
from operations.services import alerting, timeline


@transaction.atomic
def acknowledge(uid: UUID, by: User, at: datetime) -> Alert:
    """Say that somebody is on it; repeating it keeps the first name.

    Raises NotFound, or Conflict when it has resolved meanwhile.
    """
    alert = _unresolved(uid)
    won = Alert.objects.filter(pk=alert.pk, acknowledged_at=None).update(
        acknowledged_by=by, acknowledged_at=at, revision=F("revision") + 1
    )
    if won:
        timeline.note(
            alert,
            TimelineKind.ACKNOWLEDGED,
            at=at,
            actor=by.actor,
            text=f"by {by.username}",
        )
        bump(alerting.TAG)
        _record("operations.alert.acknowledged", alert, by)
    return queries.alert(uid)


@transaction.atomic
def resolve_by_hand(uid: UUID, by: User, at: datetime) -> Alert:
    """End an alert that its rule no longer sees; it opens anew when it is breached.

    Raises NotFound, or Conflict when it has changed meanwhile.
    """
    alert = _unresolved(uid)
    if not alerting.end(alert, at, by.actor, f"by hand, {by.username}"):
        raise Conflict("This alert has just changed: look again.", code="changed")
    _record("operations.alert.resolved", alert, by)
    return queries.alert(uid)


def _unresolved(uid: UUID) -> Alert:
    alert = queries.alert(uid)
    if alert.state == Alert.State.RESOLVED:
        raise Conflict("This alert has already resolved.", code="resolved")
    return alert


def _record(kind: str, alert: Alert, by: User) -> None:
    append(
        kind,
        actor=by.actor,
        object=f"alert:{alert.uid}",
        data={"rule": alert.rule, "target": alert.target},
    )

"""Silencing a rule for a while, and telling people when that is over.

A silence is a row that nobody changes; it ends once, by its time at a tick or by
somebody's hand, and whoever ends it tells in the same transaction what was held back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from audit.services import append
from kernel.cache import bump
from kernel.errors import Conflict, Invalid
from kernel.texts import plain
from operations import queries
from operations.domain.alerting import TimelineKind
from operations.domain.episodes import NOW, Word
from operations.domain.silences import LONGEST_MINUTES, time_left
from operations.domain.spans import refusals
from operations.models import Alert, Notice, Rule, Silence
from operations.queries.telling import FIRES
from operations.services import alerting, paging, timeline
from operations.services.telling import tell_operators

ACTOR = "j:alerting"


@dataclass(frozen=True, kw_only=True)
class NewSilence:
    """What somebody wants silenced; `target` "" is every target of the rule."""

    rule: str
    target: str = ""
    reason: str
    minutes: int


@transaction.atomic
def silence(new: NewSilence, by: User, at: datetime) -> Silence:
    """Hold back what would be told of a rule. What waits to be sent of it is not sent.

    Raises NotFound for a rule that there is not, or Invalid, naming the field.
    """
    rule = queries.rule(new.rule)
    faults = refusals(new.reason, new.minutes, most=LONGEST_MINUTES)
    if faults:
        raise Invalid.of(faults)
    length = timedelta(minutes=new.minutes)
    row = Silence.objects.create(
        rule=rule.name,
        target=new.target,
        reason=plain(new.reason.strip(), "reason"),
        by=by,
        begun_at=at,
        ends_at=at + length,
        left=length,
        seen_at=at,
    )
    for alert in _alerts_of(row).exclude(state=Alert.State.RESOLVED):
        said = row.hush.said
        timeline.note(alert, TimelineKind.SILENCED, at=at, actor=by.actor, text=said)
        waiting = Notice.objects.filter(
            kind="alert", about=f"alert:{alert.uid}", state=Notice.State.QUEUED
        )
        waiting.update(state=Notice.State.SUPPRESSED, last_error=said)
    _record("operations.silence.begun", row, by.actor)
    _spread()
    return row


def silence_alert(
    uid: UUID, *, reason: str, minutes: int, by: User, at: datetime
) -> Silence:
    """As `silence`, of an alert's rule and target. Raises NotFound, Invalid, or
    Conflict when it has resolved: its rule can be silenced all the same."""
    alert = queries.alert(uid)
    if alert.state == Alert.State.RESOLVED:
        raise Conflict(
            "This alert has resolved: silence its rule instead.", code="resolved"
        )
    new = NewSilence(
        rule=alert.rule, target=alert.target, reason=reason, minutes=minutes
    )
    return silence(new, by, at)


@transaction.atomic
def end(uid: UUID, by: User, at: datetime) -> Silence:
    """End a silence before its time. Raises NotFound, or Conflict when it is over."""
    row = queries.silence(uid)
    if not _end(row, at, by):
        raise Conflict("This silence is over already.", code="over")
    return queries.silence(uid)


def settle(at: datetime) -> int:
    """Count the silences down and end those whose time is over; how many ended."""
    return sum(
        _count_down(row, at)
        for row in Silence.objects.filter(ended_at=None).select_related("by")
    )


def _count_down(row: Silence, at: datetime) -> bool:
    left = time_left(row.left, ends_at=row.ends_at, seen=row.seen_at, at=at)
    if left <= NOW:
        return _end(row, at, None)
    mine = Silence.objects.filter(pk=row.pk, ended_at=None, seen_at=row.seen_at)
    mine.update(left=left, seen_at=at)
    return False


@transaction.atomic
def _end(row: Silence, at: datetime, by: User | None) -> bool:
    """False when somebody ended it first. Of several over an alert the last to end
    tells: they end one after the other."""
    unended = Silence.objects.filter(rule=row.rule, ended_at=None)
    list(unended.select_for_update().order_by("pk"))
    if not unended.filter(pk=row.pk).update(ended_at=at, ended_by=by):
        return False
    actor = by.actor if by else ACTOR
    said = f"by {by.username}, before its time" if by else "its time is over"
    for alert in _alerts_of(row):
        timeline.note(alert, TimelineKind.UNSILENCED, at=at, actor=actor, text=said)
        if not unended.filter(target__in=("", alert.target)).exists():
            _make_up(alert, row, at)
    _record("operations.silence.ended", row, actor)
    _spread()
    return True


def _make_up(alert: Alert, row: Silence, at: datetime) -> None:
    """Tell how an alert stands that people may think of otherwise. What flaps says by
    itself that it has calmed down."""
    word = None
    if alert.state == Alert.State.FIRING:
        word = Word.STILL
    elif queries.last_word(alert) in FIRES and not alert.unsettled:
        word = Word.UNREAD if queries.ended_unread(alert) else Word.RESOLVED
    if word is not None:
        tell_operators(
            alert,
            title=Rule.objects.get(name=alert.rule).title,
            word=word,
            episode=alert.episode,
            text=f"{alert.seen} (threshold {alert.allowed}). Nobody was told while it "
            f"was {row.hush.said}",
            at=at,
            since=alert.fired_at if word is Word.STILL else at,
            occasion=str(row.uid),
        )


def _alerts_of(row: Silence) -> QuerySet[Alert]:
    """Those of its rule and target that are open, or ended while it held."""
    alerts = Alert.objects.filter(rule=row.rule)
    if row.target:
        alerts = alerts.filter(target=row.target)
    return alerts.filter(
        ~Q(state=Alert.State.RESOLVED) | Q(resolved_at__gte=row.begun_at)
    ).order_by("pk")


def _record(kind: str, row: Silence, actor: str) -> None:
    append(
        kind,
        actor=actor,
        object=f"silence:{row.uid}",
        data={
            "rule": row.rule,
            "target": row.target,
            "reason": row.reason,
            "ends_at": f"{row.ends_at:%Y-%m-%dT%H:%M:%SZ}",
        },
    )


def _spread() -> None:
    """Pages show it, and `watch` knows of it before the database may be gone."""
    bump(alerting.TAG)
    transaction.on_commit(paging.mirror, robust=True)

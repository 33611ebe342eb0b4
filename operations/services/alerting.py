"""Evaluates the rules and moves alerts: pending, firing, resolved.

Every evaluator may run at any time and beside others: an alert is opened under a
unique constraint and moved by compare-and-set on its revision, so two looks at
the same moment make one change. Transitions are timeline rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from audit.domain.canonical import jcs
from kernel.cache import bump
from kernel.numbers import text
from operations.domain import rules
from operations.domain.alerting import AlertTimes, Change, Reading, TimelineKind, step
from operations.models import Alert, AlertSource, Rule
from operations.services import counters, memory, minutes, timeline
from operations.services.telling import tell_operators

ENGINE = "in-app"
ACTOR = "j:alerting"
TAG = "alerts"
State = Alert.State


@dataclass(frozen=True)
class Look:
    """One reading of one rule at one moment."""

    reading: Reading
    rule: Rule
    at: datetime

    @property
    def figure(self) -> str:
        """ "91 % (threshold 80 %)" """
        value, rule = self.reading.value, self.rule
        shown = "no value" if value is None else f"{text(value)} {rule.unit}"
        return f"{shown} (threshold {text(rule.threshold)} {rule.unit})"

    @property
    def last(self) -> dict[str, Any]:
        """The columns that every look with data writes."""
        return {
            "value": self.reading.value,
            "threshold": self.rule.threshold,
            "last_data_at": self.at,
        }


def fingerprint(rule: str, target: str) -> str:
    return hashlib.sha256(jcs({"rule": rule, "target": target})).hexdigest()


def evaluate(at: datetime) -> int:
    """Look at every rule but the database's (`watch` owns that one); roll up the
    last minute. Returns how many alerts changed."""
    known = {rule.name: rule for rule in Rule.objects.all()}
    readings = list(_readings(known, at))
    changed = sum(
        apply(reading, known[reading.rule], at)
        for reading in readings
        if reading.rule in known
    )
    minutes.roll_up(at)
    return changed


def _readings(known: Mapping[str, Rule], at: datetime) -> Iterator[Reading]:
    database_down = Alert.objects.filter(
        rule=rules.DATABASE, state=State.FIRING
    ).exists()
    counts = None if database_down else counters.read_window(at.timestamp())
    if rules.ERROR_RATE in known:
        yield rules.read_error_rate(counts, known[rules.ERROR_RATE].threshold)
    if rules.LATENCY in known:
        yield rules.read_latency(counts, known[rules.LATENCY].threshold)
    if rules.MEMORY in known:
        for host, percent in (memory.read(at.timestamp()) or {}).items():
            yield rules.read_memory(host, percent, known[rules.MEMORY].threshold)


def apply(reading: Reading, rule: Rule, at: datetime) -> bool:
    """Move the alert of one reading; True when something changed."""
    if not rule.enabled:
        reading = replace(reading, breached=False)
    alert = _newest(reading)
    change = step(_times(alert), reading, for_seconds=rule.for_seconds, at=at)
    if change is Change.NOTHING:
        return False
    try:
        with transaction.atomic():
            return _move(change, alert, Look(reading, rule, at))
    except IntegrityError:
        return False  # another evaluator opened the same alert first


def _newest(reading: Reading) -> Alert | None:
    """The unresolved one, else the last made: by id and not by time, for a clock that
    was set back makes an older one look newer."""
    alerts = Alert.objects.filter(fingerprint=fingerprint(reading.rule, reading.target))
    unresolved = alerts.exclude(state=State.RESOLVED).first()
    return unresolved or alerts.order_by("-pk").first()


def _times(alert: Alert | None) -> AlertTimes | None:
    if alert is None:
        return None
    return AlertTimes(
        pending_at=alert.pending_at,
        fired_at=alert.fired_at,
        below_since=alert.below_since,
        resolved_at=alert.resolved_at,
    )


def _move(change: Change, alert: Alert | None, look: Look) -> bool:
    if change is Change.OPEN:
        alert = _open(look)
        return _fire(alert, look) if look.rule.for_seconds == 0 else True
    assert alert is not None
    if change is Change.FIRE:
        return _fire(alert, look)
    if change is Change.REOPEN:
        return _reopen(alert, look)
    if change is Change.RESOLVE:
        return resolve(alert, look.at, ACTOR, "below the threshold again")
    _set(alert, **look.last, below_since=look.at if change is Change.BELOW else None)
    return False


def _set(alert: Alert, **values: Any) -> bool:
    """Compare-and-set on the revision; False when somebody else was first."""
    return bool(
        Alert.objects.filter(pk=alert.pk, revision=alert.revision).update(
            revision=F("revision") + 1, **values
        )
    )


def _open(look: Look) -> Alert:
    alert = Alert.objects.create(
        fingerprint=fingerprint(look.rule.name, look.reading.target),
        rule=look.rule.name,
        target=look.reading.target,
        severity=look.rule.severity,
        pending_at=look.at,
        **look.last,
    )
    AlertSource.objects.create(alert=alert, engine=ENGINE, starts_at=look.at)
    _note(alert, TimelineKind.PENDING, look)
    return alert


def _fire(alert: Alert, look: Look) -> bool:
    won = _set(
        alert, **look.last, state=State.FIRING, fired_at=look.at, below_since=None
    )
    if won:
        _note(alert, TimelineKind.FIRING, look)
        tell_operators(
            alert,
            title=look.rule.title,
            level=State.FIRING.value,
            text=look.figure,
            at=look.at,
        )
    return won


def _reopen(alert: Alert, look: Look) -> bool:
    won = _set(
        alert, **look.last, state=State.FIRING, resolved_at=None, below_since=None
    )
    if won:
        alert.sources.update(ends_at=None)
        _note(alert, TimelineKind.REOPENED, look)
    return won


def resolve(alert: Alert, at: datetime, actor: str, why: str) -> bool:
    """End it and say so to whom it was told; False when somebody was first."""
    won = _set(alert, state=State.RESOLVED, resolved_at=at, last_data_at=at)
    if won:
        alert.sources.filter(ends_at=None).update(ends_at=at)
        timeline.note(alert, TimelineKind.RESOLVED, at=at, actor=actor, text=why)
        if alert.fired_at is not None:
            title = Rule.objects.get(name=alert.rule).title
            level = State.RESOLVED.value
            tell_operators(alert, title=title, level=level, text=why, at=at)
        bump(TAG)
    return won


def _note(alert: Alert, kind: TimelineKind, look: Look) -> None:
    timeline.note(alert, kind, at=look.at, actor=ACTOR, text=look.figure)
    bump(TAG)

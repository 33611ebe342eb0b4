"""Evaluates the rules and moves alerts: pending, firing, resolved.

Every evaluator may run at any time and beside others: an alert is opened under a
unique constraint and moved by compare-and-set on its revision, so two looks at
the same moment make one change. Transitions are timeline rows; what people decide
(acknowledge, resolve, thresholds) is an audit event as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from accounts.models import User
from audit.domain.canonical import jcs
from audit.services import append
from kernel.cache import bump
from kernel.errors import Conflict, FieldError, Invalid, NotFound
from kernel.http import own_base
from kernel.numbers import text
from operations.domain import alerting as rules
from operations.domain import windows
from operations.domain.alerting import Change, Reading, Standing, step
from operations.models import Alert, AlertSource, Minute, Rule, TimelineEntry
from operations.services import counters, delivery, memory

ENGINE = "in-app"
TAG = "alerts"
State = Alert.State


def ensure_rules() -> None:
    """The four rules that come with the product, where they are missing."""
    for seed in rules.SEEDS:
        Rule.objects.get_or_create(
            name=seed.name,
            defaults={
                "title": seed.title,
                "severity": seed.severity,
                "threshold": seed.threshold,
                "unit": seed.unit,
                "for_seconds": seed.for_seconds,
            },
        )


def fingerprint(rule: str, target: str) -> str:
    return hashlib.sha256(jcs({"rule": rule, "target": target})).hexdigest()


def operators() -> list[tuple[str, str]]:
    """(name, mail address) of the people whom alerts are mailed to."""
    found = User.objects.filter(
        groups__name="Operator", is_active=True, is_service=False
    )
    return list(found.exclude(email="").order_by("pk").values_list("username", "email"))


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
    roll_up(at)
    return changed


def _readings(known: Mapping[str, Rule], at: datetime) -> Iterable[Reading]:
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
        reading = Reading(reading.rule, reading.target, reading.value, breached=False)
    mark = fingerprint(reading.rule, reading.target)
    # Newest first: an unresolved one is always newer than the resolved ones.
    alert = (
        Alert.objects.filter(fingerprint=mark).order_by("-pending_at", "-pk").first()
    )
    change = step(_standing(alert), reading, for_seconds=rule.for_seconds, at=at)
    if change is Change.NOTHING:
        return False
    try:
        with transaction.atomic():
            moved = _move(change, alert, reading, rule, mark, at)
    except IntegrityError:
        return False  # another evaluator opened the same alert first
    return moved


def _standing(alert: Alert | None) -> Standing | None:
    if alert is None:
        return None
    return Standing(
        alert.pending_at, alert.fired_at, alert.below_since, alert.resolved_at
    )


def _move(
    change: Change,
    alert: Alert | None,
    reading: Reading,
    rule: Rule,
    mark: str,
    at: datetime,
) -> bool:
    if change is Change.OPEN:
        alert = _open(reading, rule, mark, at)
        return _fire(alert, reading, rule, at) if rule.for_seconds == 0 else True
    assert alert is not None
    if change is Change.FIRE:
        return _fire(alert, reading, rule, at)
    if change is Change.REOPEN:
        return _reopen(alert, reading, rule, at)
    if change is Change.RESOLVE:
        return _resolve(alert, at, "j:alerting", "below the threshold again")
    below = at if change is Change.BELOW else None
    _set(
        alert,
        value=reading.value,
        threshold=rule.threshold,
        last_data_at=at,
        below_since=below,
    )
    return False


def _set(alert: Alert, **values: Any) -> bool:
    """Compare-and-set on the revision; False when somebody else was first."""
    return bool(
        Alert.objects.filter(pk=alert.pk, revision=alert.revision).update(
            revision=F("revision") + 1, **values
        )
    )


def _open(reading: Reading, rule: Rule, mark: str, at: datetime) -> Alert:
    alert = Alert.objects.create(
        fingerprint=mark,
        rule=rule.name,
        target=reading.target,
        severity=rule.severity,
        value=reading.value,
        threshold=rule.threshold,
        pending_at=at,
        last_data_at=at,
    )
    AlertSource.objects.create(alert=alert, engine=ENGINE, starts_at=at)
    _note(alert, at, "pending", "j:alerting", _figure(reading.value, rule))
    bump(TAG)
    return alert


def _fire(alert: Alert, reading: Reading, rule: Rule, at: datetime) -> bool:
    won = _set(
        alert,
        state=State.FIRING,
        fired_at=at,
        value=reading.value,
        threshold=rule.threshold,
        last_data_at=at,
        below_since=None,
    )
    if won:
        _note(alert, at, "firing", "j:alerting", _figure(reading.value, rule))
        _tell(alert, rule, "firing", _figure(reading.value, rule), at)
        bump(TAG)
    return won


def _reopen(alert: Alert, reading: Reading, rule: Rule, at: datetime) -> bool:
    won = _set(
        alert,
        state=State.FIRING,
        resolved_at=None,
        below_since=None,
        value=reading.value,
        threshold=rule.threshold,
        last_data_at=at,
    )
    if won:
        alert.sources.update(ends_at=None)
        _note(alert, at, "reopened", "j:alerting", _figure(reading.value, rule))
        bump(TAG)
    return won


def _resolve(alert: Alert, at: datetime, actor: str, why: str) -> bool:
    won = _set(alert, state=State.RESOLVED, resolved_at=at, last_data_at=at)
    if won:
        alert.sources.filter(ends_at=None).update(ends_at=at)
        _note(alert, at, "resolved", actor, why)
        if alert.fired_at is not None:
            rule = Rule.objects.get(name=alert.rule)
            _tell(alert, rule, "resolved", why, at)
        bump(TAG)
    return won


def _figure(value: Decimal | None, rule: Rule) -> str:
    shown = "no value" if value is None else f"{text(value)} {rule.unit}"
    return f"{shown} (threshold {text(rule.threshold)} {rule.unit})"


def _note(alert: Alert, at: datetime, kind: str, actor: str, words: str) -> None:
    TimelineEntry.objects.create(alert=alert, at=at, kind=kind, actor=actor, text=words)


def message(
    alert: Alert, rule_title: str, level: str, words: str, at: datetime
) -> tuple[str, str]:
    """Subject and body of the mail about one change of an alert."""
    subject = f"[{alert.severity}] {rule_title} {level} on {alert.target} ({settings.RRR_ENV})"
    body = "\n".join(
        (
            f"{rule_title}: {level} since {at:%Y-%m-%d %H:%M:%S} UTC on {alert.target}.",
            words,
            "",
            f"{own_base()}/alerts/{alert.uid}/",
        )
    )
    return subject, body


def _tell(alert: Alert, rule: Rule, level: str, words: str, at: datetime) -> None:
    subject, body = message(alert, rule.title, level, words, at)
    told = delivery.queue(
        kind="alert",
        about=f"alert:{alert.uid}",
        level=level,
        recipients=operators(),
        subject=subject,
        body=body,
        at=at,
    )
    _note(
        alert, at, "notified", "j:alerting", f"mail to {told} operators about {level}"
    )


def roll_up(at: datetime) -> None:
    """Keep the last complete minute: an idempotent upsert, repeated until all six
    of its slots were readable."""
    minute = at.replace(second=0, microsecond=0) - timedelta(minutes=1)
    if Minute.objects.filter(
        at=minute, series="web", slots_read=windows.WINDOW_SLOTS
    ).exists():
        return
    counts = counters.read_window((minute + timedelta(minutes=1)).timestamp())
    if counts is not None:
        Minute.objects.update_or_create(
            at=minute,
            series="web",
            defaults={"values": counts.as_fields(), "slots_read": counts.slots_read},
        )


def find(uid: UUID) -> Alert:
    """The alert with this public id. Raises NotFound."""
    try:
        return Alert.objects.select_related("acknowledged_by").get(uid=uid)
    except Alert.DoesNotExist as error:
        raise NotFound("There is no such alert.", code="not_found") from error


def _decidable(uid: UUID) -> Alert:
    alert = find(uid)
    if alert.state == State.RESOLVED:
        raise Conflict("This alert has already resolved.", code="resolved")
    return alert


@transaction.atomic
def acknowledge(uid: UUID, by: User, at: datetime) -> Alert:
    """Say that somebody is on it; repeating it keeps the first name.

    Raises NotFound, or Conflict when it has resolved meanwhile.
    """
    alert = _decidable(uid)
    won = Alert.objects.filter(pk=alert.pk, acknowledged_at=None).update(
        acknowledged_by=by, acknowledged_at=at, revision=F("revision") + 1
    )
    if won:
        _note(alert, at, "acknowledged", by.actor, f"by {by.username}")
        bump(TAG)
        append(
            "operations.alert.acknowledged",
            actor=by.actor,
            object=f"alert:{alert.uid}",
            data={"rule": alert.rule, "target": alert.target},
        )
    return find(uid)


@transaction.atomic
def resolve_by_hand(uid: UUID, by: User, at: datetime) -> Alert:
    """End an alert that its rule no longer sees; it opens anew when it is breached.

    Raises NotFound, or Conflict when it has changed meanwhile.
    """
    alert = _decidable(uid)
    if not _resolve(alert, at, by.actor, f"by hand, {by.username}"):
        raise Conflict("This alert has just changed: look again.", code="changed")
    append(
        "operations.alert.resolved",
        actor=by.actor,
        object=f"alert:{alert.uid}",
        data={"rule": alert.rule, "target": alert.target},
    )
    return find(uid)


@transaction.atomic
def set_threshold(name: str, threshold: Decimal, *, revision: int, by: User) -> Rule:
    """Change a rule's threshold, given the revision that was seen.

    Raises NotFound, Invalid with the reason, or Conflict with the current values.
    """
    rule = Rule.objects.filter(name=name).first()
    if rule is None:
        raise NotFound("There is no such rule.", code="not_found")
    problem = rules.threshold_problem(name, threshold)
    if problem:
        raise Invalid(
            f"threshold {problem}.",
            code="threshold",
            errors=[FieldError("/threshold", "threshold", problem)],
        )
    won = Rule.objects.filter(pk=rule.pk, revision=revision).update(
        threshold=threshold, revision=F("revision") + 1
    )
    if not won:
        raise Conflict(
            f"The rule was changed meanwhile: its threshold is {text(rule.threshold)} "
            f"{rule.unit}, revision {rule.revision}.",
            code="stale",
            extra={
                "current": {
                    "threshold": text(rule.threshold),
                    "revision": rule.revision,
                }
            },
        )
    bump(TAG)
    append(
        "operations.rule.changed",
        actor=by.actor,
        object=f"rule:{name}",
        data={"threshold": {"from": text(rule.threshold), "to": text(threshold)}},
    )
    rule.refresh_from_db()
    return rule

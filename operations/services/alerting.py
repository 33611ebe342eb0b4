"""Evaluates the rules and moves alerts as `operations.domain.episodes` says.

Every evaluator may run at any time and beside others: an alert is opened under a
unique constraint and moved by compare-and-set on its revision, so two looks at
the same moment make one change. Transitions are timeline rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from audit.domain.canonical import jcs
from kernel.cache import bump
from operations import queries
from operations.domain import episodes, rules
from operations.domain.alerting import Reading, TimelineKind
from operations.domain.episodes import (
    NOW,
    REOPEN_WITHIN,
    Course,
    CourseState,
    Turn,
    Word,
)
from operations.models import Alert, AlertSource, Rule
from operations.services import minutes, timeline
from operations.services.readings import read
from operations.services.telling import tell_operators

ENGINE = "in-app"
ACTOR = "j:alerting"
TAG = "alerts"
JUDGED_EVERY = timedelta(seconds=30)
# What is only read on another host now and then is not gone.
UNSEEN = timedelta(minutes=10)
ENDS = (Word.RESOLVED, Word.UNREAD)
State = Alert.State


@dataclass(frozen=True)
class Look:
    """One reading of one rule at one moment."""

    reading: Reading
    rule: Rule
    at: datetime

    @property
    def figure(self) -> str:
        """ "91 % (threshold 80 %)", and what else is known of it."""
        seen = rules.figure(self.rule.name, self.reading.value)
        allowed = rules.amount(self.rule.name, self.rule.threshold)
        detail = f": {self.reading.detail}" if self.reading.detail else ""
        return f"{seen} (threshold {allowed}){detail}"

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
    """Look at every rule but the database's (`watch` owns that one); keep the
    last minute. Returns how many alerts changed."""
    known = {rule.name: rule for rule in Rule.objects.all()}
    readings = read(known, at)
    live = _live()
    changed = sum(
        apply(reading, known[reading.rule], at)
        for reading in readings
        if reading.breached or (reading.rule, reading.target) in live
    )
    judged(
        [known[reading.rule] for reading in readings if reading.value is not None], at
    )
    minutes.roll_up(at)
    minutes.keep_readings(readings, at)
    return changed + _let_go(readings, at)


def _live() -> set[tuple[str, str]]:
    """Rule and target of each alert that a look below the threshold still changes."""
    over = Q(waited__gte=REOPEN_WITHIN) | Q(episode=0)
    alerts = Alert.objects.exclude(over, state=State.RESOLVED)
    return set(alerts.values_list("rule", "target"))


def _let_go(readings: Iterable[Reading], at: datetime) -> int:
    """End what nothing is read of any more while its rule reads others: a host that is
    gone, a folder that lies elsewhere now. Returns how many alerts ended."""
    read = {(each.rule, each.target) for each in readings if each.value is not None}
    unresolved = Alert.objects.exclude(state=State.RESOLVED)
    unseen = [
        alert
        for alert in unresolved.filter(rule__in={rule for rule, _ in read})
        if (alert.rule, alert.target) not in read
        and not NOW <= at - (alert.last_data_at or alert.pending_at) < UNSEEN
    ]
    minutes_unread = UNSEEN.seconds // 60
    why = (
        f"nothing has been read of it for {minutes_unread} minutes: whether it is well "
        "again is not known"
    )
    return sum(end(alert, at, ACTOR, why, seen=False) for alert in unseen)


def judged(looked_at: Iterable[Rule], at: datetime) -> None:
    """These were looked at with data; written at most every 30 s."""
    late = [
        rule.pk
        for rule in looked_at
        if rule.judged_at is None or not NOW <= at - rule.judged_at < JUDGED_EVERY
    ]
    if late:
        Rule.objects.filter(pk__in=late).update(judged_at=at)


def apply(reading: Reading, rule: Rule, at: datetime) -> bool:
    """Move the alert of one reading; True when its story went on."""
    if reading.value is None:
        return False
    alert = newest(reading.rule, reading.target)
    turn = episodes.step(
        course_of(alert) if alert else None,
        breached=rule.enabled and reading.breached,
        pause=episodes.passed(alert.last_data_at if alert else None, at),
        wait=timedelta(seconds=rule.for_seconds),
    )
    if turn is None:
        return False
    try:
        with transaction.atomic():
            return _take(turn, alert, Look(reading, rule, at))
    except IntegrityError:
        return False  # another evaluator opened the same alert first


def newest(rule: str, target: str) -> Alert | None:
    """The unresolved one, else the last made: by id and not by time, for a clock that
    was set back makes an older one look newer."""
    alerts = Alert.objects.filter(fingerprint=fingerprint(rule, target))
    unresolved = alerts.exclude(state=State.RESOLVED).first()
    return unresolved or alerts.order_by("-pk").first()


def course_of(alert: Alert) -> Course:
    return Course(
        state=CourseState(alert.state),
        waited=alert.waited,
        below=alert.below_since is not None,
        episode=alert.episode,
        told=alert.told_episode,
        unsettled=alert.unsettled,
        since_flapping=alert.since_flapping,
    )


def columns(course: Course) -> dict[str, Any]:
    """What of a course is written as it stands; when it began is not."""
    return {
        "state": course.state.value,
        "waited": course.waited,
        "episode": course.episode,
        "told_episode": course.told,
        "unsettled": course.unsettled,
        "since_flapping": course.since_flapping,
    }


def _take(turn: Turn, alert: Alert | None, look: Look) -> bool:
    if turn.opened:
        alert = _open(turn, look)
    assert alert is not None
    if not turn.opened and not _set(alert, **_moved(turn, alert, look.at), **look.last):
        return False
    below = turn.course.state is CourseState.RESOLVED
    said = f"below the threshold again: {look.figure}" if below else look.figure
    if turn.event is not None:
        timeline.note(alert, turn.event, at=look.at, actor=ACTOR, text=said)
        bump(TAG)
    if turn.event is TimelineKind.REOPENED:
        alert.sources.update(ends_at=None)
    if turn.event is TimelineKind.RESOLVED:
        alert.sources.filter(ends_at=None).update(ends_at=look.at)
    if turn.word is not None:
        _tell(alert, turn, look.rule.title, said, look.at)
    return turn.event is not None


def _moved(turn: Turn, alert: Alert, at: datetime) -> dict[str, Any]:
    """The columns of the alert's new course, and since when it is so."""
    moved = columns(turn.course)
    moved["below_since"] = (alert.below_since or at) if turn.course.below else None
    if turn.event is TimelineKind.FIRING:
        moved["fired_at"] = at
    if turn.event is TimelineKind.REOPENED:
        moved |= {"resolved_at": None, "acknowledged_by": None, "acknowledged_at": None}
    if turn.course.state is CourseState.RESOLVED and turn.event is not None:
        moved["resolved_at"] = at
    return moved


def _set(alert: Alert, **values: Any) -> bool:
    """Compare-and-set on the revision; False when somebody else was first."""
    return bool(
        Alert.objects.filter(pk=alert.pk, revision=alert.revision).update(
            revision=F("revision") + 1, **values
        )
    )


def _open(turn: Turn, look: Look) -> Alert:
    fired = turn.event is TimelineKind.FIRING
    alert = Alert.objects.create(
        fingerprint=fingerprint(look.rule.name, look.reading.target),
        rule=look.rule.name,
        target=look.reading.target,
        severity=look.rule.severity,
        pending_at=look.at,
        fired_at=look.at if fired else None,
        **columns(turn.course),
        **look.last,
    )
    AlertSource.objects.create(alert=alert, engine=ENGINE, starts_at=look.at)
    return alert


@transaction.atomic
def end(alert: Alert, at: datetime, actor: str, why: str, *, seen: bool = True) -> bool:
    """End it now, whatever its rule says; False when somebody changed it first. Not
    `seen`: because nothing is read of it any more, which nobody may call resolved."""
    turn = episodes.ended(course_of(alert), seen=seen)
    won = _set(alert, **_moved(turn, alert, at))
    if won:
        alert.sources.filter(ends_at=None).update(ends_at=at)
        assert turn.event is not None
        timeline.note(alert, turn.event, at=at, actor=actor, text=why)
        if turn.word is not None:
            _tell(alert, turn, Rule.objects.get(name=alert.rule).title, why, at)
        bump(TAG)
    return won


def _tell(alert: Alert, turn: Turn, title: str, text: str, at: datetime) -> None:
    """Unless a silence holds the word back, or nobody heard that it fired."""
    assert turn.word is not None
    silence = queries.silence_over(alert.rule, alert.target, at)
    if silence is not None:
        said = f"“{turn.word}”: {silence.hush.said}"
        timeline.note(alert, TimelineKind.HELD, at=at, actor=ACTOR, text=said)
    elif turn.word not in ENDS or not queries.was_kept_from_all(alert):
        episode = turn.course.episode
        tell_operators(
            alert, title=title, word=turn.word, episode=episode, text=text, at=at
        )

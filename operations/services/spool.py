"""Alerts that were raised while the database was away, as lines of a file.

Each line is on the disk before we go on. When the database answers again, one
transaction inserts them by uid: a crash in between repeats harmlessly.
"""

from __future__ import annotations

import json
import logging
import os
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from kernel.files import sync_folder
from operations.domain.alerting import TimelineKind
from operations.domain.episodes import NOW, Course, CourseState, Word
from operations.domain.seeds import DATABASE
from operations.domain.silences import Hush
from operations.models import Alert, AlertSource, Notice, TimelineEntry
from operations.services import alerting, outbox, paging, timeline
from operations.services.outbox import Announcement, Recipient

logger = logging.getLogger("rrr.watch")
TARGET = "database"
KEPT = 20  # files of what has become rows, to be read by people
ACTOR = "j:watch"


# What a line of the version before stood for.
BEGUN = Course(state=CourseState.FIRING, episode=1, told=1)


@dataclass(frozen=True, kw_only=True)
class SpooledNotice:
    """A message to one recipient, with the uid that its row will have."""

    uid: str
    recipient: str
    address: str
    channel: str = "email"


@dataclass(frozen=True, kw_only=True)
class Firing:
    """The database alert as it began, or as it stood when people were told again;
    `alert` and `entry` are uids of rows to be. Not `told`: nobody was to be.
    `silence` is the one that holds it back, or that has ended and did."""

    alert: str
    entry: str
    at: str
    severity: str
    threshold: str
    failures: int
    text: str
    subject: str
    body: str
    notices: tuple[SpooledNotice, ...]
    word: Word = Word.FIRING
    told: bool = True
    course: Course = BEGUN
    silence: Hush | None = None

    @property
    def held(self) -> Hush | None:
        """The silence that holds it back."""
        return None if self.told else self.silence

    @property
    def announcement(self) -> Announcement:
        return Announcement(
            kind="alert",
            about=f"alert:{self.alert}",
            level=self.word.value,
            episode=self.course.episode,
            subject=self.subject,
            body=self.body,
            occasion=self.silence.uid if self.silence else "",
        )


@dataclass(frozen=True, kw_only=True)
class Sent:
    """The notice with this uid has been sent."""

    notice: str
    at: str


Line = Firing | Sent


def folder() -> Path:
    return Path(settings.STATE_DIR) / "spool"


def append(line: Line) -> None:
    """One line more, on the disk before we go on. Raises OSError.

    A line that a crash cut off is ended first, lest ours becomes a part of it."""
    event = "firing" if isinstance(line, Firing) else "sent"
    document = {"event": event, **asdict(line)}
    text = json.dumps(document, default=_written) + "\n"
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder() / "database.jsonl"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "ab") as file:
        size = os.fstat(handle).st_size
        cut = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        file.write(f"\n{text}".encode() if cut else text.encode())
        file.flush()
        os.fsync(handle)
    sync_folder(folder())


def _written(value: datetime | timedelta) -> str | float:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.total_seconds()


def waiting() -> list[Path]:
    return sorted(folder().glob("*.jsonl"))


def read(path: Path) -> Iterator[Line]:
    """The whole lines of a spool file; one cut by a crash is left out."""
    for text in path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]:
        try:
            line = _line(json.loads(text))
        except (ValueError, LookupError, TypeError, AttributeError):
            logger.warning("a line of %s cannot be read: %.200s", path.name, text)
        else:
            yield line


def _line(document: dict[str, Any]) -> Line:
    event = document.pop("event")
    if event == "sent":
        return Sent(**document)
    notices = tuple(SpooledNotice(**notice) for notice in document.pop("notices"))
    word = Word(document.pop("word", Word.FIRING))
    course = _course(document.pop("course")) if "course" in document else BEGUN
    held = document.pop("silence", None)
    silence = paging.hush(held) if held else None
    return Firing(
        **document, notices=notices, word=word, course=course, silence=silence
    )


def _course(document: dict[str, Any]) -> Course:
    for name in ("waited", "since_flapping"):
        if document[name] is not None:
            document[name] = timedelta(seconds=document[name])
    return Course(**{**document, "state": CourseState(document["state"])})


@transaction.atomic
def insert(lines: Iterable[Line], at: datetime) -> None:
    """Make rows of the lines, by uid: what is there already stays as it is. The
    database answers again since `at`."""
    away = None
    for line in lines:
        if isinstance(line, Firing):
            away = _insert(line) or away
        else:
            Notice.objects.filter(uid=line.notice).update(
                state=Notice.State.SENT, sent_at=line.at
            )
    if away is not None:
        text = "The database answers again"
        timeline.note(away, TimelineKind.ANSWERED, at=at, actor=ACTOR, text=text)


def absorb(at: datetime) -> None:
    """Insert what was spooled and put the file aside; where it cannot be moved, the
    same is inserted again at the next look, which changes nothing."""
    for path in waiting():
        try:
            insert(read(path), at)
            path.replace(path.with_name(f"{path.stem}-{uuid.uuid4().hex}.done"))
            _forget_oldest()
            sync_folder(folder())
        except OSError as error:
            logger.warning("%s cannot be put aside: %s", path.name, error)


def _forget_oldest() -> None:
    aside = sorted(folder().glob("*.done"), key=lambda path: path.stat().st_mtime_ns)
    for path in aside[:-KEPT]:
        path.unlink()


def _insert(firing: Firing) -> Alert | None:
    """The alert whose story went on; None when all of it was there."""
    at = datetime.fromisoformat(firing.at)
    alert = _alert_of(firing, at)
    again = firing.course.episode > max(1, alert.episode)
    entry = {
        "alert": alert,
        "at": at,
        "kind": _kind(firing.word, again=again),
        "actor": ACTOR,
        "text": firing.text,
    }
    new = TimelineEntry.objects.get_or_create(uid=firing.entry, defaults=entry)[1]
    if new:
        _go_on(alert, firing, at, again=again)
    announcement = replace(firing.announcement, about=f"alert:{alert.uid}")
    rows = [
        outbox.notice(
            announcement,
            Recipient(
                name=notice.recipient, address=notice.address, channel=notice.channel
            ),
            at,
            notice.uid,
        )
        for notice in firing.notices
    ]
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
    if firing.told and not rows:
        outbox.queue(announcement, [], at)
    return alert if new else None


def _kind(word: Word, *, again: bool) -> TimelineKind:
    if word is Word.STILL:
        return TimelineKind.UNSILENCED
    return TimelineKind.REOPENED if again else TimelineKind.FIRING


def _go_on(alert: Alert, firing: Firing, at: datetime, *, again: bool) -> None:
    """It is firing; as a new episode nobody has acknowledged it. An alert that was
    open under another uid keeps its own count."""
    course = alerting.course_of(alert)
    if str(alert.uid) == firing.alert:
        course = firing.course
    values = alerting.columns(replace(course, waited=NOW))
    if again:
        values |= {
            "resolved_at": None,
            "acknowledged_by": None,
            "acknowledged_at": None,
        }
        alert.sources.update(ends_at=None)
    Alert.objects.filter(pk=alert.pk).update(
        **values,
        below_since=None,
        value=firing.failures,
        last_data_at=at,
        revision=F("revision") + 1,
    )


def _alert_of(firing: Firing, at: datetime) -> Alert:
    """The spooled alert, or the one still open of an earlier failure."""
    mark = alerting.fingerprint(DATABASE, TARGET)
    known = (
        Alert.objects.filter(uid=firing.alert).first()
        or Alert.objects.filter(fingerprint=mark).exclude(state="resolved").first()
    )
    if known is not None:
        return known
    alert = Alert.objects.create(
        uid=firing.alert,
        fingerprint=mark,
        rule=DATABASE,
        target=TARGET,
        severity=firing.severity,
        state=Alert.State.FIRING,
        threshold=firing.threshold,
        pending_at=at,
        fired_at=at,
        episode=1,
        told_episode=1,
    )
    AlertSource.objects.create(alert=alert, engine="watch", starts_at=at)
    return alert

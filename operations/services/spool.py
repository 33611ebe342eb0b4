"""The database rule: evaluated and told while the database is away.

`tick` mirrors the rule and whom to tell into STATE_DIR/paging.json. `watch` asks
the database; when it fails, the alert and its mails are lines of an fsynced spool
file, and when it answers again one transaction inserts them by uid. A crash in
between repeats harmlessly.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from operations.channels import mail
from operations.domain.alerting import DATABASE, read_database
from operations.models import Alert, AlertSource, Notice, Rule, TimelineEntry
from operations.services import alerting, delivery

TARGET = "database"


def folder() -> Path:
    return Path(settings.STATE_DIR) / "spool"


def paging_file() -> Path:
    return Path(settings.STATE_DIR) / "paging.json"


def mirror() -> None:
    """Write rule and recipients where `watch` finds them without the database;
    0600, replaced at once, only when something changed."""
    rule = Rule.objects.filter(name=DATABASE).first()
    if rule is None:
        return
    document = {
        "title": rule.title,
        "severity": rule.severity,
        "threshold": str(rule.threshold),
        "enabled": rule.enabled,
        "recipients": alerting.operators(),
    }
    text = json.dumps(document, sort_keys=True)
    path = paging_file()
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    fresh = path.with_suffix(".new")
    with os.fdopen(
        os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w"
    ) as file:
        file.write(text)
    fresh.replace(path)


def database_answers() -> str | None:
    """None when a new connection can read; else why not, in one line."""
    try:
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
            cursor.fetchone()
    except DatabaseError as error:
        return str(error).splitlines()[0] if str(error) else type(error).__name__
    return None


@dataclass
class DatabaseWatch:
    """What `watch` remembers from look to look."""

    ask: Callable[[], str | None] = database_answers
    failures: int = 0
    spooled: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # A killed watch left its alert in the spool: go on with that one.
        for path in waiting():
            for line in read_lines(path):
                if line["event"] == "firing":
                    self.spooled = line
                for notice in self.spooled.get("notices", []):
                    if notice["uid"] == line.get("notice"):
                        notice["sent_at"] = line["at"]

    def look(self, at: datetime) -> bool:
        """Ask once; fire and tell, or absorb and let it resolve. True: it answered."""
        failure = self.ask()
        if failure is not None:
            self.failures += 1
            self._down(failure, at)
            return False
        self.failures = 0
        if self.spooled or waiting():
            absorb()
            self.spooled = {}
        rule = Rule.objects.filter(name=DATABASE).first()
        if rule is not None:
            alerting.apply(read_database(0, rule.threshold), rule, at)
        return True

    def _down(self, failure: str, at: datetime) -> None:
        paging = _paging()
        breached = self.failures > float(paging.get("threshold", 0))
        if not paging.get("enabled", True) or not breached:
            return
        if not self.spooled:
            self.spooled = _firing_line(paging, failure, self.failures, at)
            append_line(self.spooled)
        for notice in self.spooled["notices"]:
            self._tell(notice, at)

    def _tell(self, notice: dict[str, Any], at: datetime) -> None:
        if notice.get("sent_at"):
            return
        try:
            mail.send(
                uid=notice["uid"],
                address=notice["address"],
                subject=self.spooled["subject"],
                body=self.spooled["body"],
            )
        except mail.ChannelError:
            return  # the next look tries again
        notice["sent_at"] = at.isoformat()
        append_line({"event": "sent", "notice": notice["uid"], "at": notice["sent_at"]})


def _paging() -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(paging_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # a first start without a mirror: the alert is kept, nobody is told
    return found


def _firing_line(
    paging: dict[str, Any], failure: str, failures: int, at: datetime
) -> dict[str, Any]:
    title, severity = paging.get("title", "Database"), paging.get("severity", "P0")
    alert = Alert(uid=uuid.uuid4(), severity=severity, target=TARGET)
    words = f"The database does not answer: {failure}"
    subject, body = alerting.message(alert, title, "firing", words, at)
    return {
        "event": "firing",
        "alert": str(alert.uid),
        "entry": str(uuid.uuid4()),
        "at": at.isoformat(),
        "severity": severity,
        "threshold": paging.get("threshold", "0"),
        "failures": failures,
        "text": words,
        "subject": subject,
        "body": body,
        "notices": [
            {"uid": str(uuid.uuid4()), "recipient": name, "address": address}
            for name, address in paging.get("recipients", [])
        ],
    }


def append_line(line: dict[str, Any]) -> None:
    """One line more, on the disk before we go on."""
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder() / "database.jsonl"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())
    _fsync_folder()


def _fsync_folder() -> None:
    handle = os.open(folder(), os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def waiting() -> list[Path]:
    return sorted(folder().glob("*.jsonl"))


def read_lines(path: Path) -> Iterable[dict[str, Any]]:
    """The whole lines of a spool file; a last one cut by a crash is left out."""
    for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
        yield json.loads(line)


def absorb() -> None:
    """Insert what was spooled, by uid, and put the file aside."""
    for path in waiting():
        with transaction.atomic():
            for line in read_lines(path):
                if line["event"] == "firing":
                    _insert_firing(line)
                else:
                    Notice.objects.filter(uid=line["notice"]).update(
                        state=Notice.State.SENT, sent_at=line["at"]
                    )
        path.replace(path.with_name(f"{path.stem}-{uuid.uuid4().hex}.done"))
        _fsync_folder()


def _insert_firing(line: dict[str, Any]) -> None:
    at = datetime.fromisoformat(line["at"])
    alert = _alert_of(line, at)
    TimelineEntry.objects.get_or_create(
        uid=line["entry"],
        defaults={
            "alert": alert,
            "at": at,
            "kind": "firing",
            "actor": "j:watch",
            "text": line["text"],
        },
    )
    for notice in line["notices"]:
        Notice.objects.bulk_create(
            [
                Notice(
                    uid=notice["uid"],
                    kind="alert",
                    about=f"alert:{alert.uid}",
                    level="firing",
                    recipient=notice["recipient"],
                    address=notice["address"],
                    channel="email",
                    dedup_key=f"alert:{alert.uid}/firing/{notice['recipient']}/email",
                    subject=line["subject"],
                    body=line["body"],
                    created_at=at,
                    next_attempt_at=at,
                )
            ],
            ignore_conflicts=True,
        )
    if not line["notices"]:
        delivery.queue(
            kind="alert",
            about=f"alert:{alert.uid}",
            level="firing",
            recipients=[],
            subject=line["subject"],
            body=line["body"],
            at=at,
        )


def _alert_of(line: dict[str, Any], at: datetime) -> Alert:
    """The spooled alert, or the one still open of an earlier failure."""
    mark = alerting.fingerprint(DATABASE, TARGET)
    known = Alert.objects.filter(uid=line["alert"]).first()
    known = (
        known
        or Alert.objects.filter(fingerprint=mark).exclude(state="resolved").first()
    )
    if known is not None:
        return known
    alert = Alert.objects.create(
        uid=line["alert"],
        fingerprint=mark,
        rule=DATABASE,
        target=TARGET,
        severity=line["severity"],
        state=Alert.State.FIRING,
        value=line["failures"],
        threshold=line["threshold"],
        pending_at=at,
        fired_at=at,
        last_data_at=at,
    )
    AlertSource.objects.create(alert=alert, engine="watch", starts_at=at)
    return alert

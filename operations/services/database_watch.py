"""The database rule: evaluated and told while the database is away.

`watch` asks the database; when it fails, the alert and its messages are lines of
the spool, and when it answers again they become rows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

from django.db import DatabaseError, connection

from operations.channels import ChannelError, Message, channel
from operations.domain.episodes import NOW, Course, Turn, Word, passed, step
from operations.domain.rules import DATABASE, read_database
from operations.models import Alert, Rule
from operations.services import alerting, paging, spool
from operations.services.paging import Paging
from operations.services.spool import Firing, Line, Sent, SpooledNotice
from operations.services.telling import announcement

logger = logging.getLogger("rrr.watch")


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
    """What `watch` remembers from look to look: the database's alert as it stood when
    the database last answered, and what was told since it does not."""

    ask: Callable[[], str | None] = database_answers
    failures: int = 0
    alert: str = ""
    course: Course | None = None
    looked_at: datetime | None = None
    firing: Firing | None = None
    sent: set[str] = field(default_factory=set)
    unwritten: list[Line] = field(default_factory=list)

    def __post_init__(self) -> None:
        # A killed watch left its alert in the spool: go on with that one.
        for path in spool.waiting():
            for line in spool.read(path):
                if isinstance(line, Firing):
                    self.alert, self.course, self.firing = line.alert, line.course, line
                else:
                    self.sent.add(line.notice)

    def look(self, at: datetime) -> bool:
        """Ask once; fire and tell, or absorb and let it resolve. True: it answered."""
        failure = self.ask()
        if failure is not None:
            self.failures += 1
            self._down(failure, at)
            return False
        self.failures = 0
        self._write()
        if self.firing or spool.waiting():
            spool.absorb(at)
            spool.insert(self.unwritten, at)
            self.unwritten.clear()
            self.firing = None
            self.sent.clear()
        rule = Rule.objects.filter(name=DATABASE).first()
        if rule is not None:
            alerting.apply(read_database(0, rule.threshold), rule, at)
            alerting.judged([rule], at)
        self._remember(at)
        return True

    def _remember(self, at: datetime) -> None:
        alert = alerting.newest(DATABASE, spool.TARGET)
        self.alert = str(alert.uid) if alert else ""
        self.course = alerting.course_of(alert) if alert else None
        self.looked_at = alert.last_data_at if alert else None

    def _down(self, failure: str, at: datetime) -> None:
        known = paging.read()
        reading = read_database(self.failures, Decimal(known.threshold))
        if not known.enabled or not reading.breached:
            return
        pause = passed(self.looked_at, at)
        turn = step(self.course, breached=True, pause=pause, wait=NOW)
        assert turn is not None  # a breach always is one
        self.course, self.looked_at = turn.course, at
        if turn.opened:
            self.alert = str(uuid4())
        if self.firing is None or turn.word is not None:
            self.firing = self._line(turn, known, failure, at)
            self._keep(self.firing)
        for notice in self.firing.notices:
            if notice.uid not in self.sent:
                self._tell(self.firing, notice, at)

    def _line(self, turn: Turn, known: Paging, failure: str, at: datetime) -> Firing:
        """What begins now or is told now; without a word nobody is told."""
        alert = Alert(
            uid=UUID(self.alert), severity=known.severity, target=spool.TARGET
        )
        text = f"The database does not answer: {failure}"
        word, episode = turn.word or Word.FIRING, turn.course.episode
        mail = announcement(
            alert, title=known.title, word=word, episode=episode, text=text, at=at
        )
        people = known.recipients if turn.word else ()
        return Firing(
            alert=self.alert,
            entry=str(uuid4()),
            at=at.isoformat(),
            severity=known.severity,
            threshold=known.threshold,
            failures=self.failures,
            text=text,
            subject=mail.subject,
            body=mail.body,
            word=word,
            told=turn.word is not None,
            course=turn.course,
            notices=tuple(
                SpooledNotice(
                    uid=str(uuid4()),
                    recipient=person.name,
                    address=person.address,
                    channel=person.channel,
                )
                for person in people
            ),
        )

    def _tell(self, firing: Firing, notice: SpooledNotice, at: datetime) -> None:
        try:
            channel(notice.channel).send(
                Message(
                    uid=notice.uid,
                    address=notice.address,
                    subject=firing.subject,
                    body=firing.body,
                )
            )
        except ChannelError:
            return  # the next look tries again
        self.sent.add(notice.uid)
        self._keep(Sent(notice=notice.uid, at=at.isoformat()))

    def _keep(self, line: Line) -> None:
        """On the disk when it takes it; until then in memory: a full disk must not
        keep anybody from being told."""
        self.unwritten.append(line)
        self._write()

    def _write(self) -> None:
        while self.unwritten:
            try:
                spool.append(self.unwritten[0])
            except OSError as error:
                logger.warning("the spool cannot be written: %s", error)
                return
            del self.unwritten[0]

"""The database rule: evaluated and told while the database is away.

`watch` asks the database for a read and a write; when one fails, the alert and its
messages are lines of the spool, and when both work again they become rows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from kernel.disk import is_full
from operations.channels import Message
from operations.domain.episodes import NOW, Course, Turn, Word, passed, step
from operations.domain.rules import read_database
from operations.domain.seeds import DATABASE
from operations.domain.silences import Countdown, Hush
from operations.models import Alert, Heartbeat, Rule
from operations.services import alerting, disks, heartbeats, paging, spool
from operations.services.direct import Direct
from operations.services.paging import Paging
from operations.services.spool import Firing, Line, Sent, SpooledNotice
from operations.services.telling import announcement

logger = logging.getLogger("rrr.watch")


def database_answers() -> str | None:
    """None when a new connection can read and write; else what it does not, in one
    line. What is written is our sign of life. Raises DatabaseError when a disk of ours
    has no room: that is the disk's alert and not this one."""
    said = "does not answer"
    try:
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
            cursor.fetchone()
        said = "answers, but takes no change"
        heartbeats.beat(Heartbeat.Kind.WATCH, timezone.now())
        _find_room()
    except DatabaseError as error:
        if is_full(error) and disks.full(disks.read()):
            raise
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        return f"The database {said}: {why}"
    return None


def _find_room() -> None:
    """A row that changes in its page takes no room on PostgreSQL, so a full disk would
    not be noticed: spill a megabyte into a temporary file, 10 ms. Raises DatabaseError."""
    if connection.vendor != "postgresql":
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64kB'")
        cursor.execute("SELECT count(*) FROM generate_series(1, 50000)")


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
    silences: Countdown = field(default_factory=Countdown)
    direct: Direct = field(default_factory=Direct)
    unwritten: list[Line] = field(default_factory=list)

    def __post_init__(self) -> None:
        # A killed watch left its alert in the spool: go on with that one.
        for path in spool.waiting():
            for line in spool.read(path):
                if isinstance(line, Firing):
                    self.alert, self.course, self.firing = line.alert, line.course, line
                else:
                    self.direct.taken[line.notice] = datetime.fromisoformat(line.at)

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
            self.direct.forget()
        self.silences.forget()
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
        silence = self._silence(known, at)
        if self.firing is not None and self.firing.held and silence is None:
            # What it held back is told, and why only now.
            turn, silence = replace(turn, word=Word.STILL), self.firing.silence
        if self.firing is None or turn.word is not None:
            self.firing = self._line(turn, known, failure, at, silence)
            self._keep(self.firing)
        self.direct.begin_look()
        for notice in self.firing.notices:
            self._tell(self.firing, notice, at)

    def _silence(self, known: Paging, at: datetime) -> Hush | None:
        """The one that holds this alert's words back."""
        ours = [each for each in known.silences if each.covers(DATABASE, spool.TARGET)]
        return next(iter(self.silences.look(ours, at)), None)

    def _line(
        self,
        turn: Turn,
        known: Paging,
        failure: str,
        at: datetime,
        silence: Hush | None,
    ) -> Firing:
        """What begins now or is told now; without a word, and while it is silenced,
        nobody is told."""
        alert = Alert(
            uid=UUID(self.alert),
            rule=DATABASE,
            severity=known.severity,
            target=spool.TARGET,
        )
        word, episode = turn.word or Word.FIRING, turn.course.episode
        tells = turn.word is Word.STILL or (turn.word is not None and not silence)
        was = "was " if turn.word is Word.STILL else ""
        text = f"{failure} ({was}{silence.said})" if silence else failure
        mail = announcement(
            alert, title=known.title, word=word, episode=episode, text=text, since=at
        )
        people = known.recipients if tells else ()
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
            told=tells,
            course=turn.course,
            silence=silence,
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
        message = Message(
            uid=notice.uid,
            address=notice.address,
            subject=firing.subject,
            body=firing.body,
        )
        if self.direct.tell(notice.channel, message, at):
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

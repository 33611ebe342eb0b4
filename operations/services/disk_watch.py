"""A disk so full that not even the alert can be written: told from memory, by whom
`watch` knows from its mirror; the rows follow when there is room."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Q, QuerySet
from django.urls import reverse

from kernel.web import own_origin
from operations import queries
from operations.channels import Message
from operations.domain.alerting import Reading
from operations.domain.episodes import NOW, Word, passed, step
from operations.domain.rules import DiskSpace
from operations.domain.seeds import DISK_FULL, SEEDS
from operations.domain.silences import Countdown
from operations.models import Alert, Notice, Rule
from operations.services import alerting, disks, outbox, paging
from operations.services.backups import keeping
from operations.services.direct import Direct
from operations.services.outbox import Announcement, Recipient

logger = logging.getLogger("rrr.watch")
SEED = next(seed for seed in SEEDS if seed.name == DISK_FULL)
FIRED = (Word.FIRING, Word.AGAIN, Word.FLAPPING)
State = Notice.State


@dataclass
class DiskWatch:
    """What `watch` remembers while nothing can be written: since when, on which of our
    file systems, and each person's message."""

    since: datetime | None = None
    space: DiskSpace | None = None
    messages: dict[Recipient, Message] = field(default_factory=dict)
    silences: Countdown = field(default_factory=Countdown)
    direct: Direct = field(default_factory=Direct)

    def full(self, at: datetime) -> None:
        """A write found no room: make some, and tell whoever has not been told."""
        space = disks.full(disks.read())
        if space is None:
            return  # a server's elsewhere: the next look says so of the database
        word, people = Word.FIRING, list(paging.read().recipients)
        try:
            if removed := keeping.make_room():
                logger.warning("no room: %d expired backups removed", removed)
            word, people = _news(space, people, at)
        except DatabaseError as error:
            logger.warning("the disk is full, and the database says: %s", error)
        if self.since is None or self.space is None:
            self.since, self.space = at, space
            logger.error("the disk is full: %s", space.target)
        if self._is_silenced(self.space, at):
            people = []
        self.direct.begin_look()
        for person in people:
            if person not in self.messages:
                text = _message(person, self.space, word, self.since)
                self.messages[person] = text
            self.direct.tell(person.channel, self.messages[person], at)

    def room(self) -> None:
        """Writes find room again: what was told becomes rows, and what was removed is
        expired. Raises DatabaseError where they do not."""
        if self.since is None or self.space is None:
            return
        with transaction.atomic():
            keeping.retire()
            self._write_down(self.space, self.since)
        self.since = self.space = None
        self.messages.clear()
        self.silences.forget()
        self.direct.forget()

    def _is_silenced(self, space: DiskSpace, at: datetime) -> bool:
        """By the mirror: nobody can write a silence while nothing can be written."""
        ours = [
            each
            for each in paging.read().silences
            if each.covers(DISK_FULL, space.target)
        ]
        return bool(self.silences.look(ours, at))

    def _write_down(self, space: DiskSpace, since: datetime) -> None:
        """The alert as it would have fired then; the rule resolves it."""
        rule = Rule.objects.get(name=DISK_FULL)
        taken = self.direct.taken
        told = [pair for pair in self.messages.items() if pair[1].uid in taken]
        if not told and not rule.enabled:
            return
        reading = Reading(DISK_FULL, space.target, space.used_percent, breached=True)
        alerting.apply(reading, rule, since)
        alert = alerting.newest(DISK_FULL, space.target)
        if alert is None:  # switched off in this very moment
            return
        for person, message in told:
            _note_sent(alert, person, message, taken[message.uid])


def _news(
    space: DiskSpace, people: Iterable[Recipient], at: datetime
) -> tuple[Word, list[Recipient]]:
    """The word of this look and who has not heard it: of this file system, in the
    episode of which people were told last. Nobody when the rule is off."""
    if not Rule.objects.filter(name=DISK_FULL, enabled=True).exists():
        return Word.FIRING, []
    alert = alerting.newest(DISK_FULL, space.target)
    if alert is None:
        return Word.FIRING, list(people)
    pause = passed(alert.last_data_at, at)
    turn = step(alerting.course_of(alert), breached=True, pause=pause, wait=NOW)
    assert turn is not None  # a breach always is one
    if turn.word is not None:
        return turn.word, list(people)
    heard = Q(state=State.SENT) | Q(state=State.SENDING, lease_until__gt=at)
    word = Word.AGAIN if turn.course.told > 1 else Word.FIRING
    return word, [
        person
        for person in people
        if not _notices(alert, turn.course.told, person).filter(heard).exists()
    ]


def _notices(alert: Alert, episode: int, person: Recipient) -> QuerySet[Notice]:
    """What this person was or is to be told when that episode began."""
    about = f"alert:{alert.uid}"
    keys = [outbox.dedup_key(about, word, episode, person) for word in FIRED]
    return Notice.objects.filter(dedup_key__in=keys)


def _note_sent(
    alert: Alert, person: Recipient, message: Message, sent_at: datetime
) -> None:
    """The row that this person would have been told by, as sent."""
    sent = {"uid": message.uid, "state": State.SENT, "sent_at": sent_at}
    rows = _notices(alert, alert.told_episode, person)
    if rows.exclude(state=State.SENT).update(**sent) or rows.exists():
        return
    announcement = Announcement(
        kind="alert",
        about=f"alert:{alert.uid}",
        level=Word.FLAPPING if alert.episode > 1 else Word.FIRING,
        episode=alert.episode,
        subject=message.subject,
        body=message.body,
    )
    row = outbox.notice(announcement, person, sent_at, message.uid)
    row.state, row.sent_at = State.SENT, sent_at
    Notice.objects.bulk_create([row], ignore_conflicts=True)


def _message(
    person: Recipient, space: DiskSpace, word: Word, since: datetime
) -> Message:
    where = f"{own_origin()}{reverse('operations:alerts')}"
    return Message(
        uid=str(uuid4()),
        address=person.address,
        subject=f"[{SEED.severity}] {SEED.title} {word} on {space.target} "
        f"({settings.RRR_ENV})",
        body=(
            f"Since {since:%Y-%m-%d %H:%M:%S} UTC nothing can be written any more on "
            f"{space.target}.\nPages that only show something go on. Make room there: "
            f"changes are taken again by themselves then.\n\n{where}\n\n"
            f"{queries.runbook(DISK_FULL)}"
        ),
    )

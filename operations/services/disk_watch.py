"""A disk so full that not even the alert can be written: told from memory, by whom
`watch` knows from its mirror; the rows follow when there is room."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from django.conf import settings
from django.db import DatabaseError, transaction
from django.urls import reverse

from kernel.http import own_base
from operations.channels import ChannelError, Message, channel
from operations.domain.alerting import Reading
from operations.domain.rules import DISK_FULL, DISK_LEAST, SEEDS, DiskSpace
from operations.models import Alert, Notice, Rule
from operations.services import alerting, disks, paging
from operations.services.backups import keeping
from operations.services.outbox import Recipient

logger = logging.getLogger("rrr.watch")
NOTHING = 1_000_000
SEED = next(seed for seed in SEEDS if seed.name == DISK_FULL)


@dataclass
class DiskWatch:
    """What `watch` remembers while nothing can be written; `sent` are the uids of the
    messages that were taken, by recipient and channel."""

    since: datetime | None = None
    space: DiskSpace | None = None
    sent: dict[tuple[str, str], str] = field(default_factory=dict)

    def look(self, at: datetime) -> None:
        """By what is left: a last page may still be written for a while. Raises
        DatabaseError."""
        if any(space.free < NOTHING for space in disks.read()):
            self.full(at)
        else:
            self.room()

    def full(self, at: datetime) -> None:
        """A write found no room: make some, and tell whoever has not been told."""
        try:
            removed = keeping.make_room()
            wanted = _is_news()
        except DatabaseError as error:
            logger.warning("the disk is full, and the database says: %s", error)
            removed, wanted = 0, True
        if removed:
            logger.warning("the disk is full: %d expired backups removed", removed)
        if not wanted:
            return
        if self.since is None or self.space is None:
            self.since, self.space = at, _fullest()
            logger.error("the disk is full: %s", self.space.target)
        for person in paging.read().recipients:
            if (person.name, person.channel) not in self.sent:
                self._tell(person, _message(person, self.space, self.since))

    def _tell(self, person: Recipient, message: Message) -> None:
        try:
            channel(person.channel).send(message)
        except ChannelError as error:
            # The next look tries again.
            logger.warning("%s was not told: %s", person.name, error)
        else:
            self.sent[person.name, person.channel] = message.uid

    def room(self) -> None:
        """Writes find room again: what was told becomes rows, and what was removed is
        expired. Raises DatabaseError where they do not."""
        if self.since is None or self.space is None:
            return
        with transaction.atomic():
            keeping.retire()
            self._write_down(self.space, self.since)
        self.since = self.space = None
        self.sent.clear()

    def _write_down(self, space: DiskSpace, since: datetime) -> None:
        """The alert as it would have fired then; the rule resolves it."""
        rule = Rule.objects.get(name=DISK_FULL)
        reading = Reading(DISK_FULL, space.target, space.used_percent, breached=True)
        alerting.apply(reading, rule, since)
        alerts = Alert.objects.filter(rule=DISK_FULL, target=space.target)
        alert = alerts.order_by("-pk").first()
        if alert is None:  # switched off in this very moment
            return
        for (name, kind), uid in self.sent.items():
            Notice.objects.filter(
                about=f"alert:{alert.uid}",
                recipient=name,
                channel=kind,
                state=Notice.State.QUEUED,
            ).update(uid=uid, state=Notice.State.SENT, sent_at=since)


def _is_news() -> bool:
    """Nobody has had the mail of an alert that is a row already, and it is wanted."""
    if not Rule.objects.filter(name=DISK_FULL, enabled=True).exists():
        return False
    firing = Alert.objects.filter(rule=DISK_FULL, state=Alert.State.FIRING)
    abouts = [f"alert:{uid}" for uid in firing.values_list("uid", flat=True)]
    sent = Notice.objects.filter(about__in=abouts, state=Notice.State.SENT)
    return not sent.exists()


def _message(person: Recipient, space: DiskSpace, since: datetime) -> Message:
    where = f"{own_base()}{reverse('operations:alerts')}"
    return Message(
        uid=str(uuid4()),
        address=person.address,
        subject=f"[{SEED.severity}] {SEED.title} firing on {space.target} "
        f"({settings.RRR_ENV})",
        body=(
            f"Since {since:%Y-%m-%d %H:%M:%S} UTC nothing can be written any more on "
            f"{space.target}.\nPages that only show something go on. Make room there: "
            f"changes are taken again by themselves then.\n\n{where}"
        ),
    )


def _fullest() -> DiskSpace:
    """The file system that must be meant: one of ours that has nothing left, else the
    database's on another machine."""
    spaces = [space for space in disks.read() if space.free < DISK_LEAST]
    elsewhere = DiskSpace(target="database", free=0, total=0)
    return min(spaces, key=lambda space: space.free, default=elsewhere)

"""What must be told becomes rows: one notice per recipient, whatever happens next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from kernel.registry import Letter
from operations.channels import problem_with
from operations.models import Notice

NOBODY = "no active Operator has a mail address"


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Somebody and one way to reach them; `channel` is a module of our channels."""

    name: str
    address: str
    channel: str = "email"


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """What everybody is told; `about`, `level` and `episode` say which change it is,
    so that nobody is told twice; `occasion` tells two of one episode apart."""

    kind: str
    about: str
    level: str
    subject: str
    body: str
    episode: int = 1
    occasion: str = ""


def queue(
    announcement: Announcement, recipients: Iterable[Recipient], at: datetime
) -> int:
    """One notice per recipient not told this yet; returns how many can be reached.

    With nobody to tell, one dead notice says so. Call it in the transaction of
    what is told about.
    """
    people = [
        person
        for person in recipients
        if not problem_with(person.channel, person.address)
    ]
    if people:
        rows = [notice(announcement, recipient, at) for recipient in people]
    else:
        nobody = notice(announcement, Recipient(name="operators", address=""), at)
        nobody.state = Notice.State.DEAD
        nobody.last_error = NOBODY
        rows = [nobody]
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
    return len(people)


def post(letter: Letter) -> None:
    """Queue one person's letter."""
    recipient = Recipient(name=letter.recipient, address=letter.address)
    announcement = Announcement(
        kind=letter.kind,
        about=letter.about,
        level=letter.kind,
        subject=letter.subject,
        body=letter.body,
    )
    row = notice(announcement, recipient, timezone.now())
    row.secret = letter.secret
    Notice.objects.bulk_create([row], ignore_conflicts=True)


def dedup_key(
    about: str, level: str, episode: int, recipient: Recipient, occasion: str = ""
) -> str:
    """One change, one reader, one channel."""
    change = f"{level} {episode}" if episode > 1 else level
    change = f"{change} {occasion}".strip()
    return "/".join((about, change, recipient.name, recipient.channel))


def notice(
    announcement: Announcement, recipient: Recipient, at: datetime, uid: str = ""
) -> Notice:
    """The unsaved row; `uid` when the message had one before there was a row."""
    row = Notice(
        kind=announcement.kind,
        about=announcement.about,
        level=announcement.level,
        recipient=recipient.name,
        address=recipient.address,
        channel=recipient.channel,
        dedup_key=dedup_key(
            announcement.about,
            announcement.level,
            announcement.episode,
            recipient,
            announcement.occasion,
        ),
        subject=announcement.subject,
        body=announcement.body,
        created_at=at,
        next_attempt_at=at,
    )
    if uid:
        row.uid = UUID(uid)
    return row

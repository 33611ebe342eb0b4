"""Reading whom an alert has reached: in its newest episode, who was told and who waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Min, Q

from operations.domain.episodes import Word
from operations.models import Alert, Notice
from operations.models.notices import SUPERSEDED

FIRES = (
    Word.FIRING.value,
    Word.AGAIN.value,
    Word.FLAPPING.value,
    Word.STILL.value,
)


@dataclass(frozen=True, kw_only=True)
class Told:
    """How many people the newest word has reached, on whichever channel (`in_files`:
    only as far as a file of ours), how many it waits for, how many it missed, and why
    the last of them."""

    sent: int = 0
    waiting: int = 0
    lost: int = 0
    why: str = ""
    in_files: bool = False


def told(alert: Alert) -> Told:
    """What came of the newest word that it fires: one query. Who heard an older one, of
    an episode before, need not know of this one."""
    rows = Notice.objects.filter(
        kind="alert", about=f"alert:{alert.uid}", level__in=FIRES
    )
    notices = list(rows.defer("body").order_by("-pk"))
    of_newest = [each for each in notices if _word(each) == _word(notices[0])]
    readers: dict[str, list[Notice]] = {}
    for notice in of_newest:
        readers.setdefault(notice.recipient, []).append(notice)
    fates = [_fate(tried) for tried in readers.values()]
    unsent = [each for each in of_newest if not _has_heard(each)]
    return Told(
        sent=fates.count(Notice.State.SENT),
        waiting=fates.count(Notice.State.QUEUED),
        lost=fates.count(Notice.State.DEAD),
        why=unsent[0].last_error if unsent else "",
        in_files=not settings.EMAIL_URL,
    )


def last_word(alert: Alert) -> str:
    """The newest that anybody was or is to be told of it; "" for nothing."""
    rows = Notice.objects.filter(kind="alert", about=f"alert:{alert.uid}")
    told_last = rows.exclude(state=Notice.State.SUPPRESSED).order_by("-pk").first()
    return told_last.level if told_last else ""


def _word(notice: Notice) -> str:
    """Which word of which episode: "firing again 3"."""
    return notice.dedup_key.removeprefix(f"{notice.about}/").partition("/")[0]


def _fate(notices: list[Notice]) -> Notice.State:
    """Of one reader, on all channels: who heard it on one has heard it."""
    if any(map(_has_heard, notices)):
        return Notice.State.SENT
    waits = any(notice.state in Notice.WAITING for notice in notices)
    return Notice.State.QUEUED if waits else Notice.State.DEAD


def _has_heard(notice: Notice) -> bool:
    """Also by a newer message, which made this one needless."""
    superseded = notice.last_error == SUPERSEDED
    suppressed = notice.state == Notice.State.SUPPRESSED
    return notice.state == Notice.State.SENT or (suppressed and superseded)


@dataclass(frozen=True, kw_only=True)
class Outbox:
    """Messages that wait to be sent, how many of them were tried in vain, since when
    the oldest waits, and since when the oldest that nobody tried."""

    waiting: int
    tried: int
    oldest: datetime | None
    untried: datetime | None


def outbox() -> Outbox:
    """One query."""
    waiting = Notice.objects.filter(state__in=Notice.WAITING)
    seen = waiting.aggregate(
        waiting=Count("pk"),
        tried=Count("pk", filter=~Q(last_error="")),
        oldest=Min("created_at"),
        untried=Min("created_at", filter=Q(last_error="", attempts=0)),
    )
    return Outbox(**seen)

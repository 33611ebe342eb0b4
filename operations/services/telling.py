"""Who is told about an alert, and in which words."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from kernel.web import own_origin
from operations import queries
from operations.domain.episodes import Word
from operations.models import Alert
from operations.services import outbox
from operations.services.outbox import Announcement, Recipient


def operators() -> list[Recipient]:
    """The people whom alerts are mailed to."""
    return [
        Recipient(name=name, address=address) for name, address in queries.operators()
    ]


def announcement(
    alert: Alert,
    *,
    title: str,
    word: Word,
    episode: int,
    text: str,
    since: datetime,
    occasion: str = "",
) -> Announcement:
    """The mail about one change of an alert; `alert` need not be a row yet. One that
    begins says what to do: its page may be away with what it is about."""
    where = reverse("operations:alert", args=[alert.uid])
    begins = word in {Word.FIRING, Word.AGAIN, Word.STILL}
    runbook = queries.runbook(alert.rule) if begins else ""
    if word is Word.FLAPPING:
        text = f"It has fired {episode} times. {text}"
    return Announcement(
        kind="alert",
        about=f"alert:{alert.uid}",
        level=word.value,
        episode=episode,
        occasion=occasion,
        subject=f"[{alert.severity}] {title} {word} on {alert.about} ({settings.RRR_ENV})",
        body="\n".join(
            (
                f"{title}: {word} since {since:%Y-%m-%d %H:%M:%S} UTC on {alert.about}.",
                text,
                "",
                f"{own_origin()}{where}",
                *(("", runbook) if runbook else ()),
            )
        ),
    )


def tell_operators(
    alert: Alert,
    *,
    title: str,
    word: Word,
    episode: int,
    text: str,
    at: datetime,
    since: datetime | None = None,
    occasion: str = "",
) -> None:
    """Queue the mails; the alert's story shows what became of them. `since`: since
    when it is so, where that is not `at`."""
    mail = announcement(
        alert,
        title=title,
        word=word,
        episode=episode,
        text=text,
        since=since or at,
        occasion=occasion,
    )
    outbox.queue(mail, operators(), at)

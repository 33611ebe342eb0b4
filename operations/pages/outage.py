"""What `watch` noted of the database while that is away: read from its spool."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from kernel.registry import OutageNote
from operations.pages.headline import in_words
from operations.queries.telling import Told
from operations.services import liveness, spool
from operations.services.outbox import NOBODY
from operations.services.spool import Firing, Sent


def noted() -> OutageNote | None:
    """Since when its alert fires, and how many people were told; None while it does
    not. No query: a file of a few lines."""
    try:
        lines = [line for path in spool.waiting() for line in spool.read(path)]
    except OSError:
        return None
    firings = [line for line in lines if isinstance(line, Firing)]
    if not firings:
        return None
    sent = {line.notice for line in lines if isinstance(line, Sent)}
    word = next((each for each in reversed(firings) if each.told), firings[-1])
    reached = sum(notice.uid in sent for notice in word.notices)
    told = Told(
        sent=reached,
        waiting=len(word.notices) - reached,
        why="" if word.notices else word.held.said if word.held else NOBODY,
        in_files=not settings.EMAIL_URL,
    )
    since = min(datetime.fromisoformat(firing.at) for firing in firings)
    return OutageNote(since=since, told=in_words(told), looks=liveness.watch_looks())

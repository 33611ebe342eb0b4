"""What `watch` must know while the database is away: the rule, whom to tell, and what
is silenced.

Every tick mirrors it into STATE_DIR/paging.json, private to its owner.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from kernel.files import write_whole
from operations import queries
from operations.domain.seeds import DATABASE, DISK_FULL
from operations.domain.silences import Hush
from operations.models import Rule
from operations.services.outbox import Recipient
from operations.services.telling import operators


@dataclass(frozen=True, kw_only=True)
class Paging:
    """The database rule and its recipients, and the silences of what `watch` tells by
    itself; the defaults stand for a first start without a mirror: the alert is kept,
    nobody is told."""

    title: str = "Database"
    severity: str = "P0"
    threshold: str = "0"
    enabled: bool = True
    recipients: tuple[Recipient, ...] = ()
    silences: tuple[Hush, ...] = ()


def file() -> Path:
    return Path(settings.STATE_DIR) / "paging.json"


def mirror() -> None:
    """Write the file when something changed; without the rule it stays as it is."""
    rule = Rule.objects.filter(name=DATABASE).first()
    if rule is None:
        return
    paging = Paging(
        title=rule.title,
        severity=rule.severity,
        threshold=str(rule.threshold),
        enabled=rule.enabled,
        recipients=tuple(operators()),
        silences=tuple(_hushes(timezone.now())),
    )
    if not file().exists() or read() != paging:
        text = json.dumps(asdict(paging), sort_keys=True, default=datetime.isoformat)
        write_whole(file(), text.encode())


def _hushes(at: datetime) -> Iterator[Hush]:
    for silence in queries.active_silences(at):
        if silence.rule in {DATABASE, DISK_FULL}:
            yield silence.hush


def read() -> Paging:
    """What was mirrored last."""
    try:
        document = json.loads(file().read_text(encoding="utf-8"))
        people = tuple(Recipient(**person) for person in document.pop("recipients"))
        hushes = tuple(hush(each) for each in document.pop("silences", ()))
        return Paging(**document, recipients=people, silences=hushes)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return Paging()


def hush(document: dict[str, Any]) -> Hush:
    """The silence that JSON holds."""
    ends_at = datetime.fromisoformat(document.pop("ends_at"))
    return Hush(**document, ends_at=ends_at)

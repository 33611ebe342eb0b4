"""What `watch` must know while the database is away: the rule and whom to tell.

Every tick mirrors both into STATE_DIR/paging.json, private to its owner.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

from kernel.files import write_whole
from operations.domain.seeds import DATABASE
from operations.models import Rule
from operations.services.outbox import Recipient
from operations.services.telling import operators


@dataclass(frozen=True, kw_only=True)
class Paging:
    """The database rule and its recipients; the defaults stand for a first start
    without a mirror: the alert is kept, nobody is told."""

    title: str = "Database"
    severity: str = "P0"
    threshold: str = "0"
    enabled: bool = True
    recipients: tuple[Recipient, ...] = ()


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
    )
    if not file().exists() or read() != paging:
        text = json.dumps(asdict(paging), sort_keys=True)
        write_whole(file(), text.encode())


def read() -> Paging:
    """What was mirrored last."""
    try:
        document = json.loads(file().read_text(encoding="utf-8"))
        people = tuple(Recipient(**person) for person in document.pop("recipients"))
        return Paging(**document, recipients=people)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return Paging()

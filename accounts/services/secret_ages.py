"""How old each secret of this installation is, by the day on which it was first seen.

A record of digests lies in STATE_DIR, beside the secrets and readable by the same user
alone: nowhere else, for a weak secret could be guessed from its digest. A secret that
comes back is as old as it was; one of which there is no record, in an installation that
has a past, is taken for as old as that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from accounts.models import ServiceToken, SigningKey
from audit.domain.event import STARTED
from audit.queries import newest_at
from kernel.errors import Unavailable
from kernel.files import write_whole

# Name -> what it guards; docs/security.md says how each is changed.
OURS: Mapping[str, str] = {
    "SECRET_KEY": "sessions, forms, links, our own requests",
    "JWT_SECRET": "access and refresh tokens",
    "FIELD_KEY": "what the database keeps encrypted",
    "BACKUP_KEY": "sealed backups",
    "METRICS_TOKEN": "/metrics",
    "ALERTMANAGER_TOKEN": "incoming alerts, which nothing takes yet",
    "DATABASE_PASSWORD": "the database",
    "LOG_KEY_FILE": "signed heads of the audit log",
}
# One that was used before -> the one that took its place.
FORMER: Mapping[str, str] = {
    "SECRET_KEY_FALLBACKS": "SECRET_KEY",
    "JWT_SECRET_PREVIOUS": "JWT_SECRET",
}
YEAR = timedelta(days=365)

Record = dict[str, dict[str, str]]


@dataclass(frozen=True)
class SecretAge:
    """`name` is a setting, "service token …" or "signing key …"."""

    name: str
    since: datetime
    guards: str

    def older_than(self, age: timedelta, at: datetime) -> bool:
        return at - self.since > age


def secret_ages(at: datetime) -> list[SecretAge]:
    """The secrets that are set and the keys that count, oldest first; what is seen for
    the first time is written down. Raises Unavailable for a record that cannot be read.
    """
    return sorted([*_settings(at), *_of_people(at)], key=lambda secret: secret.since)


def outlived(at: datetime) -> list[str]:
    """The former secrets that are still set, though what was made with them has ended:
    the one in their place has been used for longer than anything lasts. Raises as
    `secret_ages`."""
    since = {secret.name: secret.since for secret in _settings(at)}
    lasts = timedelta(days=settings.REFRESH_TOKEN_DAYS)
    return [
        former
        for former, name in FORMER.items()
        if getattr(settings, former) and at - since.get(name, at) > lasts
    ]


def _settings(at: datetime) -> list[SecretAge]:
    kept = _read()
    record: Record = json.loads(json.dumps(kept))
    began = at if kept else (newest_at(STARTED) or at)
    found = []
    for name, guards in OURS.items():
        if not (value := _value(name)):
            continue
        digest = hashlib.sha256(f"{name}\0".encode() + value).hexdigest()
        # Beside a record, a name that it lacks was set since; a digest, changed since.
        first = record.setdefault(name, {}).setdefault(digest, began.isoformat())
        found.append(SecretAge(name, datetime.fromisoformat(first), guards))
    if record != kept:
        write_whole(_path(), json.dumps(record).encode())
    return found


def _of_people(at: datetime) -> list[SecretAge]:
    tokens = ServiceToken.objects.alive(at).select_related("owner")
    keys = SigningKey.objects.filter(revoked_at=None).select_related("user")
    return [
        *(
            SecretAge(
                f"service token {token.uid} of {token.owner.username}",
                token.created_at,
                ", ".join(token.scopes),
            )
            for token in tokens
        ),
        *(
            SecretAge(
                f"signing key of {key.user.username}", key.created_at, "signatures"
            )
            for key in keys
        ),
    ]


def _value(name: str) -> bytes:
    """What is guarded; a key that lies in a file by its content."""
    if name == "LOG_KEY_FILE":
        path = Path(settings.LOG_KEY_FILE)
        return path.read_bytes() if path.exists() else b""
    value = getattr(settings, name)
    return value if isinstance(value, bytes) else str(value or "").encode()


def _path() -> Path:
    return Path(settings.STATE_DIR) / "secrets.json"


def _read() -> Record:
    try:
        record = json.loads(_path().read_bytes())
        for first in (first for each in record.values() for first in each.values()):
            datetime.fromisoformat(first)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise Unavailable(
            f"{_path()} cannot be read ({error}): nobody knows how old secrets are; "
            "move it away, and they count as old as the installation.",
            code="secrets",
        ) from error
    kept: Record = record
    return kept

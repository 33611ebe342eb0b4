"""What the log keeps outside its database: its signing key and its last signed head.

Whoever can rewrite the database cannot rewrite these files unseen, if
CHECKPOINT_DIR lies on another volume.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.conf import settings

from audit.domain import event
from audit.models import Checkpoint
from audit.verify import LogKey
from kernel.errors import Unavailable
from kernel.files import write_once, write_whole


@dataclass(frozen=True, kw_only=True)
class PublishedHead:
    """The last head that left: its size, root and last leaf in hex, and the note."""

    origin: str
    size: int
    root: str
    leaf: str
    note: str


def log_key() -> Ed25519PrivateKey:
    """The log's key from LOG_KEY_FILE (mode 600), made at first use.

    Raises Unavailable when the file is gone although heads were signed with it,
    or cannot be read: a new key in its place would make old heads look forged.
    """
    key = kept_log_key()
    if key is None:
        try:
            _make_key(Path(settings.LOG_KEY_FILE))
        except OSError as error:
            raise _unusable(str(error)) from error
        key = kept_log_key()
    if key is None:
        raise _unusable("it is gone again")
    return key


def kept_log_key() -> Ed25519PrivateKey | None:
    """The key in LOG_KEY_FILE; None while there is no such file. Raises Unavailable."""
    try:
        pem = Path(settings.LOG_KEY_FILE).read_bytes()
        key = load_pem_private_key(pem, password=None)
    except FileNotFoundError:
        return None
    except (OSError, TypeError, ValueError) as error:
        raise _unusable(getattr(error, "strerror", "") or "no PEM key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _unusable("no Ed25519 key")
    return key


def _unusable(reason: str) -> Unavailable:
    return Unavailable(f"LOG_KEY_FILE cannot be used: {reason}.", code="log_key")


def public_key() -> bytes:
    """The log key's 32 public bytes."""
    return log_key().public_key().public_bytes_raw()


def trusted_keys() -> list[LogKey]:
    """The log's key, then those that were rotated out. Raises Unavailable."""
    try:
        former = json.loads(_former().read_text(encoding="utf-8"))
        return [
            LogKey(public_key()),
            *(LogKey(bytes.fromhex(key["public"]), int(key["most"])) for key in former),
        ]
    except FileNotFoundError:
        return [LogKey(public_key())]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise _unusable(f"{_former()} is damaged: {error}") from error


def replace_key(*, most: int) -> bytes:
    """Make a new log key; the one until now stays believed of up to `most` events. The
    new key's public bytes. A crash between leaves the old key, believed or in force."""
    keys = [LogKey(public_key(), most), *trusted_keys()[1:]]
    listed = [{"public": key.public.hex(), "most": key.most} for key in keys]
    write_whole(_former(), json.dumps(listed).encode())
    write_whole(Path(settings.LOG_KEY_FILE), _new_key())
    return public_key()


def _former() -> Path:
    path = Path(settings.LOG_KEY_FILE)
    return path.with_name(f"{path.name}.former")


def published(origin: str) -> PublishedHead | None:
    """The last head that left for this origin; None before the first.

    Raises Unavailable when the record is there and unreadable: signing on
    regardless could sign a second history.
    """
    path = _record(origin)
    try:
        return PublishedHead(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise Unavailable(
            f"The record of the last checkpoint in CHECKPOINT_DIR is damaged: {error}.",
            code="checkpoint_record",
        ) from error


def publish(head: PublishedHead) -> None:
    """Keep a head and write its note, unless a longer one has already left."""
    path = _record(head.origin)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path.with_suffix(".lock")):
        last = published(head.origin)
        if last is None or last.size < head.size:
            write_whole(path.with_suffix(".note"), head.note.encode())
            write_whole(path, json.dumps(asdict(head)).encode())


def _record(origin: str) -> Path:
    return Path(settings.CHECKPOINT_DIR) / f"{origin.replace('/', '_')}.json"


def newest_epoch(log: str) -> int:
    """The highest epoch of this log in which a head has left; 0 before its first."""
    first = _record(event.origin(log, 0))
    later = (
        path.stem.rpartition("_")[2]
        for path in first.parent.glob(f"{first.stem}_*.json")
    )
    return max((int(epoch) for epoch in later if epoch.isdecimal()), default=0)


def lacks_key() -> bool:
    """Were heads signed with a key that is not here? Then nothing can be signed on
    until the file is: after a recovery, for no backup holds it, and on a second host,
    whose own key would make a log that nobody believes."""
    if Path(settings.LOG_KEY_FILE).exists():
        return False
    left = any(Path(settings.CHECKPOINT_DIR).glob("*.json"))
    return left or Checkpoint.objects.exists()


def _make_key(path: Path) -> None:
    if lacks_key():
        raise OSError(
            f"{path} is missing, but heads of this log were signed; bring it back, or "
            f"copy it and {_former().name} from the host that has it"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    # When another process was first, its key is the key.
    write_once(path, _new_key())


def _new_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

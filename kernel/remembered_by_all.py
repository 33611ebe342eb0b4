"""What one process computed, kept for the others, too: in Redis, under a seal.

Whoever can write in Redis, and has not our key, gets nothing given out. Each kind has
SLOTS places there, of which a newer value takes that of an older one: however many
questions somebody thinks of, Redis holds SLOTS * MOST_SHARED bytes at most. Without
Redis, and of code that is no commit's, each process keeps its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from typing import TypeVar

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from kernel import build
from kernel.limits.shared import boot
from kernel.redis import BREAKER, client
from kernel.remembered import Remembered

T = TypeVar("T")
SLOTS = 4096
MOST_SHARED = 32_000
SEAL_BYTES = 32


class RememberedByAll(Remembered[T]):
    """`of` says of what; `pack` makes bytes of a value, and `unpack` the value again."""

    def __init__(
        self,
        of: str,
        most_bytes: int,
        seconds: float,
        pack: Callable[[T], bytes],
        unpack: Callable[[bytes], T],
    ) -> None:
        super().__init__(most_bytes, seconds)
        self._of, self._pack, self._unpack = of, pack, unpack

    def find(self, key: Hashable, origin: Hashable) -> T | None:
        """As `get`; what another process keeps is found, too."""
        value = self.get(key, origin)
        name = self._name(key, origin) if value is None else ""
        if not name:
            return value
        packed, seconds = BREAKER.call(
            lambda: _fetched(self._slot(name), name), (b"", 0.0)
        )
        if not packed:
            return None
        value = self._unpack(packed)
        self.put(key, origin, value, len(packed), seconds)
        return value

    def give(self, key: Hashable, origin: Hashable, value: T, size: int) -> None:
        """As `put`, for all where it is short enough."""
        self.put(key, origin, value, size)
        name = self._name(key, origin) if size <= MOST_SHARED else ""
        if name:
            sealed = _sealed(name, self._pack(value))
            life = int(self._seconds * 1000)
            BREAKER.call(lambda: client().set(self._slot(name), sealed, px=life), None)

    def _name(self, key: Hashable, origin: Hashable) -> str:
        """Another for whatever the value depends on, the code and this host's stamps
        too; "" where none can be told."""
        code = build.running()
        if not code.proves:
            return ""
        told = repr((self._of, code.commit, boot(), _plain(key), _plain(origin)))
        return hashlib.blake2b(told.encode(), digest_size=20).hexdigest()

    def _slot(self, name: str) -> str:
        return f"kept:{self._of}:{int(name, 16) % SLOTS}"


def _plain(value: object) -> object:
    """Written alike by every process: a set has no order of its own."""
    if isinstance(value, frozenset):
        return sorted(map(repr, value))
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value


def _fetched(slot: str, name: str) -> tuple[bytes, float]:
    """What lies there under our seal and this name, and for how many seconds it will."""
    asking = client().pipeline(transaction=False)
    asking.get(slot)
    asking.pttl(slot)
    sealed, left = asking.execute()
    packed = bytes((sealed or b"")[SEAL_BYTES:])
    right = constant_time_compare(sealed or b"", _sealed(name, packed))
    return (packed, left / 1000) if right and left > 0 else (b"", 0.0)


def _sealed(name: str, packed: bytes) -> bytes:
    made = salted_hmac(
        f"kept:{name}", packed, secret=settings.SECRET_KEY, algorithm="sha256"
    )
    return made.digest() + packed

"""Whom a bearer token speaks for and what they read: what the database said of it.

A mark is believed for BELIEVED_SECONDS after the database was *asked*, and no longer
than until somebody on this host says that something was written. Then it is renewed,
which asks only whether everything that it came from still reads the same. Where several
hosts serve, no host hears of the others' writes: there each request renews its mark.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from accounts.models import User
from accounts.services.admit import Bearer, admit, key_of
from kernel.versions import BELIEVED_SECONDS, place_of, stamps
from trades.queries.books import reads_every_book
from trades.queries.versions import LedgerVersion, ledger_version

MOST = 4096


@dataclass(frozen=True, slots=True)
class AdmittedReader:
    """What was made of `bearer`: `owner_id` is None for who reads all books."""

    bearer: Bearer
    user_id: int
    actor: str
    rights: frozenset[str]
    owner_id: int | None


@dataclass(frozen=True, slots=True)
class SessionMark:
    """`asked` by the steady clock. `stamps`, at `places`, stood before the database was
    asked; `version` is what it said of the books that the reader reads."""

    reader: AdmittedReader
    asked: float
    places: tuple[int, ...]
    stamps: tuple[int, ...]
    version: tuple[int | None, ...]

    @property
    def origin(self) -> Hashable:
        """What an answer comes from that is computed from now on."""
        return (self.stamps, self.version)

    def holds(self) -> bool:
        """Raises LimitsBusy or OSError where the stamps cannot be read."""
        return (
            settings.RATE_LIMIT_HOSTS == 1
            and time.monotonic() - self.asked < BELIEVED_SECONDS
            and stamps().at(self.places) == self.stamps
        )


_marks: OrderedDict[str, SessionMark] = OrderedDict()


def mark_of(text: str) -> SessionMark:
    """The mark of this bearer token. Raises NotAuthenticated where it opens nothing,
    DatabaseError, LimitsBusy and OSError."""
    key = key_of(text)
    mark = _marks.get(key)
    if mark is None or not mark.holds():
        mark = _marks[key] = _asked(text, mark)
        while len(_marks) > MOST:
            _marks.popitem(last=False)
    return mark


def _asked(text: str, last: SessionMark | None) -> SessionMark:
    """What the database says now. The stamps are read before it is asked; whose they
    are is known only after, so where they turn out to be others it is asked again."""
    places = last.places if last else ()
    while True:
        # What Django does before a request: a mark may be asked for outside of one.
        connection.close_if_unusable_or_obsolete()
        before = stamps().at(places)
        asked = time.monotonic()
        reader = _reader(admit(text), last.reader if last else None)
        version = ledger_version(reader.owner_id)
        named = _places(version)
        if named == places:
            return SessionMark(reader, asked, places, before, version.numbers)
        places = named


def _places(version: LedgerVersion) -> tuple[int, ...]:
    return tuple(sorted({place_of(name) for name in version.names}))


def _reader(bearer: Bearer, last: AdmittedReader | None) -> AdmittedReader:
    if last is not None and last.bearer.standing == bearer.standing:
        return last
    user = bearer.user
    return AdmittedReader(
        bearer,
        user.pk,
        user.actor,
        _rights(user),
        None if reads_every_book(user) else user.pk,
    )


def _rights(user: User) -> frozenset[str]:
    """What Django would let them do; a superuser without a token's scopes, anything."""
    everything = user.is_superuser and user.token_scopes is None
    return frozenset(user.get_all_permissions()) | ({"*"} if everything else set())

"""Whom a bearer token speaks for and what they read: what the database said of it.

A mark is believed for BELIEVED_SECONDS after the database was *asked*, and no longer
than until somebody on this host says that something was written. Then it is renewed,
which asks only whether everything that it came from still reads the same. Where several
hosts serve, no host hears of the others' writes: there each request renews its mark.
"""

from __future__ import annotations

import hashlib
import time
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import User
from accounts.queries.standing import standing_of_session, standing_of_token
from accounts.services.service_tokens import PREFIX, admitted
from accounts.services.tokens import open_session_of, sid_of_access
from kernel.versions import BELIEVED_SECONDS, place_of, stamps
from trades.queries.books import reads_every_book
from trades.queries.versions import LedgerVersion, ledger_version

MOST = 4096
# A mark is made anew after so long: the last use of a token is written then.
RENEWED_SECONDS = 60.0


class Speaker(ABC):
    """A bearer token; `key` names it in memory, where no secret is kept."""

    key: str

    @abstractmethod
    def standing(self) -> object:
        """What the database holds of it."""

    @abstractmethod
    def admitted(self) -> tuple[User, datetime | None]:
        """Whom it speaks for, and until when. Raises NotAuthenticated."""


class SessionSpeaker(Speaker):
    def __init__(self, text: str) -> None:
        """Raises NotAuthenticated for a token that is not ours, or expired."""
        self.key = sid_of_access(text)

    def standing(self) -> object:
        return standing_of_session(self.key)

    def admitted(self) -> tuple[User, datetime | None]:
        session = open_session_of(self.key)
        return session.user, session.ends_at


class TokenSpeaker(Speaker):
    def __init__(self, text: str) -> None:
        self._text = text
        self.key = hashlib.sha256(text.encode()).hexdigest()

    def standing(self) -> object:
        return standing_of_token(self._text.removeprefix(PREFIX).partition("_")[0])

    def admitted(self) -> tuple[User, datetime | None]:
        token = admitted(self._text, "GET")
        return token.owner, token.expires_at


@dataclass(frozen=True, slots=True)
class AdmittedReader:
    """What was made of `standing`: `owner_id` is None for who reads all books; it holds
    until `ends`, and is made anew at `renewed_until` by the steady clock."""

    standing: object
    user_id: int
    actor: str
    rights: frozenset[str]
    owner_id: int | None
    ends: datetime | None
    renewed_until: float


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
    speaker = TokenSpeaker(text) if text.startswith(PREFIX) else SessionSpeaker(text)
    mark = _marks.get(speaker.key)
    if mark is None or not mark.holds():
        mark = _marks[speaker.key] = _asked(speaker, mark)
        while len(_marks) > MOST:
            _marks.popitem(last=False)
    return mark


def _asked(speaker: Speaker, last: SessionMark | None) -> SessionMark:
    """What the database says now. The stamps are read before it is asked; whose they
    are is known only after, so where they turn out to be others it is asked again."""
    places = last.places if last else ()
    while True:
        # What Django does before a request: a mark may be asked for outside of one.
        connection.close_if_unusable_or_obsolete()
        before = stamps().at(places)
        asked = time.monotonic()
        reader = _reader(speaker, last.reader if last else None)
        version = ledger_version(reader.owner_id)
        named = _places(version)
        if named == places:
            return SessionMark(reader, asked, places, before, version.numbers)
        places = named


def _places(version: LedgerVersion) -> tuple[int, ...]:
    return tuple(sorted({place_of(name) for name in version.names}))


def _reader(speaker: Speaker, last: AdmittedReader | None) -> AdmittedReader:
    """Read before anything is made of it: what changes in between is seen next time."""
    standing, now = speaker.standing(), time.monotonic()
    if (
        last is not None
        and last.standing == standing
        and now < last.renewed_until
        and (last.ends is None or timezone.now() < last.ends)
    ):
        return last
    user, ends = speaker.admitted()
    return AdmittedReader(
        standing,
        user.pk,
        user.actor,
        _rights(user),
        None if reads_every_book(user) else user.pk,
        ends,
        now + RENEWED_SECONDS,
    )


def _rights(user: User) -> frozenset[str]:
    """What Django would let them do; a superuser without a token's scopes, anything."""
    everything = user.is_superuser and user.token_scopes is None
    return frozenset(user.get_all_permissions()) | ({"*"} if everything else set())

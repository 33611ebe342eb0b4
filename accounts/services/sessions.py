"""Opening, checking and ending sessions; Django's session engine on our rows.

SESSION_ENGINE names this module. Each check asks the database: a revoked session
is dead everywhere at once, with or without Redis.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import PasswordReset, ServiceToken, Session, User, WebSession
from accounts.services.seldom import Seldom
from audit.services import append
from kernel.errors import NotFound

SID = "sid"
PRESENCE = Seldom(timedelta(minutes=5))


def open_session(user: User, kind: Session.Kind) -> Session:
    """A new session row, without an event: the caller says why it was opened."""
    return Session.objects.create(user=user, kind=kind, fingerprint=user.fingerprint)


def holds(session: Session) -> bool:
    """Whether the session still speaks for its person; `session.user` is read."""
    return (
        session.revoked_at is None
        and not session.is_over(timezone.now())
        and session.user.is_active
        and session.fingerprint == session.user.fingerprint
    )


def end(session: Session, *, reason: str, by: str) -> bool:
    """Revoke one session; False when it was dead already. Needs a transaction."""
    ended = Session.objects.filter(pk=session.pk, revoked_at=None).update(
        revoked_at=timezone.now(), reason=reason
    )
    if ended:
        append(
            "accounts.session.ended",
            actor=by,
            object=f"person:{session.user_id}",
            data={"kind": str(session.kind), "reason": reason},
        )
    return bool(ended)


def end_all(user: User, *, reason: str, besides: str = "") -> int:
    """Revoke the person's browser and API sessions but `besides`; how many.

    Service tokens stay: they end with the person, by a reset, or by their own page.
    The event is the caller's.
    """
    kinds = (Session.Kind.HTML, Session.Kind.API)
    alive = Session.objects.filter(user=user, revoked_at=None, kind__in=kinds)
    return alive.exclude(pk=besides).update(revoked_at=timezone.now(), reason=reason)


def end_everybody(*, reason: str) -> int:
    """Revoke every session, service token and link to a new password; how many
    sessions.

    For a restored copy, in whose past some of them had been revoked.
    """
    at = timezone.now()
    ServiceToken.objects.filter(revoked_at=None).update(revoked_at=at)
    PasswordReset.objects.filter(used_at=None).update(used_at=at)
    alive = Session.objects.filter(revoked_at=None)
    return alive.update(revoked_at=at, reason=reason)


def keep(sid: str, user: User) -> None:
    """Let one session live on under the person's new password."""
    Session.objects.filter(pk=sid).update(fingerprint=user.fingerprint)


class SessionStore(DatabaseStore):
    """A browser's session: a row with its person and the Session it belongs to.

    The Session row is made at the first save after any login (page, admin, test
    client), so that no door can forget it.
    """

    row: Session | None = None  # as it was loaded

    @classmethod
    def get_model_class(cls) -> Any:
        return WebSession

    def _get_session_from_db(self) -> WebSession | None:
        at = timezone.now()
        alive = Q(session=None) | Q(session__revoked_at=None)
        rows = WebSession.objects.filter(
            alive, session_key=self.session_key, expire_date__gt=at
        )
        row: WebSession | None = rows.select_related("session").first()
        if row is None or (row.session and row.session.is_over(at)):
            self._session_key = None
            return None
        self.row = row.session
        return row

    def save(self, must_create: bool = False) -> None:
        """Raises UpdateError when the row is gone (logged out elsewhere)."""
        if self.session_key is None:
            return self.create()
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        with transaction.atomic():
            self._belong(data)
            fields = {
                "session_data": self.encode(data),
                "expire_date": self.get_expiry_date(),
                "user_id": data.get(SESSION_KEY),
                "session_id": data.get(SID),
            }
            if must_create:
                self._insert(fields)
                return None
            rows = WebSession.objects.filter(session_key=self.session_key)
            if not rows.update(**fields):
                raise UpdateError
        return None

    def _insert(self, fields: dict[str, Any]) -> None:
        try:
            with transaction.atomic():
                WebSession.objects.create(session_key=str(self.session_key), **fields)
        except IntegrityError:
            raise CreateError from None

    def _belong(self, data: dict[str, Any]) -> None:
        """A session that knows its person has a Session row of that person."""
        if SESSION_KEY not in data or SID in data:
            return
        user = User.objects.get(pk=data[SESSION_KEY])
        data[SID] = open_session(user, Session.Kind.HTML).sid

    def flush(self) -> None:
        """Logging out: the Session row ends too, so nothing can revive it."""
        sid = self.get(SID)
        if sid:
            Session.objects.filter(sid=sid, revoked_at=None).update(
                revoked_at=timezone.now(), reason="logout"
            )
        super().flush()


def note_presence(store: Any, at: datetime) -> None:
    """The person behind a browser did something: its session lives on. Written at
    most every five minutes."""
    session = getattr(store, "row", None)
    if session is not None and PRESENCE.due(session.sid, session.seen_at, at):
        with suppress(DatabaseError):
            Session.objects.filter(pk=session.pk).update(seen_at=at)


def end_own(user: User, sid: str) -> bool:
    """End one of the person's own sessions; whether it was alive. Raises NotFound."""
    session = Session.objects.filter(user=user, pk=sid).first()
    if session is None:
        raise NotFound("You have no such session.", code="session")
    with transaction.atomic():
        return end(session, reason="ended", by=user.actor)


def end_everywhere(user: User) -> int:
    """Log the person out of all browsers and clients, this one too; how many."""
    with transaction.atomic():
        ended = end_all(user, reason="everywhere")
        append(
            "accounts.sessions.ended",
            actor=user.actor,
            object=f"person:{user.pk}",
            data={"reason": "everywhere", "sessions_ended": str(ended)},
        )
    return ended


def browser_session(user: User) -> SessionStore:
    """A saved browser session of `user`, made in process (for our own probes)."""
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    store.save()
    return store


def sid_of(request: Any) -> str:
    """The sid of the session behind this request, by either door; "" if none."""
    auth = getattr(request, "auth", None)
    if isinstance(auth, Session):
        return auth.sid
    return cast(str, request.session.get(SID, ""))

"""Access and refresh tokens: JWT, HS512, on our own rows.

Access tokens live 10 minutes and are good while their Session is; refresh tokens
live 14 days and are good once. A refresh token used twice, even in a race, ends
the whole family: one of the two was a thief.

What signs is loaded by who issues or reads one: accounts/services/signing.py.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.domain.lives import CLIENT
from accounts.models import Refresh, Session, User
from accounts.services.sessions import end, holds, open_session
from audit.services import append
from kernel.errors import NotAuthenticated

if TYPE_CHECKING:
    from accounts.services.signing import RefreshToken

NOT_VALID = "This token is not valid or has expired."


@dataclass(frozen=True)
class Tokens:
    """What a client gets."""

    access: str
    refresh: str


def access_token(session: Session, *, lifetime: timedelta | None = None) -> str:
    """An access token of an open session; a negative lifetime has expired already."""
    from accounts.services.signing import AccessToken

    token = AccessToken()
    token["sub"] = str(session.user_id)
    token["sid"] = session.sid
    if lifetime is not None:
        token.set_exp(lifetime=lifetime)
    return str(token)


def issue(user: User) -> Tokens:
    """Log a client in: a new API session with its first pair of tokens."""
    with transaction.atomic():
        session = open_session(user, Session.Kind.API)
        pair = _pair(session)
        append(
            "accounts.session.opened",
            actor=user.actor,
            object=f"person:{user.pk}",
            data={"kind": "api"},
        )
    return pair


def _pair(session: Session) -> Tokens:
    from accounts.services.signing import RefreshToken

    token = RefreshToken()
    at = timezone.now()
    Session.objects.filter(pk=session.pk).update(seen_at=at)
    row = Refresh.objects.create(
        session=session,
        expires_at=min(at + RefreshToken.lifetime, session.opened_at + CLIENT.most),
    )
    token["jti"] = row.jti
    token.set_exp(lifetime=row.expires_at - at)
    token["sub"] = str(session.user_id)
    token["sid"] = session.sid
    return Tokens(access=access_token(session), refresh=str(token))


def _refused(reason: str) -> NotAuthenticated:
    return NotAuthenticated(reason, code="token")


def _session(sid: str) -> Session | None:
    return Session.objects.select_related("user").filter(pk=sid).first()


def sid_of_access(text: str) -> str:
    """The session that a valid access token names, whether or not it is open.

    Raises NotAuthenticated for a token that is not ours or has expired.
    """
    sid, expires = _signed(text, settings.JWT_SECRET, settings.JWT_SECRET_PREVIOUS)
    if expires <= time.time():
        raise _refused(NOT_VALID)
    return sid


@lru_cache(maxsize=4096)
def _signed(text: str, *_secrets: str) -> tuple[str, float]:
    """What a token says under its signature: sid and when it expires. Remembered of
    tokens that were valid once, under these secrets: that never changes."""
    from rest_framework_simplejwt.exceptions import TokenError

    from accounts.services.signing import AccessToken

    try:
        token = AccessToken(text)  # type: ignore[arg-type]
    except TokenError:
        raise _refused(NOT_VALID) from None
    return str(token["sid"]), float(token["exp"])


def session_of_access(text: str) -> Session:
    """The open session that an access token speaks for. One query.

    Raises NotAuthenticated when the token or its session is no longer good.
    """
    return open_session_of(sid_of_access(text))


def open_session_of(sid: str) -> Session:
    """One query. Raises NotAuthenticated when it has ended."""
    return check_open(_session(sid))


def check_open(session: Session | None) -> Session:
    """Raises NotAuthenticated where it has ended. `session.user` is loaded."""
    if session is None or not holds(session):
        raise _refused("This token's session has ended.")
    return session


def _decoded_refresh(text: str) -> RefreshToken:
    from rest_framework_simplejwt.exceptions import TokenError

    from accounts.services.signing import RefreshToken

    try:
        return RefreshToken(text)  # type: ignore[arg-type]
    except TokenError:
        raise _refused("This refresh token is not valid or has expired.") from None


def refresh(text: str) -> Tokens:
    """A new pair for a refresh token that was never used before.

    Raises NotAuthenticated otherwise; a replay ends the family first, and that is
    committed before the error leaves.
    """
    token = _decoded_refresh(text)
    with transaction.atomic():
        pair = _exchange(str(token["jti"]), str(token["sid"]))
    if pair is None:
        raise _refused("This refresh token has been used, or its session has ended.")
    return pair


def _exchange(jti: str, sid: str) -> Tokens | None:
    """None when the token was used before; the family is ended in that case."""
    # Only columns of the row itself in the WHERE: a second UPDATE then waits for
    # the first and sees its result. With a subquery both would win on PostgreSQL.
    won = Refresh.objects.filter(pk=jti, used_at=None).update(used_at=timezone.now())
    session = _session(sid)
    if session is None:
        return None
    if not won:
        end(session, reason="replay", by="system")
        return None
    return _pair(session) if holds(session) else None


def revoke(text: str) -> None:
    """End the session of a refresh token, used or not; ending it twice is fine."""
    token = _decoded_refresh(text)
    session = _session(str(token["sid"]))
    if session is not None:
        with transaction.atomic():
            end(session, reason="revoked", by=session.user.actor)

"""Access and refresh tokens: JWT, HS512, on our own rows.

Access tokens live 10 minutes and are good while their Session is; refresh tokens
live 14 days and are good once. A refresh token used twice, even in a race, ends
the whole family: one of the two was a thief.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import jwt
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import (
    TokenBackendError,
    TokenBackendExpiredToken,
    TokenError,
)
from rest_framework_simplejwt.tokens import Token

from accounts.domain.lives import CLIENT
from accounts.models import Refresh, Session, User
from accounts.services.sessions import end, holds, open_session
from audit.services import append
from kernel.errors import NotAuthenticated

NO_TIME = (TypeError, ValueError, OverflowError, OSError)
REQUIRED = ["exp", "iat", "aud", "iss", "sub", "sid", "jti"]


def kid_of(secret: str) -> str:
    """A key's name in a token's header: first 8 hex digits of its SHA-256."""
    return hashlib.sha256(secret.encode()).hexdigest()[:8]


class KeyedBackend(TokenBackend):
    """Signs with the current secret, accepts the previous one too, by `kid`."""

    def __init__(self, secret: str, previous: str) -> None:
        super().__init__(
            "HS512",
            secret,
            audience=str(settings.SIMPLE_JWT["AUDIENCE"]),
            issuer=str(settings.SIMPLE_JWT["ISSUER"]),
        )
        self.keys = {kid_of(key): key for key in (previous, secret) if key}
        self.kid = kid_of(secret)

    def encode(self, payload: dict[str, Any]) -> str:
        claims = {**payload, "aud": self.audience, "iss": self.issuer}
        return jwt.encode(
            claims,
            self.keys[self.kid],
            algorithm=self.algorithm,
            headers={"kid": self.kid},
        )

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """The claims. Raises TokenBackendError for any token that is not ours."""
        try:
            kid = str(jwt.get_unverified_header(token).get("kid"))
            if kid not in self.keys:
                raise TokenBackendError("signed with a key that is not ours")
            claims: dict[str, Any] = jwt.decode(
                token,
                self.keys[kid],
                algorithms=[self.algorithm],
                audience=self.audience,
                issuer=self.issuer,
                options={"require": REQUIRED, "verify_signature": verify},
            )
            # simplejwt, which reads it next, falls over what is no time.
            datetime.fromtimestamp(claims["exp"], UTC)
        except jwt.ExpiredSignatureError as error:
            raise TokenBackendExpiredToken("expired") from error
        except (jwt.InvalidTokenError, *NO_TIME) as error:
            raise TokenBackendError("not ours") from error
        return claims


@lru_cache(maxsize=4)
def _backend(secret: str, previous: str) -> KeyedBackend:
    return KeyedBackend(secret, previous)


class _OwnToken(Token):
    def get_token_backend(self) -> TokenBackend:
        return _backend(settings.JWT_SECRET, settings.JWT_SECRET_PREVIOUS)


class AccessToken(_OwnToken):
    token_type = "access"  # noqa: S105 - a claim's value
    lifetime = timedelta(minutes=settings.ACCESS_TOKEN_MINUTES)


class RefreshToken(_OwnToken):
    token_type = "refresh"  # noqa: S105 - a claim's value
    lifetime = timedelta(days=settings.REFRESH_TOKEN_DAYS)


@dataclass(frozen=True)
class Tokens:
    """What a client gets."""

    access: str
    refresh: str


def access_token(session: Session, *, lifetime: timedelta | None = None) -> str:
    """An access token of an open session; a negative lifetime has expired already."""
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
    try:
        sid, expires = _signed(text, settings.JWT_SECRET, settings.JWT_SECRET_PREVIOUS)
    except TokenError:
        sid, expires = "", 0.0
    if expires <= time.time():
        raise _refused("This token is not valid or has expired.")
    return sid


@lru_cache(maxsize=4096)
def _signed(text: str, *_secrets: str) -> tuple[str, float]:
    """What a token says under its signature: sid and when it expires. Remembered of
    tokens that were valid once, under these secrets: that never changes."""
    token = AccessToken(text)  # type: ignore[arg-type]
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


def kid_in(token: str) -> str:
    """The name of the key that a token says it was signed with; "" for no token."""
    try:
        return str(jwt.get_unverified_header(token).get("kid", ""))
    except jwt.InvalidTokenError:
        return ""

"""The JSON Web Tokens of `accounts.services.tokens`: claims under a signature.

Apart, because its libraries are as much to load as many of our modules, and only who
issues or reads a token needs them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import jwt
from django.conf import settings
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import (
    TokenBackendError,
    TokenBackendExpiredToken,
)
from rest_framework_simplejwt.tokens import Token

from accounts.domain.key_names import kid_of

NO_TIME = (TypeError, ValueError, OverflowError, OSError)
REQUIRED = ["exp", "iat", "aud", "iss", "sub", "sid", "jti"]


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


def kid_in(token: str) -> str:
    """The name of the key that a token says it was signed with; "" for no token."""
    try:
        return str(jwt.get_unverified_header(token).get("kid", ""))
    except jwt.InvalidTokenError:
        return ""

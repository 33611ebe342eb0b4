"""What the API of people and tokens gives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from django.conf import settings

from accounts.models import ServiceToken, User
from accounts.queries import permissions_of, roles_of
from accounts.services.tokens import Tokens
from kernel.schema import Answer


@dataclass(frozen=True, kw_only=True)
class TokenPair(Answer):
    access: str
    refresh: str
    expires_in: Annotated[int, "seconds the access token lives"]

    @classmethod
    def of(cls, pair: Tokens) -> TokenPair:
        return cls(
            access=pair.access,
            refresh=pair.refresh,
            expires_in=settings.ACCESS_TOKEN_MINUTES * 60,
        )


@dataclass(frozen=True, kw_only=True)
class Me(Answer):
    """Who asks, and what they may do."""

    username: str
    roles: list[str]
    permissions: list[str]

    @classmethod
    def of(cls, user: User) -> Me:
        return cls(
            username=user.username,
            roles=roles_of(user),
            permissions=permissions_of(user),
        )


@dataclass(frozen=True, kw_only=True)
class ServiceTokenAnswer(Answer):
    """A token of a program, without its secret."""

    id: Annotated[str, "the part of `rrr_<id>_<secret>` that is no secret"]
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: Annotated[datetime | None, "within a few minutes"]
    revoked_at: datetime | None

    @classmethod
    def of(cls, token: ServiceToken) -> ServiceTokenAnswer:
        return cls(**_told(token))


@dataclass(frozen=True, kw_only=True)
class ServiceTokenList(Answer):
    tokens: list[ServiceTokenAnswer]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class NewServiceToken(ServiceTokenAnswer):
    """A token just made: `token` is told this once."""

    token: str

    @classmethod
    def made(cls, row: ServiceToken, text: str) -> NewServiceToken:
        return cls(token=text, **_told(row))


def _told(token: ServiceToken) -> dict[str, Any]:
    return {
        "id": token.uid,
        "name": token.name,
        "scopes": token.scopes,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "revoked_at": token.revoked_at,
    }

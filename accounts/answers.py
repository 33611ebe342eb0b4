"""What the token API gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from accounts.models import User
from accounts.queries import permissions_of, roles_of
from accounts.services.tokens import AccessToken, Tokens
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
            expires_in=int(AccessToken.lifetime.total_seconds()),
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

"""Making, checking and revoking service tokens.

What a token may do is its owner's right ∩ its scopes: `let_in` marks the owner's
object, and `accounts.authentication.PeopleBackend`, which every permission is asked
of, narrows by that mark.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest

from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.domain.scopes import ATTEST, SCOPES
from accounts.models import ServiceToken, User
from accounts.services.seldom import Seldom
from audit.services import append
from kernel.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    NotAuthenticated,
)

PREFIX = "rrr_"
LONGEST_DAYS = 365
MOST_ALIVE = 50  # of one owner
USES = Seldom(timedelta(minutes=5))
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
NOT_GOOD = "This token is not valid, or was revoked."


@dataclass(frozen=True, kw_only=True)
class NewToken:
    name: str
    scopes: Sequence[str]
    days: int


def make(new: NewToken, owner: User, *, by: User) -> tuple[ServiceToken, str]:
    """The token's row, and its text, which is known now and never again.

    Raises Forbidden for somebody else's owner, Invalid for a name, scope or life
    that cannot be, Conflict when the owner has as many as one may have or was disabled.
    """
    _may(by, owner)
    _check(new, owner)
    secret, at = secrets.token_hex(24), timezone.now()
    with transaction.atomic():
        # One at a time: the bound is of all the owner's tokens, and who is being
        # disabled gets none afterwards.
        active = User.objects.select_for_update().filter(pk=owner.pk, is_active=True)
        if active.first() is None:
            raise Conflict(f"{owner.username} was disabled.", code="disabled")
        if ServiceToken.objects.alive(at).filter(owner=owner).count() >= MOST_ALIVE:
            raise Conflict(
                f"{owner.username} has {MOST_ALIVE} tokens: revoke one first.",
                code="too_many",
            )
        token = ServiceToken.objects.create(
            owner=owner,
            name=new.name.strip(),
            digest=_digest(secret),
            scopes=sorted(set(new.scopes)),
            made_by=by,
            created_at=at,
            expires_at=at + timedelta(days=new.days),
        )
        append(
            "accounts.token.made",
            actor=by.actor,
            object=f"token:{token.uid}",
            data={
                "owner": owner.actor,
                "scopes": token.scopes,
                "expires_at": token.expires_at.isoformat(),
            },
        )
    return token, f"{PREFIX}{token.uid}_{secret}"


def _may(by: User, owner: User) -> None:
    """A person's tokens are their own business, a service account's those of whoever
    manages people."""
    allowed = by.has_perm("people.manage") if owner.is_service else by.pk == owner.pk
    if not allowed:
        raise Forbidden("This is not yours to decide.", code="role")


def _check(new: NewToken, owner: User) -> None:
    faults = []
    if not new.name.strip():
        faults.append(FieldError("/name", "required", "Say what it is for."))
    if not new.scopes:
        faults.append(FieldError("/scopes", "required", "Choose at least one."))
    for scope in new.scopes:
        if scope not in SCOPES:
            fault = FieldError("/scopes", "unknown", f"There is no scope {scope!r}.")
            faults.append(fault)
    if ATTEST in new.scopes and not owner.is_service:
        text = f"{ATTEST} is for service accounts, by an Administrator."
        faults.append(FieldError("/scopes", "service_only", text))
    if not 1 <= new.days <= LONGEST_DAYS:
        text = f"A token lives 1 to {LONGEST_DAYS} days."
        faults.append(FieldError("/days", "range", text))
    if faults:
        raise Invalid.of(faults)


def revoke(token: ServiceToken, *, by: User) -> bool:
    """It opens nothing from the next request on; False when it was dead already."""
    _may(by, token.owner)
    return bool(_revoke([token], by=by.actor, reason="revoked"))


def revoke_all(owner: User, *, by: str, reason: str) -> int:
    """Revoke every token of one owner; how many. Needs a transaction."""
    return _revoke(ServiceToken.objects.filter(owner=owner), by=by, reason=reason)


def _revoke(tokens: Iterable[ServiceToken], *, by: str, reason: str) -> int:
    ended, at = 0, timezone.now()
    with transaction.atomic():
        for token in tokens:
            alive = ServiceToken.objects.filter(pk=token.pk, revoked_at=None)
            if not alive.update(revoked_at=at):
                continue
            ended += 1
            append(
                "accounts.token.revoked",
                actor=by,
                object=f"token:{token.uid}",
                data={"reason": reason},
            )
    return ended


def found(text: str) -> ServiceToken:
    """The token with this text, its owner loaded. One query. Raises NotAuthenticated
    where there is none."""
    token = _found(text)
    if token is None:
        raise _refused(NOT_GOOD)
    return token


def let_in(token: ServiceToken, method: str) -> None:
    """Mark the owner of a token with what it may do in this request; its last use is
    written at most every five minutes.

    Raises NotAuthenticated when it is no longer good.
    """
    at = timezone.now()
    if token.revoked_at or not token.owner.is_active:
        raise _refused(NOT_GOOD)
    if token.expires_at <= at:
        raise _refused(f"This token expired at {token.expires_at:%Y-%m-%d %H:%M} UTC.")
    token.owner.token_scopes = frozenset(token.scopes)
    token.owner.token_writes = method not in SAFE
    _note_use(token, at)


def _found(text: str) -> ServiceToken | None:
    uid, _, secret = text.removeprefix(PREFIX).partition("_")
    if not uid.isascii() or not uid.isalnum() or len(uid) > 12:
        return None
    row = ServiceToken.objects.select_related("owner").filter(uid=uid).first()
    if row is None or not compare_digest(row.digest, _digest(secret)):
        return None
    return row


def _note_use(token: ServiceToken, at: datetime) -> None:
    if USES.due(token.uid, token.last_used_at, at):
        with suppress(DatabaseError):
            ServiceToken.objects.filter(pk=token.pk).update(last_used_at=at)


def _refused(reason: str) -> NotAuthenticated:
    return NotAuthenticated(reason, code="token")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

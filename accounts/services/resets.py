"""A forgotten password: a link by mail, good for an hour and for one use."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts.models import PasswordReset, User
from accounts.services import service_tokens, sessions
from audit.services import append
from kernel.errors import NotFound
from kernel.registry import Letter, post

LIFE = timedelta(hours=1)
MOST = 5  # people who share one address
MOST_OPEN = 3  # links of one person that still work; the next are not sent
NOBODY = User(pk=0, username="nobody", email="nobody@example.invalid")


class _NobodyIsTold(Exception):
    """Undoes the letter to nobody, or to whom enough were sent."""


def ask(address: str, link_of: Callable[[str], str]) -> None:
    """Mail a link to everybody who has this address. Nobody can tell whether that is
    anybody: the answer is none, and the work the same. `link_of` makes the link of a
    token."""
    people = User.objects.filter(
        email__iexact=address.strip(), is_active=True, is_service=False
    )
    known = list(people.order_by("pk")[:MOST]) if address.strip() else []
    with transaction.atomic():
        for user in known or [NOBODY]:
            _offer(user, link_of, timezone.now())


def _offer(user: User, link_of: Callable[[str], str], at: datetime) -> None:
    token = secrets.token_urlsafe(32)
    enough = _open(user, at) >= MOST_OPEN
    told = user is not NOBODY and not enough
    row = PasswordReset.objects.create(
        user=user if told else None,
        digest=_digest(token),
        fingerprint=user.fingerprint,
        asked_at=at,
        expires_at=at + LIFE,
    )
    with suppress(_NobodyIsTold), transaction.atomic():
        append(
            "accounts.password.reset-asked",
            actor="system",
            object=f"person:{user.pk}",
            data={},
        )
        post(_letter(user, row, link_of(token)))
        if not told:
            raise _NobodyIsTold


def _open(user: User, at: datetime) -> int:
    """How many links of this person's still work."""
    rows = PasswordReset.objects.filter(user_id=user.pk, fingerprint=user.fingerprint)
    return rows.filter(used_at=None, expires_at__gt=at).count()


def _letter(user: User, row: PasswordReset, link: str) -> Letter:
    return Letter(
        kind="password-reset",
        about=f"reset:{row.pk}",
        recipient=user.username,
        # The address we know, never the one that was typed.
        address=user.email,
        subject="A new password for RRR Dashboard",
        body=(
            f"Somebody, probably you, asked for a new password for {user.username} "
            "at RRR Dashboard.\n\n"
            f"Choose it here, before {row.expires_at:%d %B %Y %H:%M} UTC:\n{link}\n\n"
            "The link works once; a new password ends every session of yours, and the "
            "service tokens that you have made for yourself. If it was not you, do "
            "nothing: your password stays as it is.\n"
        ),
        secret=True,
    )


def find(token: str) -> tuple[PasswordReset, User]:
    """The reset of a link that still works, and whose it is. Raises NotFound for one
    that was used, is too old, or never was."""
    rows = PasswordReset.objects.select_related("user").filter(digest=_digest(token))
    row = rows.filter(used_at=None, expires_at__gt=timezone.now()).first()
    if row is None or row.user is None or not _fits(row, row.user):
        raise NotFound("This link has ended.", code="reset")
    return row, row.user


def _fits(row: PasswordReset, user: User) -> bool:
    return user.is_active and row.fingerprint == user.fingerprint


def set_password(row: PasswordReset, password: str) -> int:
    """Use the link up: the new password, and every session and service token of the
    person ends, for whoever had the old password may have made some. How many tokens.

    Raises NotFound when the link has ended meanwhile.
    """
    hashed = make_password(password)  # slow: outside the transaction
    at = timezone.now()
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=row.user_id or 0)
        unused = PasswordReset.objects.filter(
            pk=row.pk, used_at=None, expires_at__gt=at
        )
        if not _fits(row, user) or not unused.update(used_at=at):
            raise NotFound("This link has ended.", code="reset")
        user.password = hashed
        user.save(update_fields=["password"])
        ended = sessions.end_all(user, reason="password")
        tokens = service_tokens.revoke_all(user, by=user.actor, reason="password")
        append(
            "accounts.password.reset",
            actor=user.actor,
            object=f"person:{user.pk}",
            data={"sessions_ended": str(ended), "tokens_ended": str(tokens)},
        )
    return tokens


def end_all(user: User) -> int:
    """No link of this person's opens anything any more; how many did."""
    open_ones = PasswordReset.objects.filter(user=user, used_at=None)
    return open_ones.update(used_at=timezone.now())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

"""Inviting people, and coming in by an invitation."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts.models import Invitation, User
from accounts.services.people import (
    add_person,
    check_free,
    check_roles,
    check_spelling,
)
from audit.services import append
from kernel.errors import Conflict, FieldError, Invalid, NotFound
from kernel.registry import Letter, post

LIFE = timedelta(hours=48)


@dataclass(frozen=True, kw_only=True)
class NewInvitation:
    username: str
    roles: Sequence[str]
    name: str = ""
    email: str = ""


def invite(
    new: NewInvitation, by: User, link_of: Callable[[str], str]
) -> tuple[Invitation, str]:
    """The invitation and its link, which is known now and never again; it is mailed
    where there is an address. `link_of` makes the link of a token.

    An earlier invitation to the same name is withdrawn. Raises Invalid for a name
    or role that cannot be, Conflict when the name is somebody's.
    """
    _check(new)
    token, at = secrets.token_urlsafe(32), timezone.now()
    link = link_of(token)
    with transaction.atomic():
        check_free(new.username)
        unused = Invitation.objects.unused().select_for_update()
        for earlier in unused.filter(username=new.username):
            withdraw(earlier, by)
        invitation = Invitation.objects.create(
            username=new.username,
            name=new.name,
            email=new.email,
            roles=sorted(new.roles),
            digest=_digest(token),
            invited_by=by,
            created_at=at,
            expires_at=at + LIFE,
        )
        append(
            "accounts.person.invited",
            actor=by.actor,
            object=f"invitation:{invitation.uid}",
            data={"roles": sorted(new.roles)},
        )
        if new.email:
            post(_letter(invitation, link, by))
    return invitation, link


def _check(new: NewInvitation) -> None:
    check_roles(new.roles)
    if not new.roles:
        raise Invalid(
            "Choose at least one role.",
            code="role",
            errors=[FieldError("/roles", "required", "Choose at least one role.")],
        )
    check_spelling(new.username)


def _letter(invitation: Invitation, link: str, by: User) -> Letter:
    inviter = by.get_full_name() or by.username
    return Letter(
        kind="invitation",
        about=f"invitation:{invitation.uid}",
        recipient=invitation.username,
        address=invitation.email,
        subject="Your invitation to RRR Dashboard",
        body=(
            f"{inviter} invites you to RRR Dashboard as {invitation.username} "
            f"({', '.join(invitation.roles)}).\n\n"
            f"Choose your password here, before "
            f"{invitation.expires_at:%d %B %Y %H:%M} UTC:\n{link}\n\n"
            "The link works once. If you do not know what this is, do nothing.\n"
        ),
        secret=True,
    )


def withdraw(invitation: Invitation, by: User) -> bool:
    """The link lets nobody in any more; False when it did not before either."""
    with transaction.atomic():
        unused = Invitation.objects.unused().filter(pk=invitation.pk)
        ended = unused.update(withdrawn_at=timezone.now())
        if ended:
            append(
                "accounts.invitation.withdrawn",
                actor=by.actor,
                object=f"invitation:{invitation.uid}",
                data={},
            )
    return bool(ended)


def find(token: str) -> Invitation:
    """The invitation of a link. Raises NotFound."""
    found = (
        Invitation.objects.select_related("invited_by")
        .filter(digest=_digest(token))
        .first()
    )
    if found is None:
        raise NotFound("There is no such invitation.", code="invitation")
    return found


def withdraw_all() -> int:
    """No link of now lets anybody in any more; how many there were. For a restored
    copy, in whose past some had been withdrawn or used."""
    return Invitation.objects.unused().update(withdrawn_at=timezone.now())


def accept(invitation: Invitation, password: str) -> User:
    """Make the invited person with this password; the link is used up.

    Raises Conflict when the invitation has ended, or the name was taken meanwhile.
    """
    hashed = make_password(password)  # slow: outside the transaction
    at = timezone.now()
    with transaction.atomic():
        alive = Invitation.objects.letting_in(at).filter(pk=invitation.pk)
        if not alive.update(accepted_at=at):
            raise Conflict("This invitation has ended.", code="ended")
        user = add_person(
            invitation.username,
            email=invitation.email,
            hashed=hashed,
            roles=invitation.roles,
            by=invitation.invited_by.actor,
            name=invitation.name,
        )
        append(
            "accounts.invitation.accepted",
            actor=user.actor,
            object=f"invitation:{invitation.uid}",
            data={"person": str(user.pk)},
        )
    return user


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

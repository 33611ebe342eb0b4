"""Shutting a person or a program out, and letting them in again."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import transaction

from accounts.domain.roles import ROLES
from accounts.models import User
from accounts.services import resets, service_tokens, sessions
from accounts.services.people import has_administrator
from audit.services import append
from kernel.errors import Conflict


def disable(user: User, *, by: User) -> bool:
    """Nothing lets them in from the next request on: sessions, service tokens and links
    to a new password end, for good. False when they were out already.

    Raises Conflict for oneself and for the last active Administrator.
    """
    if user.pk == by.pk:
        raise Conflict("Nobody disables themselves.", code="own")
    with transaction.atomic():
        # As in `give_roles`: two administrators must not shut each other out.
        list(Group.objects.select_for_update().filter(name__in=ROLES))
        if not has_administrator(besides=user):
            raise Conflict(
                f"{user.username} is the last active Administrator.",
                code="last_administrator",
            )
        if not User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
            return False
        reason = "disabled"
        ended = sessions.end_all(user, reason=reason)
        resets.end_all(user)
        revoked = service_tokens.revoke_all(user, by=by.actor, reason=reason)
        append(
            "accounts.person.disabled",
            actor=by.actor,
            object=f"person:{user.pk}",
            data={"sessions_ended": str(ended), "tokens_revoked": str(revoked)},
        )
    return True


def enable(user: User, *, by: User) -> bool:
    """They may log in again; what ended stays ended. False when they could already."""
    with transaction.atomic():
        if not User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
            return False
        append(
            "accounts.person.enabled",
            actor=by.actor,
            object=f"person:{user.pk}",
            data={},
        )
    return True

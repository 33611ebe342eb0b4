"""Accounts of programs: no password and no browser, only tokens, given by an
Administrator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db import transaction

from accounts.domain.roles import ATTESTS, SERVICE_ROLES
from accounts.models import User
from accounts.services.people import check_free, check_roles, check_spelling
from accounts.services.roles import permissions_by_name
from audit.services import append
from kernel.errors import FieldError, Invalid


@dataclass(frozen=True, kw_only=True)
class NewServiceAccount:
    username: str
    roles: Sequence[str]
    name: str = ""
    attests: bool = False


def add_service_account(new: NewServiceAccount, *, by: User) -> User:
    """Raises Invalid for a name or role that cannot be, Conflict when the name is
    somebody's."""
    check_roles(new.roles)
    if set(new.roles) - set(SERVICE_ROLES):
        fault = FieldError("/roles", "role", "No program manages people.")
        raise Invalid.of([fault])
    check_spelling(new.username)
    with transaction.atomic():
        check_free(new.username)
        user = User.objects.create(
            username=new.username,
            first_name=new.name,
            password="!",  # noqa: S106 - no password fits
            is_service=True,
        )
        user.groups.set(Group.objects.filter(name__in=new.roles))
        if new.attests:
            user.user_permissions.add(permissions_by_name()[ATTESTS])
        append(
            "accounts.service-account.added",
            actor=by.actor,
            object=f"service:{user.pk}",
            data={"roles": sorted(new.roles), "attests": new.attests},
        )
    return user

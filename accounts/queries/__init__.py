"""Named reads that pages, API and jobs share."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet, Value
from django.http import HttpRequest

from accounts.domain.roles import PERMISSIONS
from accounts.models import Invitation, ServiceToken, Session, SigningKey, User
from accounts.models.invitations import BACKEND
from kernel.errors import NotFound
from kernel.paging import Page, newest_first

PROBE = "probe"  # the service account by which the product looks at itself
PREFERENCES = {"theme": "auto", "zone": "UTC", "pnl": "teal", "shortcuts": "on"}


def probe_id() -> int | None:
    """The id of the account by which the product looks at itself, once it is there."""
    account = User.objects.filter(username=PROBE, is_service=True)
    return account.values_list("pk", flat=True).first()


def preferences(request: HttpRequest) -> dict[str, str]:
    """Theme, zone, P&L colours and shortcuts: the person's, else the cookie's."""
    user = getattr(request, "user", None)
    if isinstance(user, User):
        held: Mapping[str, Any] = {**user.preferences, "zone": user.zone}
    else:
        held = cookie_preferences(request)
    return {name: str(held.get(name) or value) for name, value in PREFERENCES.items()}


def cookie_preferences(request: HttpRequest) -> Mapping[str, Any]:
    """What the browser's cookie holds, unchecked; {} for none or nonsense."""
    try:
        held = json.loads(request.COOKIES.get(settings.PREFERENCES_COOKIE_NAME, ""))
    except (ValueError, RecursionError):
        return {}
    return held if isinstance(held, dict) else {}


def people() -> QuerySet[User]:
    """Persons by username; service accounts are hidden."""
    return User.objects.filter(is_service=False).order_by("username")


def people_called(text: str) -> QuerySet[User]:
    """Persons whose name or mail address holds the text, by user name."""
    if not text:
        return people()
    fields = ("username", "first_name", "last_name", "email")
    return people().filter(
        reduce(or_, (Q(**{f"{field}__icontains": text}) for field in fields))
    )


def people_found(text: str, *, most: int) -> tuple[list[User], bool]:
    """At most `most` persons whose name or mail address holds the text, by user name
    with their roles, and whether there are more. Two queries."""
    found = people_called(text).prefetch_related("groups")
    ahead = list(found[: most + 1])
    return ahead[:most], len(ahead) > most


def person_named(pk: int) -> User:
    """Raises NotFound for nobody, and for service accounts."""
    person = people().filter(pk=pk).first()
    if person is None:
        raise NotFound("There is no such person.", code="person")
    return person


def somebody(pk: int) -> User:
    """A person or a service account. Raises NotFound for nobody and for `probe`."""
    user = User.objects.filter(pk=pk).exclude(username=PROBE).first()
    if user is None:
        raise NotFound("There is nobody of this number.", code="person")
    return user


def service_accounts() -> QuerySet[User]:
    """By user name; the product's own `probe` is not one to manage."""
    accounts = User.objects.filter(is_service=True).exclude(username=PROBE)
    return accounts.order_by("username")


def service_account(pk: int) -> User:
    """Raises NotFound for nobody, for persons, and for the product's own."""
    named = User.objects.filter(pk=pk, is_service=True).exclude(username=PROBE)
    account = named.first()
    if account is None:
        raise NotFound("There is no such service account.", code="service_account")
    return account


def tokens_page(owner: User, *, limit: int, cursor: str = "") -> Page[ServiceToken]:
    """The owner's tokens, newest first, dead ones too while they are kept."""
    rows = ServiceToken.objects.filter(owner=owner).select_related("owner", "made_by")
    return newest_first(rows, field="created_at", limit=limit, cursor=cursor)


def token_named(uid: str, *, seen_by: User) -> ServiceToken:
    """One's own token, or a service account's for whoever manages people.

    Raises NotFound for others.
    """
    token = ServiceToken.objects.select_related("owner").filter(uid=uid).first()
    if token is not None and (
        token.owner_id == seen_by.pk
        or (token.owner.is_service and seen_by.has_perm("people.manage"))
    ):
        return token
    raise NotFound("There is no such token of yours.", code="token")


def sessions_of(user: User, *, at: datetime, most: int) -> list[Session]:
    """The person's log-ins that still hold, in browsers and at the API, newest first."""
    kinds = (Session.Kind.HTML, Session.Kind.API)
    alive = Session.objects.filter(
        user=user, revoked_at=None, kind__in=kinds, fingerprint=user.fingerprint
    )
    rows = alive.order_by("-opened_at", "-pk")[:most]
    return [session for session in rows if not session.is_over(at)]


def newest_invitations(
    *, at: datetime, most: int | None = None
) -> list[tuple[Invitation, bool]]:
    """The newest invitations that nobody has accepted yet, each with whether its link
    still lets somebody in."""
    rows = Invitation.objects.filter(accepted_at=None).select_related("invited_by")
    newest = list(rows.order_by("-created_at", "-pk")[:most])
    alive = set(Invitation.objects.letting_in(at).values_list("pk", flat=True))
    return [(row, row.pk in alive) for row in newest]


def lets_in(invitation: Invitation, at: datetime) -> bool:
    """Whether its link still lets somebody in."""
    return Invitation.objects.letting_in(at).filter(pk=invitation.pk).exists()


def owners_of_books(*, most: int) -> list[User]:
    """Active persons whose roles let them write in books of their own, by user name."""
    owners = User.objects.with_perm(
        "trading.own", include_superusers=False, backend=BACKEND
    )
    return list(people().filter(pk__in=owners)[:most])


@dataclass(frozen=True)
class Grants:
    """What a person was given: roles by name, and as "area.verb" the permissions of
    these roles and of their own."""

    roles: Sequence[str]
    permissions: frozenset[str]


def grants_of(user: Any) -> Grants:
    """One query for each person object, which remembers them."""
    if not hasattr(user, "_grants"):
        of_roles = Group.objects.filter(user=user).values_list(
            "name", "permissions__content_type__app_label", "permissions__codename"
        )
        own = (
            Permission.objects.filter(user=user)
            .annotate(role=Value(""))
            .values_list("role", "content_type__app_label", "codename")
        )
        rows = list(of_roles.order_by().union(own.order_by(), all=True))
        user._grants = Grants(
            roles=sorted({role for role, _, _ in rows if role}),
            permissions=frozenset(f"{area}.{verb}" for _, area, verb in rows if verb),
        )
    grants: Grants = user._grants
    return grants


def roles_of(user: Any) -> list[str]:
    """The names of the person's roles, sorted: grants_of()."""
    return list(grants_of(user).roles)


def permissions_of(user: User) -> list[str]:
    """What the person may do in our areas, as "area.verb", sorted. Of a service token
    both what it may read and what it may write."""
    held = user.get_all_permissions()
    if user.token_scopes is not None:
        otherwise = copy(user)
        otherwise.token_writes = not user.token_writes
        held = held | otherwise.get_all_permissions()
    return sorted(name for name in PERMISSIONS if name in held)


def signing_key_of(user: User) -> SigningKey | None:
    """The person's one key that is not revoked."""
    return SigningKey.objects.filter(user=user, revoked_at=None).first()


def keys_of(user: User) -> list[SigningKey]:
    """All keys the person ever had, newest first."""
    return list(SigningKey.objects.filter(user=user).order_by("-created_at", "-pk"))


def actor_names(actors: set[str]) -> dict[str, str]:
    """{"p:7": "developer"} for the actors that are people or service accounts."""
    ids = {
        int(number): actor
        for actor in actors
        for kind, _, number in [actor.partition(":")]
        if kind in {"p", "s"} and number.isdecimal()
    }
    named = User.objects.filter(pk__in=ids).values_list("pk", "username")
    return {ids[pk]: username for pk, username in named}

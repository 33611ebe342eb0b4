"""Adding people, granting roles, logging in and changing passwords."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.contrib.auth import authenticate, login, update_session_auth_hash
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest

from accounts.domain.roles import ADMINISTRATOR, ROLES
from accounts.models import User
from accounts.services import sessions
from accounts.services.kept_texts import remember_forms
from audit.services import append
from kernel.errors import Conflict, FieldError, Forbidden, Invalid


def add_person(
    username: str,
    *,
    email: str,
    password: str = "",
    roles: Sequence[str],
    by: str,
    hashed: str = "",
    name: str = "",
    extra: Sequence[Permission] = (),
) -> User:
    """A new person with these roles. Raises Conflict when the name is taken,
    Invalid for a role that does not exist. `by` is an actor ("p:7", "system");
    `hashed` is a password hashed before."""
    check_roles(roles)
    if not (password or hashed):
        raise Invalid("A person needs a password.", code="password")
    hashed = hashed or make_password(password)  # slow: outside the transaction
    first, _, last = name.partition(" ")
    with transaction.atomic():
        if User.objects.filter(username=username).exists():
            raise Conflict(f"There is already a {username!r}.", code="taken")
        user = User.objects.create(
            username=username,
            email=email,
            password=hashed,
            first_name=first,
            last_name=last,
            is_staff=ADMINISTRATOR in roles,
        )
        user.groups.set(Group.objects.filter(name__in=roles))
        user.user_permissions.set(extra)
        append(
            "accounts.person.added",
            actor=by,
            object=f"person:{user.pk}",
            data={"roles": sorted(roles)},
        )
    return user


def check_roles(roles: Sequence[str]) -> None:
    """Raises Invalid for a role that does not exist."""
    unknown = [role for role in roles if role not in ROLES]
    if unknown:
        raise Invalid(
            f"There is no role {unknown[0]!r}.",
            code="role",
            errors=[FieldError("/roles", "unknown", role) for role in unknown],
        )


# Words for whom no person stands: filters, claims and the log say so.
RESERVED = frozenset({"nobody", "anybody", "import", "system"})


def check_spelling(username: str) -> None:
    """Raises Invalid for what cannot be a user name."""
    try:
        User.username_validator(username)
        if username.casefold() in RESERVED:
            raise ValidationError("is a word that stands for no person")
        if username != User.normalize_username(username):
            raise ValidationError("has characters that only look like others")
    except ValidationError as error:
        fault = FieldError("/username", "invalid", error.messages[0])
        raise Invalid.of([fault]) from None


def check_free(username: str) -> None:
    """Raises Conflict when it is somebody's name, in whatever case."""
    if User.objects.filter(username__iexact=username).exists():
        raise Conflict(
            f"There is already a {username!r}.",
            code="taken",
            errors=[FieldError("/username", "taken", "is somebody's name")],
        )


def give_roles(user: User, roles: Sequence[str], *, by: User) -> bool:
    """Let the person have exactly these roles, from the next request on; False when
    they have them already. Groups that are no role of ours stay.

    Raises Invalid for an unknown role, Conflict when it would leave nobody who
    manages people.
    """
    check_roles(roles)
    wanted = set(roles)
    with transaction.atomic():
        # One at a time: two administrators must not take the role from each other.
        groups = {
            group.name: group
            for group in Group.objects.select_for_update().filter(name__in=ROLES)
        }
        held = set(user.groups.filter(name__in=ROLES).values_list("name", flat=True))
        if held == wanted:
            return False
        if ADMINISTRATOR in held - wanted and not has_administrator(besides=user):
            raise Conflict(
                f"{user.username} is the last Administrator: "
                "give somebody else the role first.",
                code="last_administrator",
            )
        user.groups.remove(*(groups[name] for name in held - wanted))
        user.groups.add(*(groups[name] for name in wanted - held))
        User.objects.filter(pk=user.pk).update(is_staff=ADMINISTRATOR in wanted)
        append(
            "accounts.roles.changed",
            actor=by.actor,
            object=f"person:{user.pk}",
            data={"before": sorted(held), "after": sorted(wanted)},
        )
    return True


def has_administrator(*, besides: User | None = None) -> bool:
    """Is there anybody (else) who may add people?"""
    active = User.objects.filter(is_active=True, groups__name=ADMINISTRATOR)
    return (active.exclude(pk=besides.pk) if besides else active).exists()


def identify(request: HttpRequest, username: str, password: str) -> User | None:
    """The person whom name and password fit, counting failures; else None.

    Takes as long for a name that does not exist. `request` must be Django's own:
    the lock marks it, and the middleware answers.
    """
    user = authenticate(request, username=username, password=password)
    return user if isinstance(user, User) else None


def log_in(request: HttpRequest, username: str, password: str) -> User | None:
    """Open a browser session; None when name and password do not fit.

    The session key changes at login, so a key planted before is worth nothing.
    """
    user = identify(request, username, password)
    if user is None:
        return None
    forms_before = request.META.get("CSRF_COOKIE", "")
    with transaction.atomic():
        login(request, user)
        remember_forms(request, user, forms_before)
        request.session.save()
        append(
            "accounts.session.opened",
            actor=user.actor,
            object=f"person:{user.pk}",
            data={"kind": "html"},
        )
    return user


def log_out(request: HttpRequest) -> None:
    """End this browser's session; anonymous people change nothing."""
    # Asked before the flush: request.user is lazy, and afterwards nobody.
    user = request.user if isinstance(request.user, User) else None
    with transaction.atomic():
        request.session.flush()
        if user is not None:
            append(
                "accounts.session.ended",
                actor=user.actor,
                object=f"person:{user.pk}",
                data={"kind": "html", "reason": "logout"},
            )


def check_password(user: User, password: str) -> None:
    """Raises Forbidden when it is not the person's password (never a 401: who
    asks is known)."""
    if not user.check_password(password):
        raise wrong_password()


def wrong_password() -> Forbidden:
    return Forbidden("The password is wrong.", code="password")


@contextmanager
def confirming(user: User, password: str) -> Iterator[None]:
    """For who comes by no request, and so guesses nothing; else it is
    login_limits.confirming."""
    check_password(user, password)
    yield


def change_password(request: HttpRequest, user: User, password: str) -> int:
    """Set a new password, keep this session, end all others; how many ended."""
    hashed = make_password(password)
    with transaction.atomic():
        user.password = hashed
        user.save(update_fields=["password"])
        besides = sessions.sid_of(request)
        sessions.keep(besides, user)
        update_session_auth_hash(request, user)
        ended = sessions.end_all(user, reason="password", besides=besides)
        request.session.save()
        append(
            "accounts.password.changed",
            actor=user.actor,
            object=f"person:{user.pk}",
            data={"sessions_ended": str(ended)},
        )
    return ended

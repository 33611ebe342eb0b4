"""The demo's people: one login per role, all with one password."""

from __future__ import annotations

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Permission

from accounts.domain.roles import REVIEWER_ROLES
from accounts.models import User
from accounts.queries import signing_key_of
from accounts.services import keys, probe
from accounts.services.people import add_person
from accounts.services.roles import permissions_by_name
from rrr_dashboard.demo.logins import LOGINS


def load(password: str) -> list[User]:
    """Make the demo logins that are missing, with signing keys for the reviewers.

    The passphrase of the keys is the same password. People who exist already are
    left as they are, whatever their password. The one password is hashed once: that
    they share it is printed at every start.
    """
    probe.account()
    reading = permissions_by_name()["trading.view"]
    hashed = make_password(password)
    people = []
    for username, role, name in LOGINS:
        is_reviewer = role in REVIEWER_ROLES
        extra = [reading] if is_reviewer else []
        user = _person(username, role, name, hashed, extra)
        if is_reviewer and signing_key_of(user) is None:
            keys.create(user, password)
        people.append(user)
    return people


def _person(
    username: str, role: str, name: str, hashed: str, extra: list[Permission]
) -> User:
    return User.objects.filter(username=username).first() or add_person(
        username,
        email=f"{username}@example.test",
        hashed=hashed,
        roles=[role],
        by="system",
        name=name,
        extra=extra,
    )

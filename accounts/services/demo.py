"""The demo's people: one login per role, all with one password."""

from __future__ import annotations

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Permission

from accounts.domain.roles import DEMO_PEOPLE, REVIEWER_ROLES
from accounts.models import User
from accounts.queries import signing_key_of
from accounts.services import keys, probe
from accounts.services.people import add_person
from accounts.services.roles import permissions_by_name


def load(password: str) -> list[User]:
    """Make the demo logins that are missing, with signing keys for the reviewers.

    The passphrase of the keys is the same password. People who exist already are
    left as they are, whatever their password. The one password is hashed once: that
    they share it is printed at every start.
    """
    probe.account()
    reading = permissions_by_name()["trading.view"]
    hashed = make_password(password)
    people = [_person(*one, hashed, reading) for one in DEMO_PEOPLE]
    for user, (_, role, _) in zip(people, DEMO_PEOPLE, strict=True):
        if role in REVIEWER_ROLES and signing_key_of(user) is None:
            keys.create(user, password)
    return people


def _person(
    username: str, role: str, name: str, hashed: str, reading: Permission
) -> User:
    found = User.objects.filter(username=username).first()
    return found or add_person(
        username,
        email=f"{username}@example.test",
        hashed=hashed,
        roles=[role],
        by="system",
        name=name,
        extra=[reading] if role in REVIEWER_ROLES else [],
    )

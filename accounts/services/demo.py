"""The demo's people: one login per role, all with one password."""

from __future__ import annotations

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
    left as they are, whatever their password. About 3 s the first time.
    """
    probe.account()
    reading = permissions_by_name()["trading.view"]
    people = [_person(*one, password, reading) for one in DEMO_PEOPLE]
    for user, (_, role, _) in zip(people, DEMO_PEOPLE, strict=True):
        if role in REVIEWER_ROLES and signing_key_of(user) is None:
            keys.create(user, password)
    return people


def _person(
    username: str, role: str, name: str, password: str, reading: Permission
) -> User:
    found = User.objects.filter(username=username).first()
    return found or add_person(
        username,
        email=f"{username}@example.test",
        password=password,
        roles=[role],
        by="system",
        name=name,
        extra=[reading] if role in REVIEWER_ROLES else [],
    )

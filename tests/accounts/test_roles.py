"""Groups and permissions are exactly what accounts.domain.roles lists."""

import pytest
from django.contrib.auth.models import Group

from accounts.domain.roles import PERMISSIONS, ROLES
from accounts.queries import permissions_of, roles_of
from accounts.services import roles

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_exactly_what_is_listed(person, role):
    ada = person("ada", role)
    assert permissions_of(ada) == sorted(ROLES[role])


def test_somebody_without_a_role_may_do_nothing(person):
    assert permissions_of(person("mallory")) == []


def test_every_role_names_known_permissions():
    assert {name for names in ROLES.values() for name in names} <= set(PERMISSIONS)


def test_migrating_again_takes_back_what_a_role_may_no_longer_do(person):
    ada = person("ada", "Viewer")
    extra = roles.permissions_by_name()["people.manage"]
    Group.objects.get(name="Viewer").permissions.add(extra)
    roles.sync()
    assert permissions_of(ada) == sorted(ROLES["Viewer"])


def test_other_groups_are_left_alone():
    guests = Group.objects.create(name="Guests")
    guests.permissions.add(roles.permissions_by_name()["trading.view"])
    roles.sync()
    assert guests.permissions.count() == 1


def test_roles_are_named_in_order(person):
    assert roles_of(person("ada", "Viewer", "Developer")) == ["Developer", "Viewer"]

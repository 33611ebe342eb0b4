"""Roles are given on a person's page, hold from the next request, and are logged."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import Group

from accounts.models import User
from accounts.queries import roles_of
from accounts.services import people, probe
from audit.models import AuditEvent
from kernel.errors import Conflict, Invalid

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(person):
    return person("ada", "Administrator")


@pytest.fixture
def grace(person):
    return person("grace", "Viewer")


def page_of(user: User) -> str:
    return f"/settings/people/{user.pk}/"


def roles_now(user: User) -> list[str]:
    return roles_of(User.objects.get(pk=user.pk))


def test_ticked_roles_replace_those_before_at_once(ada, grace, client_of):
    graces = client_of(grace)
    assert graces.get("/trades/import/").status_code == 403
    answer = client_of(ada).post(page_of(grace), {"roles": ["Trader", "Developer"]})
    assert answer.status_code == 302
    assert roles_now(grace) == ["Developer", "Trader"]
    assert graces.get("/trades/import/").status_code == 200
    event = AuditEvent.objects.order_by("-seq")[0]
    assert (event.kind, event.actor) == ("accounts.roles.changed", ada.actor)
    data = json.loads(bytes(event.body))["data"]
    assert data == {"before": ["Viewer"], "after": ["Developer", "Trader"]}


def test_the_same_roles_again_are_no_event(ada, grace):
    before = AuditEvent.objects.count()
    assert people.give_roles(grace, ["Viewer"], by=ada) is False
    assert AuditEvent.objects.count() == before


def test_the_last_administrator_keeps_the_role(ada, grace, client_of):
    answer = client_of(ada).post(page_of(ada), {"roles": ["Viewer"]})
    assert answer.status_code == 422
    assert "last Administrator" in answer.content.decode()
    assert roles_now(ada) == ["Administrator"]


def test_a_disabled_administrator_is_none_to_rely_on(ada, person):
    root = person("root", "Administrator")
    User.objects.filter(pk=root.pk).update(is_active=False)
    with pytest.raises(Conflict):
        people.give_roles(ada, [], by=ada)


def test_one_of_two_administrators_may_go(ada, person, client_of):
    root = person("root", "Administrator")
    people.give_roles(ada, ["Viewer"], by=root)
    assert roles_now(ada) == ["Viewer"]
    assert client_of(ada).get("/settings/people/").status_code == 403


def test_the_admin_site_opens_and_closes_with_the_role(ada, grace):
    people.give_roles(grace, ["Administrator"], by=ada)
    assert User.objects.get(pk=grace.pk).is_staff
    people.give_roles(grace, [], by=ada)
    assert not User.objects.get(pk=grace.pk).is_staff


def test_other_groups_stay(ada, grace):
    grace.groups.add(Group.objects.create(name="Chess club"))
    people.give_roles(grace, ["Trader"], by=ada)
    assert roles_now(grace) == ["Chess club", "Trader"]


def test_an_unknown_role_is_refused(ada, grace):
    with pytest.raises(Invalid):
        people.give_roles(grace, ["Emperor"], by=ada)


def test_service_accounts_are_not_people(ada, client_of):
    service = probe.account()
    desk = client_of(ada)
    assert desk.get(page_of(service)).status_code == 404
    assert desk.post(page_of(service), {"roles": ["Administrator"]}).status_code == 404
    assert service.username not in desk.get("/settings/people/").content.decode()


def test_people_are_found_by_name_and_address(ada, grace, client_of):
    desk = client_of(ada)
    found = desk.get("/settings/people/?q=GRACE@ex").content.decode()
    assert page_of(grace) in found
    assert page_of(ada) not in found
    none = desk.get("/settings/people/?q=nobody-like-this").content.decode()
    assert "nobody-like-this" in none


def test_only_administrators_change_roles(grace, person, client_of):
    for role in ("Trader", "Technical Lead", "Operator", "Viewer"):
        mallory = client_of(person(f"m{role[:3]}", role))
        assert mallory.get(page_of(grace)).status_code == 403
        answer = mallory.post(page_of(grace), {"roles": ["Administrator"]})
        assert answer.status_code == 403
    assert roles_now(grace) == ["Viewer"]


def test_the_list_costs_the_same_for_one_and_for_fifty(ada, person, client_of):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    desk = client_of(ada)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            desk.get("/settings/people/")
        return len(seen)

    queries()
    few = queries()
    for number in range(50):
        person(f"p{number}", "Viewer")
    queries()  # what the frame of a page keeps for a moment is read anew meanwhile
    assert queries() == few

"""Adding people, and how others learn their names."""

import pytest

from accounts.queries import roles_of
from accounts.services import people
from audit.models import AuditEvent
from kernel.errors import Conflict, Forbidden, Invalid
from kernel.registry import actor_names
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def add(name="grace", roles=("Technical Lead",)):
    return people.add_person(
        name,
        email=f"{name}@example.test",
        password=PASSWORD,
        roles=roles,
        by="system",
    )


def test_a_person_is_added_with_roles_and_an_event():
    grace = add()
    assert roles_of(grace) == ["Technical Lead"]
    event = AuditEvent.objects.order_by("-seq")[0]
    assert (event.kind, event.object) == ("accounts.person.added", f"person:{grace.pk}")
    assert b"example.test" not in bytes(event.body)


def test_a_taken_name_is_a_conflict_and_adds_nothing():
    add()
    before = AuditEvent.objects.count()
    with pytest.raises(Conflict):
        add()
    assert AuditEvent.objects.count() == before


def test_an_unknown_role_is_refused():
    with pytest.raises(Invalid):
        add(roles=["Emperor"])


def test_nobody_comes_in_without_a_password():
    with pytest.raises(Invalid):
        people.add_person("x", email="", roles=[], by="system")


def test_only_administrators_may_open_the_admin_site(client_of):
    refused = client_of(add()).get("/admin/", follow=True)
    assert (refused.status_code, len(refused.redirect_chain)) == (403, 1)
    root = add("root", ["Administrator"])
    assert client_of(root).get("/admin/").status_code == 200


def test_the_admin_site_changes_nobody(client_of):
    client, grace = client_of(add("root", ["Administrator"])), add()
    page = f"/admin/accounts/user/{grace.pk}/change/"
    shown = client.get(page)
    assert shown.status_code == 200
    assert grace.password not in shown.content.decode()
    assert client.post(page, {"username": "hijacked"}).status_code == 403
    assert client.get("/admin/accounts/user/add/").status_code == 403


@pytest.mark.parametrize(
    "unseen",
    [
        "user/?password__startswith=argon2",
        "user/?password__regex=^a",
        "session/?fingerprint__startswith=a",
    ],
)
def test_the_admin_site_finds_nobody_by_what_it_does_not_show(client_of, unseen):
    client = client_of(add("root", ["Administrator"]))
    assert client.get(f"/admin/accounts/{unseen}").status_code == 400
    assert client.get("/admin/accounts/user/?is_active__exact=1").status_code == 200


def test_the_admin_sites_door_is_the_one_login_page(client):
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/?next=")


def test_pages_learn_names_from_actors():
    grace = add()
    assert actor_names({grace.actor, "p:999999", "j:backup", "system", "p:x"}) == {
        grace.actor: "grace"
    }


def test_a_wrong_password_is_forbidden_and_no_401():
    grace = add()
    people.check_password(grace, PASSWORD)
    with pytest.raises(Forbidden):
        people.check_password(grace, "wrong")

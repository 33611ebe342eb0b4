"""Changing the own password ends every other session."""

import json

import pytest
from django.test import Client

from audit.models import AuditEvent
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
PAGE = "/accounts/password/change/"
NEW = "a new and quite long passphrase"


@pytest.fixture
def ada(person):
    return person("ada", "Developer")


def change(client, old=PASSWORD, new=NEW, again=NEW):
    return client.post(PAGE, {"old": old, "new": new, "again": again})


def test_this_session_lives_on_and_all_others_end(ada, client_of):
    here, there = client_of(ada), client_of(ada)
    body = json.dumps({"username": "ada", "password": PASSWORD})
    pair = Client().post("/api/token", body, content_type="application/json").json()
    assert change(here).status_code == 302
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 302
    header = {"Authorization": f"Bearer {pair['access']}"}
    assert Client().get("/api/me", headers=header).status_code == 401
    assert ada.sessions.filter(revoked_at=None).count() == 1


def test_the_new_password_opens_the_door_and_the_old_one_does_not(ada, client_of):
    change(client_of(ada))
    for password, status in ((PASSWORD, 422), (NEW, 302)):
        answer = Client().post(
            "/accounts/login/", {"username": "ada", "password": password}
        )
        assert answer.status_code == status


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"old": "wrong"}, "password is wrong"),
        ({"new": "short", "again": "short"}, "at least 12"),
        ({"new": "correcthorse1", "again": "correcthorse2"}, "differ"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_changes(ada, client_of, fields, words):
    other = client_of(ada)
    answer = change(client_of(ada), **fields)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)
    assert other.get("/").status_code == 200


def test_it_is_in_the_log_without_the_password(ada, client_of):
    change(client_of(ada))
    event = AuditEvent.objects.order_by("-seq")[0]
    assert (event.kind, event.actor) == ("accounts.password.changed", ada.actor)
    assert NEW.encode() not in bytes(event.body)


def test_nobody_else_may_open_it():
    assert Client().get(PAGE)["Location"].startswith("/accounts/login/")

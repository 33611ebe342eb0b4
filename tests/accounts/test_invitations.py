"""Ada, an administrator, invites Grace: one link, once, for 48 hours."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import Invitation, User
from accounts.queries import roles_of
from accounts.services import invitations, people
from audit.models import AuditEvent
from kernel.errors import Conflict
from kernel.logs import redact
from operations.models import Notice
from operations.models.notices import FORGOTTEN
from operations.services.backups.settling import settle
from operations.services.delivery import deliver
from tests.conftest import PASSWORD
from tests.html import flat
from tests.operations.test_settling import BACKUP

pytestmark = pytest.mark.django_db
NEW = "a long enough secret 7"
PEOPLE = "/settings/people/"


@pytest.fixture
def ada(person):
    return person("ada", "Administrator")


@pytest.fixture
def desk(client_of, ada):
    return client_of(ada)


def invite(desk: Client, **more: Any) -> Any:
    form = {"username": "grace", "email": "grace@desk.example", "roles": ["Trader"]}
    return desk.post(PEOPLE, {**form, **more})


def path_in(answer: Any) -> str:
    found = re.search(r"/accounts/invitation/[\w-]+/", answer.content.decode())
    assert found
    return found[0]


def test_the_link_is_shown_once_and_lets_one_person_in(desk, client):
    shown = invite(desk)
    path = path_in(shown)
    assert shown.status_code == 200
    assert "/accounts/invitation/" not in desk.get(PEOPLE).content.decode()

    page = client.get(path).content.decode()
    assert "grace" in page
    assert "Trader" in page
    came = client.post(path, {"new": NEW, "again": NEW})
    assert (came.status_code, came["Location"]) == (302, "/")
    grace = User.objects.get(username="grace")
    assert (roles_of(grace), grace.email) == (["Trader"], "grace@desk.example")
    assert client.get("/api/me").json()["username"] == "grace"

    again = Client().get(path)
    assert again.status_code == 410
    assert "used already" in again.content.decode()
    assert Client().post(path, {"new": NEW, "again": NEW}).status_code == 410
    assert User.objects.filter(username="grace").count() == 1


def test_the_log_says_who_invited_and_who_came_but_not_the_link(desk, client, ada):
    path = path_in(invite(desk))
    client.post(path, {"new": NEW, "again": NEW})
    grace = User.objects.get(username="grace")
    told = [
        (event.kind, event.actor)
        for event in AuditEvent.objects.order_by("seq")
        if event.kind.startswith(("accounts.person", "accounts.invitation"))
    ]
    assert told[-3:] == [
        ("accounts.person.invited", ada.actor),
        ("accounts.person.added", ada.actor),
        ("accounts.invitation.accepted", grace.actor),
    ]
    token = path.split("/")[-2].encode()
    assert not any(token in bytes(event.body) for event in AuditEvent.objects.all())
    assert Invitation.objects.get().digest != token.decode()


def test_the_link_is_mailed_and_forgotten_once_sent(desk):
    path = path_in(invite(desk))
    waiting = Notice.objects.get(kind="invitation")
    assert (waiting.address, waiting.state) == ("grace@desk.example", "queued")
    mail.outbox.clear()
    deliver(timezone.now())
    waiting.refresh_from_db()
    assert path in mail.outbox[0].body
    assert mail.outbox[0].to == ["grace@desk.example"]
    assert (waiting.state, waiting.body) == ("sent", FORGOTTEN)


def test_without_an_address_the_link_is_handed_over_by_hand(desk):
    assert path_in(invite(desk, email=""))
    assert not Notice.objects.filter(kind="invitation").exists()


def test_an_invitation_ends_after_48_hours(desk, client):
    path = path_in(invite(desk))
    late = timezone.now() - timedelta(hours=48)
    Invitation.objects.update(expires_at=late + timedelta(hours=48))
    assert client.get(path).status_code == 410
    assert client.post(path, {"new": NEW, "again": NEW}).status_code == 410
    assert not User.objects.filter(username="grace").exists()
    assert "Ended" in desk.get(PEOPLE).content.decode()


def test_a_link_made_again_withdraws_the_one_before(desk, client):
    first = path_in(invite(desk))
    second = path_in(invite(desk, roles=["Viewer"]))
    assert client.get(first).status_code == 410
    client.post(second, {"new": NEW, "again": NEW})
    assert roles_of(User.objects.get(username="grace")) == ["Viewer"]


def test_a_withdrawn_invitation_lets_nobody_in(desk, client):
    path = path_in(invite(desk))
    uid = Invitation.objects.get().uid
    for _ in range(2):
        assert desk.post(f"{PEOPLE}invitations/{uid}/withdraw/").status_code == 302
    assert client.post(path, {"new": NEW, "again": NEW}).status_code == 410
    kinds = AuditEvent.objects.values_list("kind", flat=True)
    assert list(kinds).count("accounts.invitation.withdrawn") == 1


@pytest.mark.parametrize("loses", ["role", "account"])
def test_a_link_does_not_outlive_its_inviters_right(
    desk, client, client_of, ada, person, loses
):
    path = path_in(invite(desk))
    root = person("root", "Administrator")
    if loses == "role":
        people.give_roles(ada, ["Viewer"], by=root)
    else:
        User.objects.filter(pk=ada.pk).update(is_active=False)
    assert client.get(path).status_code == 410
    assert client.post(path, {"new": NEW, "again": NEW}).status_code == 410
    assert not User.objects.filter(username="grace").exists()
    listed = flat(client_of(root).get(PEOPLE).content.decode())
    assert "Ended" in listed
    assert "Open until" not in listed


def test_only_one_of_two_who_hold_the_link_comes_in(desk):
    path_in(invite(desk))
    offered = Invitation.objects.select_related("invited_by").get()
    invitations.accept(offered, NEW)
    with pytest.raises(Conflict):
        invitations.accept(offered, NEW + "!")
    assert User.objects.get(username="grace").check_password(NEW)


def test_a_name_taken_meanwhile_makes_nobody_and_uses_nothing_up(desk, client, person):
    path = path_in(invite(desk))
    person("grace", "Viewer")
    answer = client.post(path, {"new": NEW, "again": NEW})
    assert answer.status_code == 410
    assert "already a &#x27;grace&#x27;" in answer.content.decode()
    assert Invitation.objects.get().accepted_at is None


def test_a_restored_copy_lets_nobody_in_by_a_link_of_its_past(desk, client):
    path = path_in(invite(desk))
    settle(BACKUP, timezone.now())
    assert client.post(path, {"new": NEW, "again": NEW}).status_code == 410
    letter = Notice.objects.get(kind="invitation")
    assert (letter.state, letter.body) == ("suppressed", FORGOTTEN)


def test_no_log_line_holds_a_link(desk):
    path = path_in(invite(desk))
    line = {"event": f"Internal Server Error: {path}"}
    assert redact(None, "error", line) == {
        "event": "Internal Server Error: /accounts/invitation/[redacted]/"
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"new": "short", "again": "short"}, "too short"),
        ({"new": NEW, "again": NEW + "x"}, "differ"),
        ({"new": "grace@desk.example", "again": "grace@desk.example"}, "similar"),
        ({"new": "", "again": ""}, "required"),
    ],
)
def test_a_bad_password_is_refused_at_its_field(desk, client, given, said):
    answer = client.post(path_in(invite(desk)), given)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not User.objects.filter(username="grace").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"username": "ada"}, "somebody&#x27;s name"),
        ({"username": "ADA"}, "somebody&#x27;s name"),
        ({"username": "two words"}, "Enter a valid username"),
        ({"username": "ﬁnn"}, "look like others"),
        ({"username": "Nobody"}, "stands for no person"),
        ({"username": "import"}, "stands for no person"),
        ({"username": "x" * 151}, "at most 150"),
        ({"roles": []}, "at least one role"),
        ({"roles": ["Emperor"]}, "Emperor"),
        ({"email": "nowhere"}, "valid email"),
        ({"admin": "true"}, "admin: is not a field of this"),
    ],
)
def test_what_cannot_be_invited_is_refused_in_words(desk, given, said):
    answer = invite(desk, **given)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Invitation.objects.exists()


def test_a_made_up_link_is_not_found(client, db):
    assert client.get("/accounts/invitation/AAAAAAAAAAAA/").status_code == 404


def test_only_administrators_invite(client_of, person):
    for role in ("Trader", "Developer", "Operator", "Viewer"):
        grace = client_of(person(role.lower(), role))
        assert grace.get(PEOPLE).status_code == 403
        assert invite(grace, username="mallory").status_code == 403
    assert not Invitation.objects.exists()


def test_nothing_keeps_the_page_with_the_link(desk):
    assert "no-store" in invite(desk)["Cache-Control"]


def test_the_link_leads_to_the_public_address(desk, settings):
    settings.PUBLIC_ORIGIN = "https://desk.example"
    assert "https://desk.example/accounts/invitation/" in invite(desk).content.decode()


def test_passwords_of_people_fit_the_log_in(desk, client):
    client.post(path_in(invite(desk)), {"new": NEW, "again": NEW})
    client.post("/accounts/logout/")
    form = {"username": "grace", "password": NEW}
    assert client.post(settings.LOGIN_URL, form).status_code == 302
    assert NEW != PASSWORD

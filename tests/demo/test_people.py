"""The demo's people: ten logins, one password, keys for the five reviewers."""

import pytest
from django.test import Client

from accounts.domain.roles import REVIEWER_ROLES
from accounts.models import SigningKey, User
from accounts.queries import people, permissions_of, roles_of, signing_key_of
from accounts.services import keys
from audit.models import AuditEvent
from rrr_dashboard.demo import people as demo
from rrr_dashboard.demo.logins import LOGINS

PASSWORD = "a demo password for all"
pytestmark = pytest.mark.django_db


@pytest.fixture
def loaded(db):
    return demo.load(PASSWORD)


def test_each_has_the_role_of_the_contract(loaded):
    assert {user.username: roles_of(user) for user in loaded} == {
        name: [role] for name, role, _ in LOGINS
    }


def test_mail_addresses_lead_nowhere(loaded):
    assert all(user.email == f"{user.username}@example.test" for user in loaded)


def test_reviewers_also_read_the_trading_pages(loaded):
    readers = {u.username for u in loaded if "trading.view" in permissions_of(u)}
    assert readers >= {"developer", "security", "devops", "lead", "owner"}
    assert "operator" not in readers


def test_the_five_reviewers_can_sign_and_nobody_else_has_a_key(loaded):
    holders = {key.user.username for key in SigningKey.objects.all()}
    expected = {name for name, role, _ in LOGINS if role in REVIEWER_ROLES}
    assert holders == expected
    developer = User.objects.get(username="developer")
    key = keys.unlock(developer, PASSWORD)
    held = signing_key_of(developer)
    assert held
    assert key.public_key().public_bytes_raw() == bytes(held.public)


def test_loading_twice_changes_nothing(loaded):
    before = list(SigningKey.objects.values_list("key_id", flat=True))
    events = AuditEvent.objects.count()
    demo.load("another password, too late")
    assert list(SigningKey.objects.values_list("key_id", flat=True)) == before
    assert AuditEvent.objects.count() == events


def test_a_demo_login_opens_the_door(loaded):
    answer = Client().post(
        "/accounts/login/", {"username": "trader", "password": PASSWORD}
    )
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_the_probe_account_is_hidden_and_has_no_password(loaded):
    probe = User.objects.get(username="probe")
    assert not probe.has_usable_password()
    assert probe not in people()
    assert probe.actor.startswith("s:")

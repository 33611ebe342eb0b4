"""An Administrator shuts Grace out at once, and may let her in again."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from accounts.models import ServiceToken, User
from accounts.services import (
    disabling,
    resets,
    service_accounts,
    service_tokens,
    tokens,
)
from audit.models import AuditEvent
from kernel.errors import Conflict, NotFound
from tests.conftest import PASSWORD
from tests.html import words_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(person):
    return person("ada", "Administrator")


@pytest.fixture
def grace(person):
    return person("grace", "Trader")


def service_token(owner: User, by: User) -> str:
    new = service_tokens.NewToken(name="bot", scopes=["readiness:read"], days=9)
    return service_tokens.make(new, owner, by=by)[1]


def me(text: str) -> int:
    bearer = {"Authorization": f"Bearer {text}"}
    return Client().get("/api/me", headers=bearer).status_code


def switch(client: Client, user: User, way: str) -> int:
    return client.post(f"/settings/people/{user.pk}/{way}/").status_code


def test_everything_of_hers_ends_at_once_and_stays_ended(ada, grace, client_of):
    desk, hers = client_of(ada), client_of(grace)
    pair, bot = tokens.issue(grace), service_token(grace, grace)
    assert (hers.get("/").status_code, me(pair.access), me(bot)) == (200, 200, 200)
    assert switch(desk, grace, "disable") == 302
    assert (hers.get("/").status_code, me(pair.access), me(bot)) == (302, 401, 401)
    form = {"username": "grace", "password": PASSWORD}
    assert Client().post("/accounts/login/", form).status_code == 422
    assert "Disabled" in words_of(desk.get(f"/settings/people/{grace.pk}/"))

    assert switch(desk, grace, "enable") == 302
    assert (hers.get("/").status_code, me(pair.access), me(bot)) == (302, 401, 401)
    assert Client().post("/accounts/login/", form).status_code == 302
    assert ServiceToken.objects.get().revoked_at


def test_a_link_to_a_new_password_stays_ended(ada, grace):
    links: list[str] = []

    def link_of(token: str) -> str:
        links.append(token)
        return token

    resets.ask("grace@example.test", link_of)
    row, _ = resets.find(links[0])
    assert disabling.disable(grace, by=ada)
    assert disabling.enable(grace, by=ada)
    with pytest.raises(NotFound):
        resets.find(links[0])
    with pytest.raises(NotFound):
        resets.set_password(row, "a long enough secret 7")


def test_who_was_disabled_meanwhile_gets_no_token(grace):
    """The page had asked before: the object still says active."""
    User.objects.filter(pk=grace.pk).update(is_active=False)
    with pytest.raises(Conflict, match="grace was disabled"):
        service_token(grace, grace)
    assert not ServiceToken.objects.exists()


def test_the_log_says_who_did_it(ada, grace):
    tokens.issue(grace)
    service_token(grace, grace)
    assert disabling.disable(grace, by=ada)
    assert not disabling.disable(grace, by=ada)
    assert disabling.enable(grace, by=ada)
    assert not disabling.enable(grace, by=ada)
    told = [
        (event.actor, json.loads(bytes(event.body))["data"])
        for event in AuditEvent.objects.filter(
            kind__in=("accounts.person.disabled", "accounts.person.enabled")
        ).order_by("seq")
    ]
    assert told == [
        (ada.actor, {"sessions_ended": "1", "tokens_revoked": "1"}),
        (ada.actor, {}),
    ]


def test_nobody_disables_themselves(ada, person, client_of):
    person("root", "Administrator")
    desk = client_of(ada)
    assert switch(desk, ada, "disable") == 302
    assert "Nobody disables themselves" in words_of(desk.get("/settings/people/"))
    assert User.objects.get(pk=ada.pk).is_active
    assert "nobody disables themselves" in words_of(
        desk.get(f"/settings/people/{ada.pk}/")
    )


def test_the_last_active_administrator_stays(ada, person):
    root = person("root", "Administrator")
    User.objects.filter(pk=root.pk).update(is_active=False)
    clerk = person("clerk", "Viewer")
    with pytest.raises(Conflict, match="last active Administrator"):
        disabling.disable(ada, by=clerk)
    assert User.objects.get(pk=ada.pk).is_active


def test_of_two_administrators_who_disable_each_other_one_stays(ada, person):
    root = person("root", "Administrator")
    assert disabling.disable(root, by=ada)
    with pytest.raises(Conflict):
        disabling.disable(ada, by=root)


def test_nobody_else_disables_anybody(grace, person, client_of):
    for role in ("Operator", "Trader", "Developer"):
        client = client_of(person(role.lower(), role))
        assert switch(client, grace, "disable") == 403
    assert switch(Client(), grace, "disable") != 200
    assert User.objects.get(pk=grace.pk).is_active


def test_a_service_account_is_shut_out_from_its_page(ada, client_of):
    new = service_accounts.NewServiceAccount(username="ci", roles=["Developer"])
    ci = service_accounts.add_service_account(new, by=ada)
    bot, desk = service_token(ci, ada), client_of(ada)
    assert me(bot) == 200
    answer = desk.post(f"/settings/people/{ci.pk}/disable/")
    assert answer["Location"] == f"/settings/people/services/{ci.pk}/"
    assert me(bot) == 401
    assert "Disabled" in words_of(desk.get(answer["Location"]))


def test_the_products_own_account_is_left_alone(ada, client_of):
    from accounts.services import probe

    own = probe.account()
    assert switch(client_of(ada), own, "disable") == 404

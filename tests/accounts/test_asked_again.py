"""A password that is asked again cannot be guessed there either: it counts with the
tries at the doors, and locks with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from accounts.services import keys
from tests.accounts.limited import Clock, statuses
from tests.conftest import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.limits]
LOGIN = "/accounts/login/"
NEW = "a new and quite long passphrase"
Ask = Callable[..., HttpResponse]


@pytest.fixture
def ada(person: Any) -> User:
    user: User = person("ada", "Developer")
    keys.create(user, "a passphrase of one's own")
    return user


@pytest.fixture
def here(ada: User, client_of: Any) -> Client:
    """A session of hers that somebody found open: no browser that knows her."""
    client: Client = client_of(ada)
    return client


def change(client: Client, password: str, address: str = "192.0.2.1") -> Any:
    form = {"old": password, "new": NEW, "again": NEW}
    return client.post("/accounts/password/change/", form, REMOTE_ADDR=address)


def revoke(client: Client, password: str, address: str = "192.0.2.1") -> Any:
    form = {"password": password, "reason": "lost"}
    return client.post("/settings/signing-key/revoke/", form, REMOTE_ADDR=address)


PAGES = [change, revoke]


@pytest.mark.parametrize("ask", PAGES)
def test_five_wrong_ones_lock_here_and_at_the_door(
    here: Client, clock: Clock, ask: Ask
) -> None:
    assert statuses(lambda: ask(here, "wrong"), 5) == [422] * 4 + [429]
    refused = ask(here, PASSWORD)
    assert refused.status_code == 429
    assert 800 < int(refused["Retry-After"]) <= 900
    known = {"username": "ada", "password": PASSWORD}
    door = Client().post(LOGIN, known, REMOTE_ADDR="192.0.2.1")
    assert door.status_code == 429
    assert AccessAttempt.objects.get().failures_since_start == 5


@pytest.mark.parametrize("ask", PAGES)
def test_it_is_slow_from_everywhere_too(here: Client, clock: Clock, ask: Ask) -> None:
    asked = []
    for number in range(25):
        clock.forward(1)
        asked.append(ask(here, "wrong", f"198.51.100.{number}").status_code)
    assert asked == [422] * 21 + [429] * 4


def test_wrong_ones_at_the_door_count_here(here: Client, clock: Clock) -> None:
    wrong = {"username": "ada", "password": "wrong"}
    for _ in range(5):
        Client().post(LOGIN, wrong, REMOTE_ADDR="192.0.2.1")
    assert change(here, PASSWORD).status_code == 429
    assert change(here, PASSWORD, "192.0.2.2").status_code == 302


def test_a_right_one_uses_up_no_try(here: Client, ada: User, clock: Clock) -> None:
    """Nor does one whose key could not be revoked, for there was none any more."""
    assert revoke(here, PASSWORD).status_code == 302
    for number in range(30):
        clock.forward(10)
        answer = revoke(here, PASSWORD, f"198.51.100.{number}")
        assert answer.status_code == 409


def test_the_admin_site_asks_for_no_password_of_its_own(
    person: Any, client_of: Any
) -> None:
    admin = client_of(person("root", "Administrator"))
    answer = admin.get("/admin/password_change/")
    assert answer["Location"] == "/accounts/password/change/"
    form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    admin.post("/admin/password_change/", form)
    assert User.objects.get(username="root").check_password(PASSWORD)

"""Who found an open session guesses neither password nor passphrase by signing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.services import keys
from readiness.models import Review
from readiness.queries.board import board
from readiness.queries.statements import statement_for
from tests.accounts.limited import Clock
from tests.conftest import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.limits]
PASSPHRASE = "a passphrase of one's own"


@pytest.fixture
def ada(person: Callable[..., User]) -> User:
    user = person("ada", "Developer")
    keys.create(user, PASSPHRASE)
    return user


@pytest.fixture
def review(make_review: Callable[..., Review], person: Callable[..., User]) -> Review:
    return make_review(person("olive", "Administrator"))


@pytest.fixture
def sign(
    ada: User, review: Review, client_of: Callable[[User], Client]
) -> Callable[..., Any]:
    """sign(door="page", password=…, passphrase=…, address=…), by Ada's open session."""
    client = client_of(ada)
    sheet = statement_for(board(review, timezone.now()), "Developer", ada)
    read = {"role": "Developer", "meaning": "reviewed", "note": ""}
    read["statement_sha256"] = sheet.sha256

    def send(
        *,
        door: str = "page",
        password: str = PASSWORD,
        passphrase: str = PASSPHRASE,
        address: str = "192.0.2.1",
    ) -> Any:
        body = {**read, "password": password, "passphrase": passphrase}
        if door == "page":
            path = f"/readiness/reviews/{review.uuid}/sign/"
            return client.post(path, body, REMOTE_ADDR=address)
        return client.post(
            f"/api/readiness/reviews/{review.uuid}/sign",
            body,
            content_type="application/json",
            REMOTE_ADDR=address,
        )

    return send


@pytest.mark.parametrize("door", ["page", "api"])
def test_five_wrong_passwords_lock_signing_and_the_log_in(
    sign: Callable[..., Any], door: str
) -> None:
    guessed = [sign(door=door, password="wrong").status_code for _ in range(5)]
    assert guessed == [403] * 4 + [429]
    assert sign(door=door).status_code == 429
    form = {"username": "ada", "password": PASSWORD}
    door_of_all = Client().post("/accounts/login/", form, REMOTE_ADDR="192.0.2.1")
    assert door_of_all.status_code == 429


@pytest.mark.parametrize("guessed", ["password", "passphrase"])
def test_neither_is_guessed_quickly_from_everywhere(
    sign: Callable[..., Any], guessed: str, clock: Clock
) -> None:
    asked = []
    for number in range(23):
        clock.forward(7)  # ten signatures a minute are another limit
        wrong = {guessed: "a wrong one"}
        answer = sign(address=f"198.51.100.{number}", **wrong)
        asked.append(answer.status_code)
    assert asked == [403] * 21 + [429] * 2


def test_a_right_password_is_signed_with(sign: Callable[..., Any]) -> None:
    assert sign(password="wrong").status_code == 403
    assert sign().status_code == 302

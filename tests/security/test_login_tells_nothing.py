"""Who exists, and what a password was, cannot be learned from an answer."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.test import Client

from accounts.models import User

PAGE = "/accounts/login/"


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often a password was hashed: what takes the time of a login."""
    done: list[str] = []
    encode, verify = Argon2PasswordHasher.encode, Argon2PasswordHasher.verify

    def counted_encode(self: Any, password: str, salt: str) -> str:
        done.append("encode")
        return encode(self, password, salt)

    def counted_verify(self: Any, password: str, encoded: str) -> bool:
        done.append("verify")
        return verify(self, password, encoded)

    monkeypatch.setattr(Argon2PasswordHasher, "encode", counted_encode)
    monkeypatch.setattr(Argon2PasswordHasher, "verify", counted_verify)
    return done


def attempt(door: str, username: str) -> Any:
    body = {"username": username, "password": "wrong"}
    if door == PAGE:
        return Client().post(PAGE, body)
    return Client().post(door, body, content_type="application/json")


@pytest.mark.parametrize("door", [PAGE, "/api/token"])
@pytest.mark.parametrize("username", ["ada", "nobody", "gone", "probe"])
def test_every_refusal_costs_one_hash(
    person: Any, hashes: list[str], door: str, username: str
) -> None:
    person("ada")
    User.objects.filter(pk=person("gone").pk).update(is_active=False)
    person("probe").set_unusable_password()
    hashes.clear()
    assert attempt(door, username).status_code in {401, 422}
    assert len(hashes) == 1


def test_the_page_says_the_same_of_all(person: Any) -> None:
    person("ada")
    pages = {
        attempt(PAGE, name).content.decode().replace(name, "NAME").split("<form")[1]
        for name in ("ada", "nobody")
    }
    import re

    assert len({re.sub(r'value="[^"]{64}"', "", page) for page in pages}) == 1


def test_a_right_password_of_somebody_disabled_opens_nothing(person: Any) -> None:
    from tests.conftest import PASSWORD

    User.objects.filter(pk=person("gone").pk).update(is_active=False)
    form = {"username": "gone", "password": PASSWORD}
    assert Client().post(PAGE, form).status_code == 422


@pytest.mark.parametrize("name", ["x" * 151, "nul\0name", "", " "])
def test_a_strange_name_breaks_nothing(db: None, name: str) -> None:
    assert attempt(PAGE, name).status_code in {422, 429}
    assert attempt("/api/token", name).status_code in {400, 401, 422}

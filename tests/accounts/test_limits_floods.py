"""Callers without number fill up what is theirs: they make no count forgotten that
guards a person, and keep nobody out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.services import limits
from accounts.services.limits import limiter as limiter_of
from kernel.errors import ProductError, TooManyRequests
from kernel.limits.windows import Limiter
from tests.accounts.limited import Clock
from tests.conftest import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.limits]
PAGE, PLACES = "/accounts/login/", 12


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """Of files as the product has them, with room for few."""
    clock = Clock()
    files = {
        name: Limiter(
            tmp_path / name,
            slots=PLACES,
            clock=clock,
            forgets=name in limits.FORGETFUL,
        )
        for name in limits.PLACES
    }
    monkeypatch.setattr("accounts.services.limits.limiter", files.__getitem__)
    yield clock
    for limiter in files.values():
        limiter.file.close()


@pytest.fixture
def ada(person: Callable[..., User]) -> User:
    return person("ada", "Viewer")


def log_in(address: str, name: str, password: str = "") -> int:
    form = {"username": name, "password": password or "wrong"}
    answer: Any = Client().post(PAGE, form, REMOTE_ADDR=address)
    return int(answer.status_code)


def test_a_flood_of_the_api_keeps_nobody_out(
    ada: User, clock: Clock, client_of: Callable[[User], Client]
) -> None:
    flood = [
        Client().get("/api/me", REMOTE_ADDR=f"198.51.100.{number}").status_code
        for number in range(3 * PLACES)
    ]
    assert flood == [401] * 3 * PLACES
    credentials = {"username": "ada", "password": PASSWORD}
    answer = Client().post(
        "/api/token", credentials, "application/json", REMOTE_ADDR="203.0.113.9"
    )
    assert answer.status_code == 200
    assert client_of(ada).get("/api/me", REMOTE_ADDR="203.0.113.1").status_code == 200
    assert log_in("203.0.113.2", "ada", PASSWORD) == 302


def test_a_flood_of_names_makes_nobodys_wrong_passwords_forgotten(
    ada: User, person: Callable[..., User], clock: Clock
) -> None:
    person("ben")
    for number in range(21):
        clock.forward(30)
        log_in(f"198.51.100.{number}", "ada")
    for number in range(5 * PLACES):
        clock.forward(30)
        assert log_in(f"203.0.113.{number}", f"nobody {number}") == 422
    assert log_in("192.0.2.1", "ada") == 422  # the one try in 30 s
    assert log_in("192.0.2.2", "ada", PASSWORD) == 429
    assert log_in("192.0.2.3", "ben", PASSWORD) == 302


def test_a_flood_of_wishes_for_new_passwords_makes_none_forgotten(
    rf: Any, clock: Clock
) -> None:
    asked = rf.post("/accounts/password/reset/", REMOTE_ADDR="192.0.2.1")
    for _ in range(5):
        limits.check_reset(asked, "ada@example.test")
    refused = 0
    for number in range(5 * PLACES):
        other = rf.post("/accounts/password/reset/", REMOTE_ADDR=f"203.0.113.{number}")
        try:
            limits.check_reset(other, f"{number}@example.test")
        except ProductError:
            refused += 1
    assert refused == 4 * PLACES + 1
    with pytest.raises(TooManyRequests, match="At most 5 an hour"):
        limits.check_reset(asked, "ada@example.test")


def test_each_kind_has_a_file_that_its_limits_fit_into(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.STATE_DIR = tmp_path
    monkeypatch.setattr(limits, "limiter", limiter_of)
    limiter_of.cache_clear()
    limits.folder().mkdir()
    old = limits.folder() / "windows"
    old.write_bytes(b"of an earlier version")
    try:
        limits.prepare()
        for limit in limits.LIMITS:
            assert limits.admit(limit, "somebody").admitted
    finally:
        for name in limits.PLACES:
            limiter_of(name).file.close()
        limiter_of.cache_clear()
    made = {path.name for path in limits.folder().iterdir()}
    assert set(limits.PLACES) <= made
    assert "windows" not in made
    sizes = [(limits.folder() / name).stat().st_size for name in limits.PLACES]
    assert sum(sizes) < 115e6

"""Guessing is slow from one address, from many, and at both doors alike."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.core.cache import caches
from django.test import Client
from django.utils import timezone
from django_ratelimit.exceptions import Ratelimited

from accounts.services import limits, login_limits
from kernel.errors import TooManyRequests
from kernel.problems import as_product_error
from tests.accounts.limited import Clock, statuses
from tests.conftest import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.limits]
PAGE, TOKEN = "/accounts/login/", "/api/token"
WRONG = "wrong"


@pytest.fixture
def ada(person: Any) -> Any:
    return person("ada", "Developer")


def guess(
    address: str = "192.0.2.1",
    *,
    door: str = PAGE,
    name: str = "ada",
    password: str = WRONG,
    client: Client | None = None,
) -> Any:
    form = {"username": name, "password": password}
    kind = {"content_type": "application/json"} if door == TOKEN else {}
    post: Any = (client or Client()).post
    return post(door, form, REMOTE_ADDR=address, **kind)


@pytest.mark.parametrize("door", [PAGE, TOKEN])
def test_ten_tries_a_minute_for_a_person_at_an_address(
    ada: Any, clock: Clock, door: str
) -> None:
    good = 302 if door == PAGE else 200
    asked = statuses(lambda: guess(door=door, password=PASSWORD), 10)
    assert asked == [good] * 10
    clock.forward(10)
    refused = guess(door=door, password=PASSWORD)
    assert (refused.status_code, refused["Retry-After"]) == (429, "50")
    for _ in range(20):  # who goes on trying waits no longer for it
        clock.forward(2)
        guess(door=door, password=PASSWORD)
    clock.forward(10)
    assert guess(door=door, password=PASSWORD).status_code == good


@pytest.mark.parametrize("door", [PAGE, TOKEN])
def test_a_name_with_spaces_or_spelled_otherwise_is_the_same_name(
    person: Any, clock: Clock, door: str
) -> None:
    person("andré", "Developer")
    ways = ("andré", " andré", "andré ", "andré\t", "andre\u0301", " " * 150 + "andré")
    asked = []
    for number in range(12):
        clock.forward(0.1)
        name, address = ways[number % len(ways)], f"192.0.2.{number % 3}"
        asked.append(guess(address, door=door, name=name).status_code)
    wrong = limits.limiter("any").kept(
        limits.LOGIN_FAILURES, f"name {login_limits.digest_of('andré')}"
    )
    assert asked == [422 if door == PAGE else 401] * 12
    assert len(wrong[0]) == 12


@pytest.mark.parametrize("door", [PAGE, TOKEN])
def test_spaces_after_the_name_give_no_eleventh_try(
    ada: Any, clock: Clock, door: str
) -> None:
    asked = []
    for number in range(12):
        clock.forward(0.1)
        name = "ada" + " " * number
        asked.append(guess(door=door, name=name, password=PASSWORD).status_code)
    assert asked == [302 if door == PAGE else 200] * 10 + [429] * 2


def test_thirty_tries_a_minute_from_an_address(db: None, clock: Clock) -> None:
    asked = []
    for number in range(32):
        clock.forward(0.1)
        asked.append(guess(name=f"person {number}").status_code)
    assert asked == [422] * 30 + [429] * 2


def test_a_lock_of_one_site_holds_for_all_its_addresses(ada: Any, clock: Clock) -> None:
    asked = [guess(f"2001:db8::{number:x}").status_code for number in range(1, 8)]
    assert asked == [422] * 4 + [429] * 3
    assert AccessAttempt.objects.get().ip_address == "2001:db8::"
    assert guess("2001:db8:0:1::1", password=PASSWORD).status_code == 302


@pytest.mark.parametrize("door", [PAGE, TOKEN])
def test_a_lock_ends_when_it_said(ada: Any, clock: Clock, door: str) -> None:
    """Tries while it holds prolong it nowhere, and are told the time that is left."""
    for _ in range(5):
        last = guess(door=door)
    assert last.status_code == 429
    assert 800 < int(last["Retry-After"]) <= 900
    AccessAttempt.objects.update(
        attempt_time=timezone.now() - timedelta(minutes=14, seconds=30)
    )
    clock.forward(870)
    for _ in range(9):
        told = guess(door=door, password=PASSWORD)
        assert told.status_code == 429
        assert 0 < int(told["Retry-After"]) <= 30
    AccessAttempt.objects.update(
        attempt_time=timezone.now() - timedelta(minutes=15, seconds=1)
    )
    clock.forward(31)
    assert guess(door=door, password=PASSWORD).status_code in {200, 302}


def guesses_from_everywhere(count: int, clock: Clock) -> list[int]:
    asked = []
    for number in range(count):
        clock.forward(1)
        door = TOKEN if number % 2 else PAGE
        asked.append(guess(f"198.51.100.{number}", door=door).status_code)
    return asked


def test_a_person_is_guessed_slowly_from_everywhere(ada: Any, clock: Clock) -> None:
    asked = guesses_from_everywhere(25, clock)
    assert [status == 429 for status in asked] == [False] * 21 + [True] * 4
    refused = guess("203.0.113.9", password=PASSWORD)
    assert refused.status_code == 429
    assert "one try in 30 s" in refused.content.decode()
    clock.forward(int(refused["Retry-After"]))
    assert guess("203.0.113.9", password=PASSWORD).status_code == 302


def test_slow_tries_keep_it_slow(ada: Any, clock: Clock) -> None:
    """Whoever guesses all day does not get twenty quick tries every hour."""
    guesses_from_everywhere(20, clock)
    for number in range(130):
        clock.forward(30)
        assert guess(f"203.0.113.{number}").status_code == 422
    assert guess("192.0.2.200").status_code == 429
    clock.forward(3600)
    assert statuses(lambda: guess("192.0.2.201"), 3) == [422] * 3


def test_who_was_right_used_up_no_try(ada: Any, clock: Clock) -> None:
    for number in range(40):
        clock.forward(10)
        answer = guess(f"198.51.100.{number}", password=PASSWORD)
        assert answer.status_code == 302


def test_a_browser_that_knows_the_person_is_not_slowed(
    ada: Any, person: Any, clock: Clock
) -> None:
    person("ben")
    home = Client()
    assert guess(client=home, password=PASSWORD).status_code == 302
    home.post("/accounts/logout/")
    cookie = home.cookies["rrr_known"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert cookie["max-age"] == 90 * 86_400
    assert "ada" not in cookie.value
    guesses_from_everywhere(25, clock)
    assert guess(client=Client(), password=PASSWORD).status_code == 429
    assert guess(client=home, password=PASSWORD).status_code == 302
    # It opens this limit only, for this person only, and cannot be made up.
    assert statuses(lambda: guess(client=home), 5) == [422] * 4 + [429]
    forged = Client()
    forged.cookies["rrr_known"] = cookie.value[:-2] + "xx"
    assert not login_limits.knows(forged.get(PAGE).wsgi_request, "ada")
    assert not login_limits.knows(home.get(PAGE).wsgi_request, "ben")


def test_an_empty_form_guesses_nothing(ada: Any, clock: Clock) -> None:
    for number in range(30):
        clock.forward(10)
        assert guess(f"198.51.100.{number}", password="").status_code == 422
    assert guess("203.0.113.1").status_code == 422


def test_the_gate_counts_without_redis_and_answers_429(
    rf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own answer would be a 403, and without Redis an error."""
    monkeypatch.setattr("kernel.redis.BREAKER._open_until", float("inf"))
    monkeypatch.setattr("django_ratelimit.core.time.time", lambda: 1_000_000)
    caches["counters"].clear()
    through = limits.gate("login")(lambda request: "through")
    request = rf.post(PAGE)
    assert {through(request) for _ in range(600)} == {"through"}
    with pytest.raises(Ratelimited) as refused:
        through(request)
    error = as_product_error(refused.value)
    assert error is not None
    assert (error.status, error.retry_after) == (429, 60)
    caches["counters"].clear()


def test_new_passwords_are_asked_for_five_times_an_hour(rf: Any, clock: Clock) -> None:
    request = rf.post("/accounts/password/reset/")
    for mail in ("a@example.test", "A@Example.test") * 3:
        clock.forward(60)
        if (
            len(limits.limiter("any").kept(limits.RESET, "127.0.0.1 a@example.test")[0])
            == 5
        ):
            break
        limits.check_reset(request, mail)
    with pytest.raises(TooManyRequests, match="At most 5 an hour: again in 3300 s"):
        limits.check_reset(request, "a@example.test")
    limits.check_reset(request, "b@example.test")


def test_an_address_asks_thirty_times_an_hour_for_new_passwords(
    rf: Any, clock: Clock
) -> None:
    request = rf.post("/accounts/password/reset/")
    for number in range(30):
        limits.check_reset(request, f"{number}@example.test")
    with pytest.raises(TooManyRequests, match="At most 30 an hour"):
        limits.check_reset(request, "another@example.test")
    other = rf.post("/accounts/password/reset/", REMOTE_ADDR="192.0.2.7")
    limits.check_reset(other, "another@example.test")


def test_a_wish_that_is_refused_for_its_mail_counts_not_for_the_address(
    rf: Any, clock: Clock
) -> None:
    request = rf.post("/accounts/password/reset/")
    for _ in range(5):
        limits.check_reset(request, "a@example.test")
    for _ in range(40):
        with pytest.raises(TooManyRequests, match="At most 5 an hour"):
            limits.check_reset(request, "a@example.test")
    [kept] = limits.limiter("any").kept(limits.RESET_ADDRESS, "127.0.0.1")
    assert len(kept) == 5

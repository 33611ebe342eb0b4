"""Several hosts count in one Redis, and none admits more than the limit without it."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.services import limits
from kernel.limits.windows import Limit, Window
from kernel.redis import BREAKER, client
from tests.accounts.limited import Clock

pytestmark = [pytest.mark.cached, pytest.mark.limits]
LIMIT = Limit("sign", Window("minute", 60, 20), Window("hour", 3600, 100))


@pytest.fixture(autouse=True)
def _two_hosts(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RATE_LIMIT_HOSTS = 2
    monkeypatch.setattr(
        "accounts.services.limits.known.factors", lambda user_id, limit: ()
    )
    monkeypatch.setattr(BREAKER, "_open_until", 0.0)
    empty_redis()


def empty_redis() -> None:
    for key in client().scan_iter("rrr:*:limit:*"):
        client().delete(key)


def ask(times: int, who: str = "ada") -> int:
    return sum(limits.admit(LIMIT, who).admitted for _ in range(times))


def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, clock: Clock) -> None:
    """From here on another host asks, which has a file of its own."""
    from kernel.limits.windows import Limiter

    other = Limiter(tmp_path / "other", slots=64, clock=clock)
    monkeypatch.setattr("accounts.services.limits.limiter", lambda name: other)


def test_two_hosts_share_a_limit(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    here = limits.limiter("any")
    assert ask(12) == 12
    elsewhere(monkeypatch, tmp_path, clock)
    assert ask(20) == 8
    refused = limits.admit(LIMIT, "ada")
    assert refused.left == (0, 80)
    assert 50 < refused.retry_after <= 60
    # What Redis refused has not counted in the file either.
    assert len(limits.limiter("any").kept(LIMIT, "ada")[0]) == 8
    assert len(here.kept(LIMIT, "ada")[0]) == 12


def test_what_the_file_refuses_is_not_asked_of_redis(clock: Clock) -> None:
    ask(30)
    lengths = {client().llen(key) for key in client().scan_iter("rrr:*:limit:*")}
    assert lengths == {20}


def test_up_cut_up_and_emptied_never_more_than_the_limit_on_one_host(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(7) == 7
    monkeypatch.setattr(BREAKER, "_open_until", float("inf"))
    assert ask(20) == 3  # its share of 20 is 10
    refused = limits.admit(LIMIT, "ada")
    assert (refused.left[0], refused.retry_after) == (0, 60)
    assert refused.error().detail == "At most 10 a minute: again in 60 s."
    monkeypatch.setattr(BREAKER, "_open_until", 0.0)
    assert ask(5) == 5
    empty_redis()
    assert ask(40) == 5
    assert len(limits.limiter("any").kept(LIMIT, "ada")[0]) == 20


def test_a_share_is_one_at_the_least(
    clock: Clock, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RATE_LIMIT_HOSTS = 1000
    monkeypatch.setattr(BREAKER, "_open_until", float("inf"))
    assert ask(10) == 1


def test_what_is_taken_back_is_taken_back_everywhere(clock: Clock) -> None:
    rulings = [limits.admit(LIMIT, "ada") for _ in range(20)]
    for ruling in rulings[:3]:
        limits.take_back(ruling, "ada")
    assert ask(10) == 3


def test_a_factor_holds_in_redis_too(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr(
        "accounts.services.limits.known.factors", lambda user_id, limit: (3, 1)
    )
    assert ask(50) == 50
    assert limits.admit(LIMIT, "ada").left == (9, 49)
    elsewhere(monkeypatch, tmp_path, clock)
    assert ask(50) == 9
    lengths = sorted(
        client().llen(key)
        for key in client().scan_iter("rrr:*:limit:*")
        if client().type(key) == b"list"
    )
    assert lengths == [20, 60]


def test_a_redis_whose_clock_was_set_back_locks_nobody_out(clock: Clock) -> None:
    ask(20)
    for key in client().scan_iter("rrr:*:limit:*"):
        client().lset(key.decode(), -1, "9000000000000000")
    clock.forward(60)
    assert ask(5) == 5

"""Rate limits and shared state, seen at two instances: each lie is one of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.test import TestCase

from accounts.services import probe as account
from accounts.services.limits import API
from kernel import http, instances
from kernel.cache import bump
from kernel.limits.windows import Limiter, Window
from operations.probes import multi_instance, ratelimit
from operations.probes.multi_instance import Instances
from operations.probes.ratelimit import Ask, burst_faults, filled_faults
from tests.probing import Own, see

LOOKED_AT = "/api/me"
SECOND, MINUTE, HOUR = API.windows
REFUSAL = {"retry-after": "1", "content-type": "application/problem+json"}


@pytest.fixture
def host(tmp_path: Path) -> Callable[..., Ask]:
    """host("a") -> an instance that counts in file "a" of this host, as ours do."""
    limiters: dict[str, Limiter] = {}

    def make(file: str, window: Window, **refusal: str) -> Ask:
        limiter = limiters.setdefault(file, Limiter(tmp_path / file, slots=64))
        limit = type(API)("probe", window)

        def ask(path: str) -> http.Reply:
            if limiter.admit(limit, "one principal", factors=[1]).admitted:
                return http.Reply(200, {}, b"")
            return http.Reply(429, {**REFUSAL, **refusal}, b"")

        return ask

    return make


def only_at(ask: Ask, *paths: str) -> Ask:
    """Counts at these addresses, and lets everything else pass."""
    return lambda path: ask(path) if path in paths else http.Reply(200, {}, b"")


def test_windows_that_both_instances_count_in_are_right(host: Any) -> None:
    burst = [host("a", SECOND), host("a", SECOND)]
    assert burst_faults(SECOND, burst) == []
    filled = [host("b", HOUR), host("b", HOUR)]
    assert filled_faults(HOUR, filled, pause=0) == []


def test_an_instance_that_counts_for_itself_is_found(host: Any) -> None:
    seen = filled_faults(MINUTE, [host("a", MINUTE), host("b", MINUTE)], pause=0)
    assert seen == ["61 of 61 requests passed in a minute, not 60"]


def test_a_limit_on_the_usual_address_only_is_found(host: Any) -> None:
    ask = only_at(host("a", MINUTE), LOOKED_AT)
    assert "61 of 61 requests passed" in filled_faults(MINUTE, [ask, ask], pause=0)[0]


@pytest.mark.parametrize("limit", [59, 61])
def test_one_more_or_one_less_is_found(host: Any, limit: int) -> None:
    other = Window("minute", 60, limit)
    seen = filled_faults(MINUTE, [host("a", other)] * 2, pause=0)
    assert f"{limit} of 61 requests passed" in seen[0]


@pytest.mark.parametrize(
    ("refusal", "fault"),
    [
        ({"retry-after": ""}, "Retry-After 'nowhere'"),
        ({"retry-after": "soon"}, "Retry-After 'soon'"),
        ({"retry-after": "99999"}, "Retry-After '99999'"),
        ({"content-type": "text/html"}, "no problem+json"),
    ],
)
def test_a_refusal_that_does_not_say_when_is_found(
    host: Any, refusal: Mapping[str, str], fault: str
) -> None:
    ask = host("a", MINUTE)

    def dressed(path: str) -> http.Reply:
        answer = ask(path)
        return http.Reply(answer.status, {**answer.headers, **refusal}, b"")

    assert fault in " ".join(filled_faults(MINUTE, [dressed] * 2, pause=0))


def test_a_window_that_is_over_before_it_is_full_says_nothing(
    host: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 10_000, 61))
    monkeypatch.setattr(
        "operations.probes.ratelimit.time.monotonic", lambda: next(clock)
    )
    with pytest.raises(ratelimit.WindowMissed):
        filled_faults(MINUTE, [host("a", MINUTE)] * 2, pause=0)


def test_an_unknown_window_is_an_error() -> None:
    assert see("ratelimit", window="year").error == "there is no window year"


# --- what two instances share


@pytest.fixture
def pair(own: Own, monkeypatch: pytest.MonkeyPatch) -> Instances:
    """Two instances of the product in this process: they share everything."""
    monkeypatch.setattr(multi_instance, "DIES_WITHIN", 0)

    def bump_now(tag: str) -> None:
        """A story never commits."""
        with TestCase.captureOnCommitCallbacks(execute=True):
            bump(tag)

    monkeypatch.setattr(multi_instance, "bump", bump_now)
    return Instances(own, own)


@pytest.mark.django_db
@pytest.mark.limits
def test_two_instances_of_the_product_share_state(pair: Instances) -> None:
    for looks in (
        multi_instance.session_faults,
        multi_instance.token_faults,
        multi_instance.cache_faults,
    ):
        assert list(looks(pair)) == []


def lying(pair: Instances, lie: Callable[[str, http.Reply], http.Reply]) -> Instances:
    """The second instance answers otherwise."""
    return Instances(
        pair.first, lambda path, **given: lie(path, pair.second(path, **given))
    )


@pytest.mark.django_db
def test_a_second_instance_without_our_sessions_is_found(pair: Instances) -> None:
    alone = lying(pair, lambda path, real: http.Reply(302, {}, b""))
    assert "a session gets 302 at the second instance" in list(
        multi_instance.session_faults(alone)
    )


@pytest.mark.django_db
def test_a_session_that_outlives_its_end_elsewhere_is_found(pair: Instances) -> None:
    alone = lying(pair, lambda path, real: http.Reply(200, {}, b""))
    assert "an ended session gets 200 at the second instance" in list(
        multi_instance.session_faults(alone)
    )


@pytest.mark.django_db
def test_a_revocation_that_does_not_arrive_is_found(pair: Instances) -> None:
    """It shares sessions and limits; only the end of a token it never hears of."""
    alone = lying(pair, lambda path, real: http.Reply(200, {}, b"{}"))
    assert "a token revoked at the first instance gets 200 at the second" in list(
        multi_instance.token_faults(alone)
    )


@pytest.mark.django_db
def test_an_instance_with_a_cache_of_its_own_is_found(pair: Instances) -> None:
    alone = lying(pair, lambda path, real: http.Reply(200, {"etag": 'W/"1"'}, b""))
    assert "the instances hold different versions of one page" in list(
        multi_instance.cache_faults(alone)
    )


def test_an_instance_with_limits_of_its_own_is_found(
    host: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def throwaway(**given: Any) -> Iterator[str]:
        yield "token"

    monkeypatch.setattr(account, "throwaway", throwaway)
    monkeypatch.setattr(multi_instance, "DIES_WITHIN", 0)

    def dressed(ask: Ask) -> Any:
        return lambda path, **given: ask(path)

    shared = Instances(dressed(host("a", MINUTE)), dressed(host("a", MINUTE)))
    assert list(multi_instance.limit_faults(shared)) == []
    apart = Instances(dressed(host("b", MINUTE)), dressed(host("c", MINUTE)))
    assert list(multi_instance.limit_faults(apart)) == [
        "who used up a minute at the first instance gets 200 at the second"
    ]


# --- the instances themselves


def test_only_an_instance_of_ours_is_asked(settings: Any, tmp_path: Path) -> None:
    settings.STATE_DIR = tmp_path
    with pytest.raises(http.Refused, match="No instance of ours"):
        http.own("/health/live", port=9)


def test_what_a_killed_worker_left_is_ended(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.STATE_DIR = tmp_path
    folder = tmp_path / "instances"
    folder.mkdir()
    gone = {"pid": 999_999_999, "port": 5, "parent": 999_999_999}
    (folder / "5.json").write_text(json.dumps(gone))
    ours = {"pid": 1, "port": 6, "parent": 1}
    (folder / "6.json").write_text(json.dumps(ours))
    (folder / "7.json").write_text("no json")
    killed: list[int] = []
    monkeypatch.setattr(instances, "_command_of", lambda pid: instances.SERVED)
    monkeypatch.setattr(
        "kernel.instances.os.killpg", lambda pid, number: killed.append(pid)
    )
    assert instances.end_orphans() == 1
    assert killed == [999_999_999]
    assert [path.name for path in folder.iterdir()] == ["6.json"]

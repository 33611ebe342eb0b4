"""Room for so many: who still counts keeps their place, and newcomers wait for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.limits.windows import Limit, Limiter, Window
from tests.kernel.test_limits import API, Clock, admitted


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limiter(tmp_path: Path, clock: Clock) -> Limiter:
    return Limiter(tmp_path / "limits", slots=16, clock=clock)


def test_while_all_count_a_newcomer_is_refused_and_nobody_forgotten(
    limiter: Limiter, clock: Clock
) -> None:
    minute = Limit("tries", Window("minute", 60, 10))
    for number in range(16):
        assert admitted(limiter, 10, minute, f"person {number}") == 10
        clock.forward(1)
    for number in range(200):
        newcomer = limiter.admit(minute, f"flood {number}")
        assert (newcomer.admitted, newcomer.full) == (False, True)
        assert newcomer.wait == 44
        assert (newcomer.left(0, minute), newcomer.frees(0, minute)) == (0, 44)
        assert limiter.keep(minute, f"flood {number}") == 0
    assert [admitted(limiter, 1, minute, f"person {n}") for n in range(16)] == [0] * 16
    clock.forward(44)
    assert admitted(limiter, 20, minute, "flood 7") == 10
    assert admitted(limiter, 1, minute, "flood 8") == 0
    assert [len(limiter.kept(minute, f"person {n}")[0]) for n in range(1, 16)] == [
        10
    ] * 15


def test_who_counts_no_more_makes_room_before_anybody_else(
    limiter: Limiter, clock: Clock
) -> None:
    """However long ago the others came: an hour's limit outlives a minute's."""
    hour, minute = (Limit(n, Window(n, s, 3)) for n, s in (("hour", 3600), ("m", 60)))
    for number in range(8):
        assert admitted(limiter, 5, hour, f"person {number}") == 3
    for number in range(8):
        assert admitted(limiter, 5, minute, f"visitor {number}") == 3
    clock.forward(60)
    for number in range(100):
        admitted(limiter, 1, minute, f"flood {number}")
    assert [admitted(limiter, 1, hour, f"person {n}") for n in range(8)] == [0] * 8


def test_what_was_taken_back_holds_no_place(limiter: Limiter, clock: Clock) -> None:
    """Else whoever logs in rightly would keep one for an hour."""
    hour = Limit("failures", Window("hour", 3600, 3))
    for number in range(100):
        verdict = limiter.admit(hour, f"person {number}")
        assert verdict.admitted
        limiter.take_back(hour, f"person {number}", verdict.at)
    assert admitted(limiter, 1, hour, "ada") == 1
    newer = limiter.admit(hour, "ada")
    clock.forward(1)
    limiter.take_back(hour, "ada", newer.at)
    for number in range(100):
        admitted(limiter, 1, hour, f"flood {number}")
    assert len(limiter.kept(hour, "ada")[0]) == 1


def test_a_place_that_never_ends_is_damage(limiter: Limiter, clock: Clock) -> None:
    for number in range(16):
        admitted(limiter, 1, who=f"person {number}")
    with limiter.file.locked() as cells:
        cells[limiter._ends + 3] = 2**63 - 1
    assert admitted(limiter, 1, who="newcomer") == 1
    assert limiter.admit(API, "another").full


def test_a_limit_must_fit_into_a_place(limiter: Limiter) -> None:
    huge = Limit("huge", Window("hour", 3600, 2000))
    with pytest.raises(ValueError, match="no place here"):
        limiter.admit(huge, "ada")
    with pytest.raises(ValueError, match="an hour at most"):
        Limit("long", Window("day", 86_400, 10))


def test_a_limiter_that_forgets_lets_in_whom_it_saw_last_longest_ago(
    tmp_path: Path, clock: Clock
) -> None:
    limiter = Limiter(tmp_path / "forgets", slots=4, clock=clock, forgets=True)
    minute = Limit("calls", Window("minute", 60, 3))
    for number in range(4):
        assert admitted(limiter, 3, minute, f"address {number}") == 3
        clock.forward(1)
    assert admitted(limiter, 1, minute, "newcomer") == 1
    assert [admitted(limiter, 1, minute, f"address {n}") for n in (1, 2, 3)] == [0] * 3
    assert admitted(limiter, 1, minute, "address 0") == 1  # it was forgotten

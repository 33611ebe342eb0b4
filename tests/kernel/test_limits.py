"""So many in so long: exact in any window, whatever the clock and the file do."""

from __future__ import annotations

import threading
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import strategies as st

from kernel.limits.rings import LEFT, RING
from kernel.limits.shared import HEADER, NoRoomForLimits
from kernel.limits.windows import SLOT_CELLS, Admission, Limit, Limiter, Window
from tests.reach import holds_for

SECOND = 1_000_000
API = Limit(
    "api", Window("second", 1, 10), Window("minute", 60, 60), Window("hour", 3600, 1000)
)


class Clock:
    def __init__(self, now: int = 7_000_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limiter(tmp_path: Path, clock: Clock) -> Limiter:
    return Limiter(tmp_path / "limits", slots=16, clock=clock)


def admitted(limiter: Limiter, times: int, limit: Limit = API, who: str = "ada") -> int:
    return sum(limiter.admit(limit, who).admitted for _ in range(times))


def refused(limiter: Limiter, limit: Limit = API, who: str = "ada") -> Admission:
    verdict = limiter.admit(limit, who)
    assert not verdict.admitted
    return verdict


def base_of(limiter: Limiter, cells: memoryview, limit: Limit) -> int:
    """Where Ada's place begins."""
    number = limiter._number(cells, limit, "ada")
    assert number is not None
    return limiter._first + number * SLOT_CELLS


def test_ten_a_second_and_not_one_more(limiter: Limiter, clock: Clock) -> None:
    assert admitted(limiter, 25) == 10
    clock.forward(0.999)
    assert admitted(limiter, 5) == 0
    clock.forward(0.001)
    assert admitted(limiter, 15) == 10


def test_the_wait_is_true(limiter: Limiter, clock: Clock) -> None:
    """Not a microsecond earlier, and exactly then."""
    for _ in range(10):
        admitted(limiter, 1)
        clock.forward(0.05)
    wait = refused(limiter).wait
    clock.forward(wait - 0.000001)
    refused(limiter)
    clock.forward(0.000001)
    assert admitted(limiter, 3) == 1


def test_refused_requests_count_nowhere(limiter: Limiter, clock: Clock) -> None:
    """Who goes on asking while refused waits no longer for it."""
    admitted(limiter, 10)
    for _ in range(99):
        clock.forward(0.01)
        refused(limiter)
    clock.forward(0.01)
    assert admitted(limiter, 20) == 10


def test_every_window_must_have_room(limiter: Limiter, clock: Clock) -> None:
    total = 0
    for _ in range(59):
        total += admitted(limiter, 12)
        clock.forward(1)
    assert total == 60
    assert refused(limiter).wait == 1


def test_each_principal_counts_by_itself(limiter: Limiter) -> None:
    assert admitted(limiter, 20) == 10
    assert admitted(limiter, 20, who="ben") == 10
    assert admitted(limiter, 20, Limit("sign", Window("second", 1, 3))) == 3


def test_what_is_left_and_when_the_oldest_leaves(
    limiter: Limiter, clock: Clock
) -> None:
    first = limiter.admit(API, "ada")
    assert [first.left(index, API) for index in range(3)] == [9, 59, 999]
    assert [first.frees(index, API) for index in range(3)] == [1, 60, 3600]
    clock.forward(0.4)
    admitted(limiter, 9)
    no = refused(limiter)
    assert [no.left(index, API) for index in range(3)] == [0, 50, 990]
    assert no.frees(0, API) == no.wait == pytest.approx(0.6)


def test_a_share_of_the_limit(limiter: Limiter) -> None:
    """Three hosts that cannot ask a common place: each has a third, at least one."""
    third = [limiter.admit(API, "ada", share=3).admitted for _ in range(10)]
    assert sum(third) == 3
    least = [limiter.admit(API, "ben", share=50).admitted for _ in range(10)]
    assert sum(least) == 1
    assert admitted(limiter, 20) == 7


def test_what_is_taken_back_was_never(limiter: Limiter) -> None:
    verdicts = [limiter.admit(API, "ada") for _ in range(10)]
    limiter.take_back(API, "ada", verdicts[4].at)
    limiter.take_back(API, "ada", verdicts[9].at)
    limiter.take_back(API, "ada", 1)  # nothing was admitted then
    assert admitted(limiter, 10) == 2


def test_a_moment_may_be_kept_without_asking(limiter: Limiter, clock: Clock) -> None:
    failures = Limit("failures", Window("hour", 3600, 3))
    for _ in range(5):
        clock.forward(10)
        limiter.keep(failures, "ada")
    assert refused(limiter, failures).wait == 3580
    assert len(limiter.kept(failures, "ada")[0]) == 3


def test_a_clock_set_back_locks_nobody_out(limiter: Limiter, clock: Clock) -> None:
    """What was kept goes back with it: nobody waits an hour, nobody gets double."""
    admitted(limiter, 10)
    clock.forward(-3600)
    assert admitted(limiter, 5) == 0
    clock.forward(1)
    assert admitted(limiter, 15) == 10


def test_a_factor_lets_a_kept_time_stand_for_many(
    limiter: Limiter, clock: Clock
) -> None:
    factors = (7, 7, 1)
    verdicts = [limiter.admit(API, "ada", factors=factors) for _ in range(100)]
    assert sum(v.admitted for v in verdicts) == 70
    assert [verdicts[0].left(n, API, factors[n]) for n in range(3)] == [69, 419, 999]
    assert [verdicts[9].left(n, API, factors[n]) for n in range(3)] == [60, 410, 990]
    assert [verdicts[-1].left(n, API, factors[n]) for n in range(3)] == [0, 350, 930]
    clock.forward(1)
    assert limiter.admit(API, "ada", factors=factors).admitted
    # Gone again, the plain windows hold at once.
    assert len(limiter.kept(API, "ada")[1]) == 11
    assert admitted(limiter, 20) == 9


@pytest.mark.parametrize("what", ["cut", "another version", "no file of ours", "link"])
def test_a_file_that_is_none_of_ours_is_replaced_and_said(
    tmp_path: Path, clock: Clock, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "limits"
    if what == "link":
        path.symlink_to(tmp_path / "elsewhere")
    else:
        old = Limiter(path, slots=16, clock=clock)
        admitted(old, 10)
        old.file.close()
        content = path.read_bytes()
        path.write_bytes(
            {
                "cut": content[:-8],
                "another version": content.replace(b"limits 1", b"limits 0", 1),
                "no file of ours": b"x" * len(content),
            }[what]
        )
    assert admitted(Limiter(path, slots=16, clock=clock), 20) == 10
    assert "put aside" in caplog.text or "counting begins anew" in caplog.text
    assert not path.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_file_is_counted_in_again_after_a_restart(
    tmp_path: Path, clock: Clock
) -> None:
    first = Limiter(tmp_path / "limits", slots=16, clock=clock)
    admitted(first, 7)
    first.file.close()
    assert admitted(Limiter(tmp_path / "limits", slots=16, clock=clock), 20) == 3


def test_two_files_never_count_beside_each_other(tmp_path: Path, clock: Clock) -> None:
    """Who goes on with a removed file would admit as much again."""
    path = tmp_path / "limits"
    one, other = (Limiter(path, slots=16, clock=clock) for _ in range(2))
    admitted(one, 4)
    path.unlink()
    other.file._looked = one.file._looked = 0
    assert admitted(other, 4) + admitted(one, 20) == 10


@pytest.mark.parametrize("seed", range(20))
def test_rubbish_in_the_file_locks_nobody_out_for_long(
    limiter: Limiter, clock: Clock, seed: int
) -> None:
    """Whatever stands there: an hour later the limits hold as ever."""
    import random

    numbers = random.Random(seed)
    admitted(limiter, 10)
    with limiter.file.locked() as cells:
        for place in range(len(cells)):
            cells[place] = numbers.choice((0, -1, 1, 2**63 - 1, -(2**63), 5, clock.now))
    admitted(limiter, 20)
    clock.forward(3600)
    assert admitted(limiter, 20) == 10


@pytest.mark.parametrize("left", [-1, -5, -(2**63), 2**62 + 1, 2**63 - 1])
def test_a_rest_that_cannot_be_is_damage(
    limiter: Limiter, clock: Clock, left: int
) -> None:
    """It admits not one more, and ends in no error."""
    limit = Limit("one", Window("second", 1, 10))
    admitted(limiter, 4, limit)
    with limiter.file.locked() as cells:
        cells[base_of(limiter, cells, limit) + LEFT] = left
    assert admitted(limiter, 20, limit) == 6
    clock.forward(1)
    assert admitted(limiter, 20, limit) == 10


@pytest.mark.parametrize("time", [2**63 - 1, -(2**63), 0])
def test_a_time_that_cannot_be_locks_nobody_out_longer_than_the_window(
    limiter: Limiter, clock: Clock, time: int
) -> None:
    limit = Limit("one", Window("minute", 60, 4))
    admitted(limiter, 4, limit)
    with limiter.file.locked() as cells:
        ring = base_of(limiter, cells, limit) + RING
        cells[ring + 1] = cells[ring + 2] = time
    for share in (1, 2):
        answer = limiter.admit(limit, "ada", share=share)
        assert not answer.admitted
        assert 0 < answer.wait <= 60
        assert 0 <= answer.frees(0, limit) <= 60


def test_no_room_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    with pytest.raises(NoRoomForLimits, match="no room for the 36 MB"):
        admitted(Limiter(tmp_path / "limits"), 1)
    assert [path.name for path in tmp_path.iterdir()] == ["limits.lock"]


def test_all_of_it_is_there_from_the_start(tmp_path: Path) -> None:
    """A sparse file would end whoever writes in it on a full disk."""
    limiter = Limiter(tmp_path / "limits")
    admitted(limiter, 1)
    status = (tmp_path / "limits").stat()
    assert status.st_blocks * 512 >= status.st_size > HEADER + 4096 * 8 * 1000


def test_threads_share_the_limit(tmp_path: Path) -> None:
    limiter = Limiter(tmp_path / "limits", slots=16)
    limit = Limit("many", Window("minute", 60, 1000))
    counts: list[int] = []

    def ask() -> None:
        counts.append(admitted(limiter, 400, limit))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 1000


# An hour of the real limits takes long to try: the same with small windows.
WINDOWS = st.lists(
    st.tuples(st.integers(1, 8), st.integers(1, 40)), min_size=1, max_size=3
)
STEPS = st.lists(
    st.tuples(
        st.integers(0, 9),  # seconds that pass
        st.sampled_from(["ada", "ada", "ben"]),
        st.sampled_from(["ask", "ask", "ask", "ask", "share", "take back"]),
    ),
    min_size=5,
    max_size=120,
)


def test_it_admits_what_counting_by_hand_admits(tmp_path: Path) -> None:
    """The oracle keeps every admitted time and counts them all."""
    files = iter(range(10_000))

    def check(case: tuple[list[tuple[int, int]], list[tuple[int, str, str]]]) -> bool:
        sizes, steps = case
        limit = Limit("x", *(Window(str(n), s, n) for n, s in sizes))
        clock, refusals = Clock(), 0
        limiter = Limiter(tmp_path / f"{next(files)}", slots=4, clock=clock)
        times: dict[str, list[int]] = defaultdict(list)
        for passed, who, what in steps:
            clock.forward(passed)
            mine = times[who]
            if what == "take back":
                if mine:
                    limiter.take_back(limit, who, mine.pop(len(mine) // 2))
                continue
            hosts = 3 if what == "share" else 1
            expected = all(
                sum(time > clock.now - seconds * SECOND for time in mine)
                < max(1, most // hosts)
                for most, seconds in sizes
            )
            verdict = limiter.admit(limit, who, share=hosts)
            assert verdict.admitted == expected
            if expected:
                mine.append(clock.now)
            refusals += not expected
        limiter.file.close()
        return refusals > 0

    holds_for(st.tuples(WINDOWS, STEPS), check, least=0.4)


def test_with_a_factor_no_window_admits_more_than_so_many_times_its_limit(
    tmp_path: Path,
) -> None:
    files = iter(range(10_000))
    factors = st.tuples(st.integers(1, 5), st.integers(1, 5))
    steps = st.lists(st.integers(0, 3), min_size=20, max_size=200)

    def check(case: tuple[tuple[int, int], list[int]]) -> bool:
        given, waits = case
        limit = Limit("x", Window("a", 4, 2), Window("b", 20, 7))
        clock = Clock()
        limiter = Limiter(tmp_path / f"f{next(files)}", slots=4, clock=clock)
        times, refusals = list[int](), 0
        for wait in waits:
            clock.forward(wait / 2)
            if limiter.admit(limit, "ada", factors=given).admitted:
                times.append(clock.now)
            else:
                refusals += 1
            for (most, seconds), factor in zip([(2, 4), (7, 20)], given, strict=True):
                begin = clock.now - seconds * SECOND
                assert sum(time > begin for time in times) <= most * factor
        limiter.file.close()
        return refusals > 0

    holds_for(st.tuples(factors, steps), check, least=0.3)

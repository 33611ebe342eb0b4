"""When alerts fire and resolve, and what people hear of it, beside a clumsy oracle."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from operations.domain.episodes import Course, Turn, Word, passed, step

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LOOK = 10
WAIT = 30
Told = list[tuple[int, str]]


def run(
    looks: Sequence[bool], wait: int = WAIT, late: timedelta = timedelta()
) -> tuple[list[str], Told]:
    """The state after each look, and (seconds, word) of what was told. Each look is
    `late` by so much."""
    course: Course | None = None
    states, told = [], []
    for number, breached in enumerate(looks):
        turn = step(
            course,
            breached=breached,
            pause=timedelta(seconds=LOOK) + late,
            wait=timedelta(seconds=wait),
        )
        if turn is not None:
            course = turn.course
            if turn.word is not None:
                told.append((number * LOOK, turn.word.value))
        states.append(course.state.value if course else "none")
    return states, told


class Oracle:
    """The same from the list of everything that happened, by times of day; it knows
    no sums and no counters."""

    def __init__(self, wait: int) -> None:
        self.wait = wait
        self.state = "none"
        self.since = 0  # when the state, or being below, began
        self.below = False
        self.fired: list[int] = []
        self.told: Told = []

    def look(self, at: int, breached: bool) -> None:
        if self.state in {"none", "resolved"} and breached:
            if self.fired and at - self.since < 600:
                self.fire(at)
            else:
                self.fired = []
                self.state, self.since = "pending", at
        if self.state == "pending":
            if not breached:
                self.state, self.fired = "none", []
            elif at - self.since >= self.wait:
                self.fire(at)
        elif self.state == "firing" and breached:
            self.below = False
        elif self.state == "firing" and not self.below:
            self.below, self.since = True, at
        elif self.state == "firing" and at - self.since >= 30:
            self.state, self.since = "resolved", at
            if not self.unsettled():
                self.told.append((at, "resolved"))
        elif self.state == "resolved" and at - self.since == 300 and self.unsettled():
            self.told.append((at, "resolved"))
        self.say_flapping(at)

    def fire(self, at: int) -> None:
        self.state, self.below = "firing", False
        self.fired.append(at)
        if len(self.fired) == 1:
            self.told.append((at, "firing"))
        elif self.told[-1][1] == "resolved":
            self.told.append((at, "firing again"))

    def unsettled(self) -> bool:
        return self.told[-1][1] in {"firing again", "flapping"}

    def say_flapping(self, at: int) -> None:
        if self.state != "firing" or not self.unsettled():
            return
        said = self.told[-1]
        unheard = self.fired[-1] > said[0]
        if unheard and (said[1] != "flapping" or at - said[0] >= 300):
            self.told.append((at, "flapping"))


def expected(looks: Sequence[bool], wait: int) -> tuple[list[str], Told]:
    oracle, states = Oracle(wait), []
    for number, breached in enumerate(looks):
        oracle.look(number * LOOK, breached)
        states.append(oracle.state)
    return states, oracle.told


stretches = st.lists(
    st.tuples(st.booleans(), st.sampled_from([1, 2, 3, 4, 5, 7, 12, 29, 31, 33, 64])),
    max_size=24,
).map(lambda parts: [breached for breached, long in parts for _ in range(long)])


@given(stretches, st.sampled_from([0, 30]))
def test_it_goes_as_the_oracle_says(looks: list[bool], wait: int) -> None:
    states, told = run(looks, wait)
    oracle_states, oracle_told = expected(looks, wait)
    assert told == oracle_told
    # One that never fired is over for good: whether it is called so is all the same.
    fired = [state if state != "none" else "resolved" for state in oracle_states]
    assert [s if s != "none" else "resolved" for s in states] == fired
    event(f"{min(len(told), 6)} words, the last {told[-1][1] if told else 'none'}")


@given(stretches)
def test_the_last_word_is_not_resolved_while_it_fires(looks: list[bool]) -> None:
    states, told = run(looks, 0)
    for number, state in enumerate(states):
        if state == "firing":
            last = [word for at, word in told if at <= number * LOOK][-1]
            assert last != "resolved"
            event("looked at")


def pattern(*stretches: tuple[bool, int]) -> list[bool]:
    """(breached, seconds) after each other."""
    return [breached for breached, long in stretches for _ in range(long // LOOK)]


def words(*stretches: tuple[bool, int], wait: int = 0) -> list[str]:
    return [word for _, word in run(pattern(*stretches), wait)[1]]


UP, DOWN = True, False


def test_it_fires_after_its_wait_and_resolves_after_thirty_seconds_below() -> None:
    states, told = run(pattern((UP, 40), (DOWN, 40)))
    assert states == ["pending"] * 3 + ["firing"] * 4 + ["resolved"]
    assert told == [(30, "firing"), (70, "resolved")]


def test_looks_that_come_a_little_early_put_no_word_off() -> None:
    _, told = run([True] * 4 + [False] * 4, late=timedelta(seconds=-0.1))
    assert told == [(30, "firing"), (70, "resolved")]


def test_one_that_falls_below_while_it_waits_tells_nobody() -> None:
    assert words((UP, 30), (DOWN, 600), (UP, 20), wait=30) == []


def test_a_second_outage_soon_after_resolved_is_told_at_once() -> None:
    assert words((UP, 60), (DOWN, 100), (UP, 7200)) == [
        "firing",
        "resolved",
        "firing again",
    ]


def test_ten_flips_in_five_minutes_are_four_words() -> None:
    flips = [(UP, 10), (DOWN, 40)] * 6
    assert words(*flips) == ["firing", "resolved", "firing again", "flapping"]


def test_after_flapping_it_says_resolved_once_it_has_been_quiet() -> None:
    flips = [(UP, 10), (DOWN, 40)] * 3
    _, told = run(pattern(*flips, (DOWN, 400)), 0)
    assert told[-1] == (440, "resolved")
    assert [word for _, word in told].count("resolved") == 2


def test_a_long_outage_in_the_midst_of_flapping_is_told_when_it_may_be() -> None:
    _, told = run(pattern(*[(UP, 10), (DOWN, 40)] * 3, (UP, 7200)), 0)
    assert told[-2:] == [(100, "flapping"), (400, "flapping")]


def test_ten_minutes_after_resolving_a_breach_is_a_new_alert() -> None:
    assert words((UP, 10), (DOWN, 620), (UP, 10))[-1] == "firing again"
    assert words((UP, 10), (DOWN, 630), (UP, 10))[-1] == "firing"


@pytest.mark.parametrize(
    ("seconds", "counted"),
    [(10, 10), (0, 0), (20, 20), (21, 10), (-1, 10), (-3600, 10), (3600, 10)],
)
def test_a_pause_that_cannot_be_counts_as_the_usual_one(
    seconds: int, counted: int
) -> None:
    at = NOON + timedelta(seconds=seconds)
    assert passed(NOON, at) == timedelta(seconds=counted)
    assert passed(None, at) == timedelta(seconds=10)


def test_nothing_was_and_nothing_is_breached() -> None:
    still = step(None, breached=False, pause=timedelta(), wait=timedelta())
    assert still is None


def test_an_alert_that_is_opened_says_so() -> None:
    turn = step(None, breached=True, pause=timedelta(), wait=timedelta())
    assert isinstance(turn, Turn)
    assert (turn.opened, turn.word, turn.course.episode) == (True, Word.FIRING, 1)

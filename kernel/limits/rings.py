"""The rings of a place: of each window its newest times, of what one limit counts.

A window is a count of all times ever kept, the number of its oldest, how many more
requests its newest stands for, and a ring of as many times as its limit. What cannot be
(somebody else wrote there, a writer was killed) is read as what locks nobody out for
longer than the window, and admits nobody more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

COUNT, OLDEST, LEFT, RING = range(4)
MOST = 2**62
# Of a limit's windows: where in the place it begins, its limit, its microseconds.
Plan = Sequence[tuple[int, int, int]]


class State(NamedTuple):
    """A window as it was asked: how many times it held (but for one that still stands
    for `left` more requests), the numbers of its newest and oldest, and the oldest."""

    held: int
    ever: int
    oldest: int
    left: int
    since: int


def ends_at(cells: memoryview, base: int, plan: Plan) -> int:
    """Until when something counts that is kept here; 0: nothing is."""
    newest = [
        cells[base + place + RING + (cells[base + place] - 1) % size] + span
        for place, size, span in plan
        if cells[base + place] > cells[base + place + OLDEST]
    ]
    return max(newest, default=0)


def look(
    cells: memoryview, place: int, size: int, horizon: int, now: int, factor: int = 1
) -> State:
    """The window now; times that have left it are dropped."""
    count, oldest, left = cells[place], cells[place + OLDEST], cells[place + LEFT]
    first = oldest
    if not 0 <= oldest <= count <= min(oldest + size, MOST):  # somebody else wrote here
        count = oldest = cells[place] = 0
    if not 0 <= left <= MOST:
        left = cells[place + LEFT] = 0
    ring, since = place + RING, now
    if oldest < count:
        newest = cells[ring + (count - 1) % size]
        if newest > now:
            _set_back(cells, ring, size, range(oldest, count), newest - now)
            newest = now
        if newest <= horizon:
            oldest = count
        else:
            since = cells[ring + oldest % size]
            while since <= horizon:
                oldest += 1
                since = cells[ring + oldest % size]
    if oldest != first:
        cells[place + OLDEST] = oldest
    since = min(since, now)
    if not left:
        return State(count - oldest, count, oldest, 0, since)
    # Nothing is left of a time that has gone, nor of a factor that has.
    left = cells[place + LEFT] = min(left, factor - 1) if oldest < count else 0
    return State(count - oldest - (left > 0), count, oldest, left, since)


def leaves_at(
    cells: memoryview, base: int, window: tuple[int, int, int], state: State, room: int
) -> int:
    """When as many have left the window as must, for one more to have room."""
    place, size, span = window
    number = state.oldest + state.held - room
    return int(cells[base + place + RING + number % size]) + span


def _set_back(cells: memoryview, ring: int, size: int, numbers: range, by: int) -> None:
    """The clock went back: what is kept goes with it, so that nobody waits for it to
    come to where it was, and nobody gets more than the limit."""
    for number in numbers:
        place = ring + number % size
        cells[place] = max(-MOST, cells[place] - by)


def keep(
    cells: memoryview,
    base: int,
    plan: Plan,
    factors: Sequence[int],
    states: Sequence[State],
    now: int,
) -> None:
    """A time is written before it is counted: a writer may be killed in between."""
    for (start, size, _), factor, (_, count, _, left, _) in zip(
        plan, factors, states, strict=True
    ):
        place = base + start
        if left:
            cells[place + RING + (count - 1) % size] = now
            cells[place + LEFT] = left - 1
            continue
        cells[place + RING + count % size] = now
        if factor > 1:
            cells[place + LEFT] = factor - 1
        cells[place] = count + 1


def forget(cells: memoryview, place: int, size: int, factor: int, at: int) -> None:
    count, oldest = cells[place], cells[place + OLDEST]
    if factor > 1 and cells[place + LEFT] + 1 < factor:
        cells[place + LEFT] += 1
        return
    ring = place + RING
    number = count - 1
    if factor == 1:
        while number >= oldest and cells[ring + number % size] != at:
            number -= 1
    if number < oldest:
        return  # it has left the window, or its slot is another principal's
    while number < count - 1:
        cells[ring + number % size] = cells[ring + (number + 1) % size]
        number += 1
    cells[place + LEFT] = 0
    cells[place] = count - 1

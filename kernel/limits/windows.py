"""So many in so long, in any window: exact, over all processes and threads of a host.

Of each principal the newest times are kept, in a ring a window. A request is admitted
when in each window fewer are kept than its limit. What is refused is not kept. It
knows no policy: who a principal is and what it may is its callers'.

There is room for so many principals. A new one gets the place of one of whom nothing
counts any more; while all of them count, it is the new one who is refused: nobody makes
another's count forgotten by coming under many names.
"""

from __future__ import annotations

import hashlib
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from kernel.limits import rings
from kernel.limits.rings import COUNT, LEFT, OLDEST, RING, State
from kernel.limits.shared import SharedFile, boot

SLOTS = 4096
SLOT_CELLS = 1088
MOST_REMEMBERED = 2 * SLOTS
SECOND = 1_000_000
LONGEST = 3600 * SECOND
DIGEST = struct.Struct("=qq")


@dataclass(frozen=True)
class Window:
    """At most `limit` in any `seconds`."""

    name: str
    seconds: float
    limit: int


class Limit:
    """What a kind of principal may: one or several windows, all of which must admit.

    Principals of two limits are never the same, and neither are those of a limit
    whose windows were changed. `counted_in` is a name for whoever has several files.
    """

    def __init__(self, name: str, *windows: Window, counted_in: str = "") -> None:
        self.name, self.windows, self.counted_in = name, windows, counted_in
        self.ones = (1,) * len(windows)
        self.sizes = tuple(window.limit for window in windows)
        self.identity = f"{name} {[(w.seconds, w.limit) for w in windows]} "
        plan, place = [], 0
        for window in windows:
            plan.append((place, window.limit, round(window.seconds * SECOND)))
            place += RING + window.limit
        self.plan, self.cells = tuple(plan), place
        self.longest = max(span for _, _, span in plan)
        if self.longest > LONGEST:
            raise ValueError(f"{name}: a window is an hour at most")


class Admission(NamedTuple):
    """What came of a request: `at` names it for `take_back`, `wait` is in how many
    seconds one would be admitted (0 for one that was). `full`: there was no place left
    to count in."""

    admitted: bool
    at: int
    wait: float
    states: tuple[State, ...]
    full: bool = False

    def left(self, index: int, limit: Limit, factor: int = 1, share: int = 1) -> int:
        """How many more requests the window has room for."""
        state = self.states[index]
        room = max(1, limit.sizes[index] // share) - state.held
        still = state.left or self.admitted * factor
        if state.left or self.admitted:
            room -= 1
        return max(0, room * factor + still - self.admitted)

    def frees(self, index: int, limit: Limit) -> float:
        """Seconds until the oldest request that counts leaves the window."""
        since = self.states[index].since
        return max(0, since + limit.plan[index][2] - self.at) / SECOND


def microseconds() -> int:
    """Since this machine was started; nobody can set it."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000


class Limiter:
    """So many principals at a time, of limits that take up to `cells` numbers. One that
    `forgets` lets newcomers in where all places are taken."""

    def __init__(
        self,
        path: Path,
        *,
        slots: int = SLOTS,
        cells: int = SLOT_CELLS,
        forgets: bool = False,
        clock: Callable[[], int] = microseconds,
    ) -> None:
        self._slots, self._cells, self._clock = slots, cells, clock
        self._forgets = forgets
        # A principal has a digest (two), the time until which something of it counts,
        # and its slot.
        self._ends = 2 * slots
        self._first = self._ends + slots
        self.file = SharedFile(
            path,
            f"places {slots} x {cells}, started {boot()}",
            self._first + slots * cells,
        )
        self._remembered: dict[tuple[str, str], tuple[int, int, int]] = {}

    def admit(
        self,
        limit: Limit,
        principal: str,
        *,
        factors: Sequence[int] = (),
        share: int = 1,
    ) -> Admission:
        """Keep this moment, if every window has room for it.

        A factor a window widens it: a kept time stands for so many requests and is
        that of the latest of them. Of `share` hosts each has an equal part.
        Raises what SharedFile.locked raises.
        """
        factors = factors or limit.ones
        cells = self.file.take()
        try:
            now = self._clock()
            number = self._number(cells, limit, principal)
            if number is None:
                number = self._given(cells, limit, principal, now)
            if number is None:
                return self._no_place(cells, limit, now)
            base = self._first + number * self._cells
            states = tuple(
                [
                    rings.look(cells, base + place, size, now - span, now, factor)
                    for (place, size, span), factor in zip(
                        limit.plan, factors, strict=True
                    )
                ]
            )
            wait = 0
            for state, window in zip(states, limit.plan, strict=True):
                room = window[1] if share == 1 else max(1, window[1] // share)
                if state[0] >= room:
                    leaves = rings.leaves_at(cells, base, window, state, room)
                    # A time that cannot be locks out for the window, and admits nobody.
                    wait = max(wait, min(max(1, leaves - now), window[2]))
            if not wait:
                cells[self._ends + number] = now + limit.longest
                rings.keep(cells, base, limit.plan, factors, states, now)
            return Admission(not wait, now, wait / SECOND, states)
        finally:
            self.file.free()

    def take_back(
        self, limit: Limit, principal: str, at: int, *, factors: Sequence[int] = ()
    ) -> None:
        """Let what was admitted `at` that time not have been."""
        with self.file.locked() as cells:
            number = self._number(cells, limit, principal)
            if number is None:
                return
            base = self._first + number * self._cells
            for (place, size, _), factor in zip(
                limit.plan, factors or limit.ones, strict=True
            ):
                rings.forget(cells, base + place, size, factor, at)
            cells[self._ends + number] = rings.ends_at(cells, base, limit.plan)

    def keep(self, limit: Limit, principal: str) -> int:
        """Keep this moment whether or not there is room, the oldest making it; its
        name for `take_back`, 0 where there is no place for it."""
        with self.file.locked() as cells:
            now = self._clock()
            number = self._number(cells, limit, principal)
            if number is None:
                number = self._given(cells, limit, principal, now)
            if number is None:
                return 0
            base = self._first + number * self._cells
            states = []
            for place, size, span in limit.plan:
                state = rings.look(cells, base + place, size, now - span, now)
                if state.held >= size:
                    cells[base + place + OLDEST] += 1
                states.append(state)
            cells[self._ends + number] = now + limit.longest
            rings.keep(cells, base, limit.plan, limit.ones, states, now)
            return now

    def kept(self, limit: Limit, principal: str) -> tuple[tuple[int, ...], ...]:
        """The times that each window still holds, the oldest first."""
        with self.file.locked() as cells:
            number = self._number(cells, limit, principal)
            if number is None:
                return tuple(() for _ in limit.plan)
            base = self._first + number * self._cells
            return tuple(
                tuple(
                    cells[base + place + RING + number % size]
                    for number in range(
                        cells[base + place + OLDEST], cells[base + place]
                    )
                )
                for place, size, _ in limit.plan
            )

    def _number(self, cells: memoryview, limit: Limit, principal: str) -> int | None:
        """The principal's place; None while it has none."""
        name = (limit.identity, principal)
        known = self._remembered.get(name)
        if (
            known is not None
            and cells[2 * known[0]] == known[1]
            and cells[2 * known[0] + 1] == known[2]
        ):
            return known[0]
        digest = _digest(limit, principal)
        place = self.file.find(digest, 0, 2 * self._slots)
        return self._remember(name, digest, place // 2) if place >= 0 else None

    def _given(
        self, cells: memoryview, limit: Limit, principal: str, now: int
    ) -> int | None:
        """A place for a new principal: one of whom nothing counts. While all do, that
        of who has not come for longest, or None."""
        if limit.cells > self._cells:
            raise ValueError(f"{limit.name}: {limit.cells} numbers are no place here")
        ends = cells[self._ends : self._ends + self._slots].tolist()
        first, last = min(ends), max(ends)
        # What ends later than a window can was not written by us.
        damaged = last > now + LONGEST
        if now < first and not damaged and not self._forgets:
            return None
        number: int = ends.index(last if now < first and damaged else first)
        digest = _digest(limit, principal)
        # Nobody's while it is emptied: whoever is killed here leaves a free place.
        cells[2 * number] = cells[2 * number + 1] = cells[self._ends + number] = 0
        base = self._first + number * self._cells
        for start, _, _ in limit.plan:
            for state in (COUNT, OLDEST, LEFT):
                cells[base + start + state] = 0
        cells[2 * number], cells[2 * number + 1] = DIGEST.unpack(digest)
        return self._remember((limit.identity, principal), digest, number)

    def _remember(self, name: tuple[str, str], digest: bytes, number: int) -> int:
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        high, low = DIGEST.unpack(digest)
        self._remembered[name] = number, high, low
        return number

    def _no_place(self, cells: memoryview, limit: Limit, now: int) -> Admission:
        """Refused until the first of all the others ceases to count."""
        first = min(cells[self._ends : self._ends + self._slots].tolist())
        wait = max(1, first - now)
        states = tuple(
            State(size, size, 0, 0, now + wait - span) for _, size, span in limit.plan
        )
        return Admission(False, now, wait / SECOND, states, full=True)


def _digest(limit: Limit, principal: str) -> bytes:
    text = (limit.identity + principal).encode()
    return hashlib.blake2b(text, digest_size=16).digest()

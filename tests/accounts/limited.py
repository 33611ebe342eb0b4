"""A clock of a test's own for the limits, and what the tests of limits share."""

from __future__ import annotations

from typing import Any

from kernel.limits.windows import SECOND

FIRST = 9_000 * SECOND


class Clock:
    def __init__(self) -> None:
        self.now = FIRST

    def __call__(self) -> int:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)


def statuses(ask: Any, times: int) -> list[int]:
    return [ask().status_code for _ in range(times)]

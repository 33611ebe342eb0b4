"""A clock of a test's own for the limits, and what the tests of limits share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kernel.limits.windows import SECOND, Limiter

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


@contextmanager
def own_clock(folder: Path) -> Iterator[Clock]:
    """Limits count by this clock, in a file of their own."""
    clock = Clock()
    limiter = Limiter(folder / "windows", slots=1024, clock=clock)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("accounts.services.limits.limiter", lambda name: limiter)
        yield clock
    limiter.file.close()

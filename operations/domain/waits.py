"""How long whoever was refused waits before the next try."""

from __future__ import annotations

from datetime import timedelta

FIRST = timedelta(seconds=10)


def wait_after(attempts: int) -> timedelta:
    """10 s after the first try, and twice as long after each that follows."""
    doublings = min(max(attempts, 1) - 1, 20)
    return FIRST * (1 << doublings)

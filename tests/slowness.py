"""How much slower this machine is just now than the one of the measurements."""

from __future__ import annotations

import time

# What the loop of `slowness` takes on the machine of the measurements, in seconds.
USUAL_LOOP = 0.12


def slowness() -> float:
    """How much slower than usual this machine is just now; never under 1."""
    began = time.perf_counter()
    sum(number * number for number in range(2_000_000))
    return max(1.0, (time.perf_counter() - began) / USUAL_LOOP)


class Slowness:
    """How much slower this machine is than the one of the measurements, when a test
    began or when it is asked, whichever is more: seconds * slowness."""

    def __init__(self) -> None:
        self.most = slowness()

    def __rmul__(self, seconds: float) -> float:
        self.most = max(self.most, slowness())
        return seconds * self.most

    def __format__(self, spec: str) -> str:
        return format(self.most, spec)

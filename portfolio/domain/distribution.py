"""How many days brought how much: bins of returns, each with a round border."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from kernel.scales import Bin, nice_ticks

MOST_BINS = 24


def bins(returns: Sequence[float]) -> list[Bin]:
    """Of one width, 0 is a border; empty without a return."""
    if not returns:
        return []
    low, high = min(0.0, *returns), max(0.0, *returns)
    borders = nice_ticks(low, high, MOST_BINS)
    step = borders[1] - borders[0]
    last = len(borders) - 2
    counts = Counter(
        min(last, max(0, math.floor((r - borders[0]) / step + 1e-9))) for r in returns
    )
    return [Bin(borders[n], borders[n + 1], counts[n]) for n in range(last + 1)]

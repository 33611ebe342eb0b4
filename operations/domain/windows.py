"""What the web processes counted, as rates: pure sums over 10 s slots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

SLOT_SECONDS = 10
WINDOW_SLOTS = 6
MINIMUM_REQUESTS = 20
# Upper bounds of the latency buckets in milliseconds; the last one is open.
BOUNDS_MS = (5, 10, 25, 50, 100, 200, 500, 1000, 2000)


def slot_of(epoch: float) -> int:
    """The number of the slot that holds this second since 1970 (UTC)."""
    return int(epoch // SLOT_SECONDS)


def window_before(epoch: float) -> list[int]:
    """The last six complete slots: the one being filled is left out."""
    now = slot_of(epoch)
    return list(range(now - WINDOW_SLOTS, now))


def outage_slots(begun: float, ended: float) -> range:
    """The slots that say nothing because the database was away: each that overlaps the
    outage, the one after it, and the one before it was noticed."""
    return range(slot_of(begun) - 1, slot_of(ended) + 2)


def bucket_of(seconds: float) -> int:
    """The index of the bucket whose upper bound is the first not below."""
    milliseconds = seconds * 1000
    for index, bound in enumerate(BOUNDS_MS):
        if milliseconds <= bound:
            return index
    return len(BOUNDS_MS)


@dataclass
class Counts:
    """Requests, server errors and latency buckets of a window; `slots_read` says
    how many of its slots could be read (an empty slot that was read counts)."""

    requests: int = 0
    errors: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_MS) + 1))
    slots_read: int = 0

    def add(self, *, status: int, seconds: float) -> None:
        self.requests += 1
        self.errors += status >= 500
        self.buckets[bucket_of(seconds)] += 1

    def as_fields(self) -> dict[str, int]:
        """Hash fields whose increments add up over processes."""
        named = {"n": self.requests, "e": self.errors}
        named |= {f"b{index}": count for index, count in enumerate(self.buckets)}
        return {name: count for name, count in named.items() if count}


def total(slots: Iterable[Mapping[str, int]]) -> Counts:
    """The sum of slots as read (an empty mapping is a slot without requests)."""
    counts = Counts()
    for slot in slots:
        counts.slots_read += 1
        counts.requests += slot.get("n", 0)
        counts.errors += slot.get("e", 0)
        for index in range(len(counts.buckets)):
            counts.buckets[index] += slot.get(f"b{index}", 0)
    return counts


def error_percent(counts: Counts) -> Decimal:
    """Server errors per hundred requests, two decimals; 0 without requests."""
    return _percent(counts.errors, counts.requests)


def percent_above(counts: Counts, bound_ms: int) -> Decimal:
    """Requests slower than a bucket bound, per hundred.

    Raises ValueError when `bound_ms` is no bound: between bounds it is unknown.
    """
    above = sum(counts.buckets[BOUNDS_MS.index(bound_ms) + 1 :])
    return _percent(above, counts.requests)


def percentile_ms(counts: Counts, share: Decimal) -> Decimal | None:
    """The upper bound of the bucket that holds this share of the requests: the
    true percentile is at most this. None without requests or above the last bound."""
    if not counts.requests:
        return None
    enough, counted = share * counts.requests, 0
    for index, bound in enumerate(BOUNDS_MS):
        counted += counts.buckets[index]
        if counted >= enough:
            return Decimal(bound)
    return None


def _percent(part: int, whole: int) -> Decimal:
    if not whole:
        return Decimal(0)
    return (Decimal(part) * 100 / whole).quantize(Decimal("0.01"))

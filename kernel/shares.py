"""So much for all, and of it so much for each: what one address cannot take from the
others. Used on one event loop, so without a lock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from kernel.errors import Unavailable

AGAIN_SECONDS = 10


class Shares:
    """At most `most` are held at a time, and `each` by one holder."""

    def __init__(self, most: int, each: int) -> None:
        self.most, self.each, self.held = most, each, 0
        self.of = Counter[str]()

    def check(self, holder: str, more: int) -> None:
        """Is there room for so many more? Raises Unavailable."""
        if self.held + more > self.most or self.of[holder] + more > self.each:
            raise Unavailable(
                "Too many uploads are arriving at once.",
                code="busy",
                retry_after=AGAIN_SECONDS,
            )

    @contextmanager
    def taking(self, holder: str) -> Iterator[Hold]:
        """What is taken in the block is given back at its end."""
        hold = Hold(self, holder)
        try:
            yield hold
        finally:
            hold.take(-hold.size)


class Hold:
    """What is held for one request."""

    def __init__(self, shares: Shares, holder: str) -> None:
        self.shares, self.holder, self.size = shares, holder, 0

    def take(self, more: int) -> None:
        """Raises Unavailable, and has taken nothing then."""
        if more > 0:
            self.shares.check(self.holder, more)
        self.size += more
        self.shares.held += more
        self.shares.of[self.holder] += more
        if not self.shares.of[self.holder]:
            del self.shares.of[self.holder]

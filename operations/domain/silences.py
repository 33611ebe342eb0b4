"""Silences: for a while nobody is told of a rule, and who looks is told why. Pure.

A silence holds words back and nothing else: its rule is looked at, fires and resolves
as before. It ends by its time, however the clock is set, or when somebody ends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from operations.domain.episodes import NOW, passed

LONGEST_MINUTES = 24 * 60
# What a person may choose from; the API takes any number of minutes up to a day.
LENGTHS = {
    30: "30 minutes",
    60: "1 hour",
    120: "2 hours",
    240: "4 hours",
    480: "8 hours",
    LONGEST_MINUTES: "24 hours",
}


@dataclass(frozen=True, kw_only=True)
class Hush:
    """A silence as those know it who hold words back by it. `target` "" is every
    target of the rule."""

    uid: str
    rule: str
    target: str
    by: str
    reason: str
    ends_at: datetime

    def covers(self, rule: str, target: str) -> bool:
        return self.rule == rule and self.target in {"", target}

    @property
    def said(self) -> str:
        """ "silenced by ada until 1 Mar, 03:12 UTC: the disk is being replaced"."""
        until = f"{self.ends_at.astimezone(UTC):%-d %b, %H:%M} UTC"
        return f"silenced by {self.by} until {until}: {self.reason}"


def time_left(
    left: timedelta, *, ends_at: datetime, seen: datetime | None, at: datetime
) -> timedelta:
    """What is left of a silence of which `left` was when it was last `seen`: the less
    of what its end says and what has passed from look to look. A clock that was set
    back prolongs none."""
    return min(left - passed(seen, at), ends_at - at)


@dataclass
class Countdown:
    """Silences counted down from look to look by who cannot write that down."""

    _left: dict[str, timedelta] = field(default_factory=dict)
    _seen: datetime | None = None

    def look(self, hushes: Sequence[Hush], at: datetime) -> list[Hush]:
        """Those that still hold, the one that ends last before the others."""
        before, self._left = self._left, {}
        for hush in hushes:
            left = hush.ends_at - at
            if hush.uid in before:
                left = time_left(
                    before[hush.uid], ends_at=hush.ends_at, seen=self._seen, at=at
                )
            self._left[hush.uid] = left
        self._seen = at
        hold = [hush for hush in hushes if self._left[hush.uid] > NOW]
        return sorted(hold, key=lambda hush: hush.ends_at, reverse=True)

    def forget(self) -> None:
        self._left.clear()
        self._seen = None

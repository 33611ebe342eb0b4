"""How long a log-in lasts: at most so long, and at most so long unused. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from kernel.spoken import plural


@dataclass(frozen=True, kw_only=True)
class Life:
    """`idle` without a sign of the person, `most` whatever they do."""

    idle: timedelta
    most: timedelta

    def ends(self, *, opened_at: datetime, seen_at: datetime) -> datetime:
        """When it ends if nobody shows up again."""
        return min(seen_at + self.idle, opened_at + self.most)

    @property
    def idle_words(self) -> str:
        return _words(self.idle)

    @property
    def most_words(self) -> str:
        return _words(self.most)


def _words(span: timedelta) -> str:
    """ "12 hours", "14 days"."""
    hours = span // timedelta(hours=1)
    return plural(hours, "hour") if hours < 48 else plural(hours // 24, "day")


# A browser: a night at home ends it. Polls of an open page are no sign of a person.
BROWSER = Life(idle=timedelta(hours=12), most=timedelta(days=14))
# A client of the API: its refresh tokens live 14 days, and carry on for 90.
CLIENT = Life(idle=timedelta(days=14), most=timedelta(days=90))

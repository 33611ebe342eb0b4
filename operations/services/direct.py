"""Telling people without a row, while the database cannot take one.

Whoever was not told is tried again, each time after a longer wait: a mail server that
is merely slow would otherwise mail the same to everybody at every look.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from operations.channels import ChannelError, Message, send
from operations.domain.waits import wait_after

logger = logging.getLogger("rrr.watch")
NOW = timedelta()
LONGEST_WAIT = timedelta(minutes=10)
# `watch` has more to do at each look than to wait for a mail server.
NO_MORE_AFTER = 15.0


@dataclass(frozen=True)
class FailedTry:
    """When it was not taken, and for the how manieth time; a final one is not tried
    again."""

    at: datetime
    attempts: int
    final: bool

    def holds(self, at: datetime) -> bool:
        """Whether it is too early to try again; a clock set back delays nothing."""
        wait = min(LONGEST_WAIT, wait_after(self.attempts))
        return self.final or NOW <= at - self.at < wait


@dataclass
class Direct:
    """What was taken and when, and when the rest may be tried again, by the uids of
    the messages."""

    taken: dict[str, datetime] = field(default_factory=dict)
    refused: dict[str, FailedTry] = field(default_factory=dict)
    _begun: float = field(default_factory=time.monotonic)

    def begin_look(self) -> None:
        self._begun = time.monotonic()

    def tell(self, kind: str, message: Message, at: datetime) -> bool:
        """Try, unless it was taken, or it is too early, or this look has been telling
        for long; True when it was taken just now."""
        last = self.refused.get(message.uid)
        if message.uid in self.taken or (last is not None and last.holds(at)):
            return False
        if time.monotonic() - self._begun >= NO_MORE_AFTER:
            return False
        try:
            send(kind, message)
        except ChannelError as error:
            logger.warning("somebody was not told by %s: %s", kind, error)
            attempts = last.attempts + 1 if last is not None else 1
            self.refused[message.uid] = FailedTry(at, attempts, error.permanent)
            return False
        self.taken[message.uid] = at
        return True

    def forget(self) -> None:
        self.taken.clear()
        self.refused.clear()

"""The signals that end `serve`, and with it all that it started.

A closed terminal sends SIGHUP to `serve` alone: its children, each in a process group
of its own, would go on without anybody who looks after them.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

NAMES = {
    signal.SIGINT: "Ctrl-C",
    signal.SIGTERM: "SIGTERM",
    signal.SIGQUIT: "SIGQUIT",
    signal.SIGHUP: "the terminal was closed",
}


class Stop(BaseException):
    """Somebody asked `serve` to end; no `except Exception` between keeps it back."""


class StopSignals:
    """The first signal raises Stop; those that come after it are ignored."""

    def __init__(self) -> None:
        self._asked = ""
        self._held = False

    def listen(self) -> None:
        """From now on. Who started us with SIGHUP ignored (nohup) wants us to outlive
        the terminal."""
        for number in NAMES:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._received)

    def ignore(self) -> None:
        """No signal interrupts what follows."""
        for number in NAMES:
            signal.signal(number, signal.SIG_IGN)

    def heed(self) -> None:
        """Raises Stop again if somebody asked: what a signal raises within a finalizer
        is lost."""
        if self._asked:
            raise Stop(self._asked)

    @contextmanager
    def held(self) -> Iterator[None]:
        """No Stop inside of the block, at its end instead: what it begins is whole."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        self.heed()

    def _received(self, number: int, frame: FrameType | None) -> None:
        self.ignore()
        self._asked = NAMES[signal.Signals(number)]
        if not self._held:
            raise Stop(self._asked)

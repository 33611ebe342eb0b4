"""A scratch instance that answers: for probes that need a second one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from kernel import http, instances

READY_SECONDS = 60.0
LOOK_SECONDS = 0.2


class NotStarted(OSError):
    """No instance came up in time; nothing was measured."""


@contextmanager
def second_instance(**environment: str) -> Iterator[int]:
    """The port of a web process beside the product's, with its settings but these.
    Raises NotStarted."""
    with instances.started(environment) as port:
        _wait(port)
        yield port


def _wait(port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            if http.own("/health/live", port=port, timeout=2).status == 200:
                return
        except http.NoAnswer:
            pass
        time.sleep(LOOK_SECONDS)
    raise NotStarted(f"a second instance did not answer within {READY_SECONDS:.0f} s")

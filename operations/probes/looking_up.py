"""Asking somebody else's store, until it shows what we have just sent."""

from __future__ import annotations

import time
from collections.abc import Callable

from kernel import http

SHOWN_WITHIN = 7.0
LOOK_SECONDS = 0.5


def looked_up(url: str, shows: Callable[[bytes], bool]) -> str:
    """ "" once what `url` answers `shows` it; else the fault, within some seconds."""
    ends = time.monotonic() + SHOWN_WITHIN
    while True:
        fault = _look(url, shows)
        if not fault or time.monotonic() > ends:
            return fault
        time.sleep(LOOK_SECONDS)


def _look(url: str, shows: Callable[[bytes], bool]) -> str:
    try:
        answer = http.send(url, method="GET")
    except (http.NoAnswer, http.Refused) as error:
        return str(error)
    if answer.status != 200:
        return f"it answers {answer.status}"
    return "" if shows(answer.body) else "it does not show it"

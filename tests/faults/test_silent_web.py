"""Web processes that stand still: nobody can be answered, and somebody is told."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.first_start import as_kept
from tests.served import Served, until
from tests.slowness import Slowness

pytestmark = [pytest.mark.process, pytest.mark.timeout(600)]


def mailed(served: Served, words: str) -> bool:
    mails = (served.state / "mail").glob("*")
    return any(words in mail.read_text(errors="replace") for mail in mails)


@pytest.mark.embedded
def test_web_processes_that_stand_still_are_mailed_within_a_minute(
    tmp_path: Path,
    kept: Path,
    factor: Slowness,
    seen: Callable[[str, str, str], None],
) -> None:
    served = Served(as_kept(kept, tmp_path / "state")).ready()
    try:
        served.add_people("olga", role="Operator")
        frozen = [pid for pid, line in served.session().items() if "granian" in line]
        waits = []
        for number, word in ((signal.SIGSTOP, "firing"), (signal.SIGCONT, "resolved")):
            for pid in frozen:
                os.kill(pid, number)
            began = time.monotonic()
            said = f"The product does not answer {word}"
            limit = 60 * (1 + (word == "resolved"))
            assert until(limit * factor, lambda: mailed(served, said))  # noqa: B023
            waits.append(time.monotonic() - began)
        seen(
            "all web processes stand still",
            "mailed ≤ 60 s, resolved ≤ 120 s",
            f"{waits[0]:.0f} s, {waits[1]:.0f} s",
        )
    finally:
        served.kill_all()

"""Several processes count in one file, and some of them die in the middle of it."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from kernel.limits.shared import LimitsBusy
from kernel.limits.windows import SECOND, Limit, Limiter, Window

pytestmark = pytest.mark.process
Windows = tuple[tuple[str, float, int], ...]
WINDOWS: Windows = (("burst", 0.25, 10), ("breath", 1.0, 25), ("while", 3.0, 60))
AS_PROMISED: Windows = (("second", 1.0, 10), ("minute", 60.0, 60))
LIMIT = Limit("hammered", *(Window(*window) for window in WINDOWS))
HEAD = """
import sys, time
from pathlib import Path
from kernel.limits.windows import Limit, Limiter, Window
limiter = Limiter(Path(sys.argv[1]), slots=16)
limit = Limit("hammered", *(Window(*window) for window in {windows}))
"""
HAMMER = (
    HEAD
    + """
end = time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    verdict = limiter.admit(limit, "ada")
    if verdict.admitted:
        print(verdict.at, flush=True)
    time.sleep({pause})
"""
)
HOLD = HEAD + "limiter.file.take(); print('held', flush=True); time.sleep(60)"


def start(
    script: str, path: Path, *words: str, windows: Windows = WINDOWS, pause: float = 0
) -> subprocess.Popen[str]:
    script = script.format(windows=windows, pause=pause)
    return subprocess.Popen(
        [sys.executable, "-c", script, str(path), *words],
        cwd=settings.BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
    )


def most_in_any(times: list[int], seconds: float) -> int:
    """The fullest window that ends with one of these times."""
    span = seconds * SECOND
    return max(sum(end - span < time <= end for time in times) for end in times)


@pytest.mark.parametrize(
    ("windows", "seconds", "pause"),
    [
        pytest.param(WINDOWS, 5, 0, id="short windows, without a pause"),
        pytest.param(
            *(AS_PROMISED, 70, 0.01),
            id="as promised, in real time",
            marks=pytest.mark.embedded,  # once: it asks no database
        ),
    ],
)
def test_four_processes_never_exceed_a_window(
    tmp_path: Path, windows: Windows, seconds: float, pause: float
) -> None:
    path = tmp_path / "limits"
    hammers = [
        start(HAMMER, path, str(seconds), windows=windows, pause=pause)
        for _ in range(4)
    ]
    lines = [hammer.communicate()[0].split() for hammer in hammers]
    times = sorted(int(text) for told in lines for text in told)
    for _, span, most in windows:
        assert most_in_any(times, span) <= most
    # Nor do they get less: whoever asks all the time fills the widest window.
    _, widest, most = windows[-1]
    assert most_in_any(times, widest) == most
    limit = Limit("hammered", *(Window(*window) for window in windows))
    kept = Limiter(path, slots=16).kept(limit, "ada")[-1]
    assert set(kept) <= set(times)


def test_a_child_counts_with_its_parent(tmp_path: Path) -> None:
    """It has its parent's open file, whose lock would not keep them apart."""
    limiter, limit = Limiter(tmp_path / "limits"), Limit("m", Window("m", 60, 900))
    limiter.admit(limit, "ada")
    fork = multiprocessing.get_context("fork")
    told = fork.Queue()

    def ask(put: Callable[[int], None]) -> None:
        put(sum(limiter.admit(limit, "ada").admitted for _ in range(600)))

    children = [fork.Process(target=ask, args=(told.put,)) for _ in range(3)]
    for child in children:
        child.start()
    total = 1 + sum(told.get(timeout=60) for _ in children)
    for child in children:
        child.join()
    assert total == 900


def test_a_killed_holder_holds_up_nobody(tmp_path: Path) -> None:
    path = tmp_path / "limits"
    limiter = Limiter(path, slots=16)
    limiter.admit(LIMIT, "ada")
    holder = start(HOLD, path)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(LimitsBusy, match="held by another process"):
        limiter.admit(LIMIT, "ben")
    holder.kill()
    holder.wait()
    assert limiter.admit(LIMIT, "ben").admitted
    assert limiter.kept(LIMIT, "ada")[0]


def test_writers_killed_at_any_moment_leave_a_file_that_counts(tmp_path: Path) -> None:
    path = tmp_path / "limits"
    limiter = Limiter(path, slots=16)
    for number in range(12):
        hammer = start(HAMMER, path, "60")
        assert hammer.stdout is not None
        hammer.stdout.readline()
        time.sleep(0.001 * number)
        hammer.kill()
        hammer.communicate()
    for window, (_, seconds, most) in zip(
        limiter.kept(LIMIT, "ada"), WINDOWS, strict=True
    ):
        assert most_in_any(sorted(window), seconds) <= most
        assert list(window) == sorted(window)
    fresh = [limiter.admit(LIMIT, "ben").admitted for _ in range(20)]
    assert sum(fresh) == 10

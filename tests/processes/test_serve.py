"""`manage.py serve` with real processes: it starts, restarts, refuses and leaves
nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = [pytest.mark.process, pytest.mark.embedded, pytest.mark.timeout(240)]
ROOT = Path(settings.BASE_DIR)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Served:
    """One `serve` in a session of its own, talked to as a stranger would."""

    def __init__(self, state: Path, **environment: str) -> None:
        self.port = free_port()
        self.log = state.parent / f"serve-{self.port}.log"
        self.environment = {
            "PATH": os.environ["PATH"],
            "RRR_ENV": "development",
            "DEMO": "0",
            "SECRET_KEY": settings.SECRET_KEY,
            "JWT_SECRET": settings.JWT_SECRET,
            "STATE_DIR": str(state),
            "PORT": str(self.port),
            **environment,
        }
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def status(self, path: str) -> int:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}{path}", timeout=5
            ) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def ready(self) -> Served:
        until(60, lambda: self.process.poll() is not None or "is ready" in self.said())
        assert self.process.poll() is None, self.said()
        return self

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def session(self) -> dict[int, str]:
        """{pid: command line} of every living process of the session."""
        listing = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pid=,sess=,stat=,args="],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        rows = (line.split(None, 3) for line in listing.splitlines())
        return {
            int(row[0]): row[3]
            for row in rows
            if len(row) == 4
            and row[1] == str(self.process.pid)
            and not row[2].startswith("Z")
        }

    def pid_of(self, words: str) -> int:
        return min(pid for pid, command in self.session().items() if words in command)

    def stop(self, number: int = signal.SIGINT) -> int:
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
        return self.process.wait(40)

    def kill_all(self) -> None:
        for pid in self.session():
            os.kill(pid, signal.SIGKILL)


def until(seconds: float, question: Callable[[], object]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if question():
            return True
        time.sleep(0.2)
    return False


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder where nothing has ever been started."""
    return tmp_path / "state"


@pytest.fixture
def serve(state: Path) -> Iterator[Callable[..., Served]]:
    started: list[Served] = []

    def start(**environment: str) -> Served:
        started.append(Served(state, **environment))
        return started[-1]

    yield start
    for served in started:
        served.kill_all()


@pytest.fixture(scope="session")
def once_started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder of a product that was started once, and stopped."""
    state = tmp_path_factory.mktemp("once") / "state"
    served = Served(state).ready()
    assert served.stop() == 0
    return state


@pytest.fixture
def later(state: Path, once_started: Path) -> Path:
    """`state`, as its first start left it: no test waits for that again."""
    sockets = shutil.ignore_patterns("*.sock")
    return Path(shutil.copytree(once_started, state, ignore=sockets))


def test_it_serves_restarts_what_dies_and_leaves_nothing_behind(
    serve: Callable[..., Served],
) -> None:
    served = serve().ready()
    assert served.status("/health/live") == 200
    second = serve()
    assert second.process.wait(30) != 0
    assert "another `serve` already runs here" in second.said()
    assert "Traceback" not in second.said()
    beat = "rrr_dashboard beat"
    assert until(
        15, lambda: any(beat in command for command in served.session().values())
    )
    os.kill(served.pid_of(beat), signal.SIGKILL)
    assert until(
        15, lambda: "beat ended (signal 9); starting it again" in served.said()
    )
    assert until(
        15, lambda: any(" beat " in command for command in served.session().values())
    )
    assert served.stop() == 0, served.said()
    assert served.session() == {}
    again = serve().ready()
    assert again.stop(signal.SIGTERM) == 0
    assert again.session() == {}


def test_after_kill_9_the_next_start_ends_the_orphans(
    serve: Callable[..., Served], later: Path
) -> None:
    served = serve().ready()
    os.kill(served.process.pid, signal.SIGKILL)
    served.process.wait(10)
    assert served.session(), "web and workers outlive a killed serve"
    two = serve().ready()
    assert "ending what an interrupted start left running" in two.said()
    assert served.session() == {}
    assert served.status("/health/live") == 0
    assert two.status("/health/live") == 200
    assert two.stop() == 0


def test_a_port_in_use_is_one_clear_sentence(serve: Callable[..., Served]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        served = serve(PORT=port)
        assert served.process.wait(30) != 0
    assert f"127.0.0.1:{port} cannot be used" in served.said()
    assert "choose another port" in served.said()
    assert "Traceback" not in served.said()


def test_a_state_folder_that_cannot_be_written_is_one_clear_sentence(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    served = serve(STATE_DIR=str(tmp_path / "file" / "state"))
    assert served.process.wait(30) != 0
    assert "cannot be written" in served.said()
    assert "Traceback" not in served.said()


def test_a_vanished_database_is_not_replaced_by_an_empty_one(
    serve: Callable[..., Served], later: Path
) -> None:
    databases = list(later.glob("rrr.sqlite3*"))
    assert databases
    for file in databases:
        file.unlink()
    served = serve()
    assert served.process.wait(30) != 0
    assert "database missing; restore it" in served.said()
    assert not (later / "rrr.sqlite3").exists()


def test_a_state_folder_with_a_very_long_path_still_works(
    serve: Callable[..., Served], later: Path
) -> None:
    far = later.rename(later.parent / ("long-" * 25))
    served = serve(STATE_DIR=str(far)).ready()
    assert served.status("/health/live") == 200
    assert served.stop() == 0

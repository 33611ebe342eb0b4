"""`manage.py serve` with real processes: it starts, restarts, refuses and leaves
nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from kernel.valkey import socket_path
from tests.served import Served, until

pytestmark = [pytest.mark.process, pytest.mark.embedded, pytest.mark.timeout(240)]


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
    served.ask("/api/trades")
    told = [line for line in served.said().splitlines() if "serve: " not in line]
    assert '"rrr.access"' in "".join(told)
    assert all(isinstance(json.loads(line), dict) for line in told), told
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


def test_sigquit_and_a_closed_terminal_end_everything(
    serve: Callable[..., Served], later: Path
) -> None:
    # It answers to signals while it announces, too.
    announcing = serve()
    assert until(30, lambda: "granian" in " ".join(announcing.session().values()))
    os.kill(announcing.process.pid, signal.SIGQUIT)
    assert announcing.process.wait(40) == 0
    assert "stopping (SIGQUIT)" in announcing.said()
    assert announcing.session() == {}

    terminal, end_of_serve = os.openpty()
    # A leader of a session gets the terminal that it opens as its own.
    on_terminal = f"""sh -c 'exec "$@" 3<>"$0" >&3 2>&1' {os.ttyname(end_of_serve)}"""
    closed = serve(before=on_terminal)
    assert until(60, lambda: closed.status("/health/ready") == 200)
    assert os.tcgetpgrp(terminal) == closed.process.pid
    # A person reads there: the parts write into files.
    assert (later / "log" / "web.log").exists()
    os.close(end_of_serve)
    os.close(terminal)
    closed.process.wait(40)
    assert closed.session() == {}


def test_a_damaged_append_only_file_is_put_aside_and_said(
    serve: Callable[..., Served], later: Path
) -> None:
    kept = later / "valkey" / "appendonlydir"
    manifest = kept / "appendonly.aof.manifest"
    manifest.write_text("neither file nor sequence\n")
    served = serve().ready()
    assert "valkey: its append-only file is damaged and lies in" in served.said()
    aside = kept.with_name("appendonlydir.damaged")
    assert (aside / manifest.name).read_text() == "neither file nor sequence\n"
    with redis.Redis(unix_socket_path=str(socket_path(later))) as server:
        assert server.ping()
    assert served.stop() == 0


def test_under_nohup_it_outlives_its_terminal(
    serve: Callable[..., Served], later: Path
) -> None:
    served = serve(before="nohup").ready()
    os.kill(served.process.pid, signal.SIGHUP)
    os.kill(served.pid_of("manage.py watch"), signal.SIGKILL)
    assert until(20, lambda: "watch ended (signal 9)" in served.said())
    assert served.status("/health/live") == 200
    assert served.stop(signal.SIGTERM) == 0
    assert served.session() == {}

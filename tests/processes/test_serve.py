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

pytestmark = [pytest.mark.process, pytest.mark.embedded, pytest.mark.timeout(600)]
DAMAGE = "neither file nor sequence\n"


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


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A product where nothing has ever been started."""
    served = Served(tmp_path_factory.mktemp("first") / "state").ready()
    yield served
    served.kill_all()


@pytest.fixture(scope="module")
def once_started(first: Served) -> Path:
    """The state folder of a product that was started once, and stopped."""
    assert first.stop() == 0
    return first.state


def left_by(once_started: Path, state: Path) -> Path:
    """`state`, as the first start left its own: no test waits for that again."""
    sockets = shutil.ignore_patterns("*.sock")
    return Path(shutil.copytree(once_started, state, ignore=sockets))


@pytest.fixture
def later(state: Path, once_started: Path) -> Path:
    return left_by(once_started, state)


def test_it_serves_restarts_what_dies_and_leaves_nothing_behind(
    first: Served, serve: Callable[..., Served]
) -> None:
    served = first
    assert served.status("/health/live") == 200
    assert "making the database" in served.said(), "a first start takes long"
    served.ask("/api/trades")
    assert '"rrr.access"' in served.said()
    second = serve(STATE_DIR=str(served.state))
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
    # From its start to its stop each line of its processes is one JSON object.
    told = served.said().splitlines()
    assert "worker: Warm shutdown" in "".join(told)
    assert all(isinstance(json.loads(line), dict) for line in told), told


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


@pytest.fixture
def hangup_ends() -> Iterator[None]:
    """What is started hears SIGHUP, though the tests run behind nohup: ignored is
    inherited, handled is not."""
    before = signal.signal(signal.SIGHUP, lambda number, frame: None)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("hangup_ends")
def test_sigquit_and_a_closed_terminal_end_everything(
    serve: Callable[..., Served], later: Path
) -> None:
    # It answers to signals while it announces, too.
    announcing = serve()
    assert until(60, lambda: "granian" in " ".join(announcing.session().values()))
    os.kill(announcing.process.pid, signal.SIGQUIT)
    assert announcing.process.wait(40) == 0
    assert "stopping (SIGQUIT)" in announcing.said()
    assert announcing.session() == {}

    terminal, end_of_serve = os.openpty()
    # A leader of a session gets the terminal that it opens as its own.
    on_terminal = f"""sh -c 'exec "$@" 3<>"$0" >&3 2>&1' {os.ttyname(end_of_serve)}"""
    closed = serve(before=on_terminal)
    assert until(150, lambda: closed.status("/health/ready") == 200)
    assert os.tcgetpgrp(terminal) == closed.process.pid
    # A person reads there: the parts write into files.
    assert (later / "log" / "web.log").exists()
    os.close(end_of_serve)
    os.close(terminal)
    closed.process.wait(40)
    assert closed.session() == {}


@pytest.fixture(scope="module")
def odd(
    once_started: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """One started behind nohup, in a state folder with a very long path, whose
    append-only file is damaged: three oddities, one start, which ends by kill -9."""
    folder = tmp_path_factory.mktemp("odd") / ("long-" * 25)
    manifest(left_by(once_started, folder)).write_text(DAMAGE)
    served = Served(folder, before="nohup").ready()
    yield served
    served.kill_all()


def manifest(state: Path) -> Path:
    """Which files Valkey's append-only file consists of."""
    return state / "valkey" / "appendonlydir" / "appendonly.aof.manifest"


def test_a_damaged_append_only_file_is_put_aside_and_said(odd: Served) -> None:
    assert "valkey: its append-only file is damaged and lies in" in odd.said()
    kept = manifest(odd.state)
    aside = kept.parent.with_name("appendonlydir.damaged") / kept.name
    assert aside.read_text() == DAMAGE


def test_a_state_folder_with_a_very_long_path_still_works(odd: Served) -> None:
    assert odd.status("/health/live") == 200
    with redis.Redis(unix_socket_path=str(socket_path(odd.state))) as server:
        assert server.ping()


def test_under_nohup_it_outlives_its_terminal(odd: Served) -> None:
    os.kill(odd.process.pid, signal.SIGHUP)
    os.kill(odd.pid_of("manage.py watch"), signal.SIGKILL)
    assert until(20, lambda: "watch ended (signal 9)" in odd.said())
    assert odd.status("/health/live") == 200


def test_after_kill_9_the_next_start_ends_the_orphans(odd: Served) -> None:
    os.kill(odd.process.pid, signal.SIGKILL)
    odd.process.wait(10)
    assert odd.session(), "web and workers outlive a killed serve"
    two = Served(odd.state, before="nohup").ready()
    try:
        assert "ending what an interrupted start left running" in two.said()
        assert odd.session() == {}
        assert odd.status("/health/live") == 0
        # The first request of a web process loads the pages.
        assert until(60, lambda: two.status("/health/live") == 200)
        assert two.stop(signal.SIGTERM) == 0
        assert two.session() == {}
    finally:
        two.kill_all()

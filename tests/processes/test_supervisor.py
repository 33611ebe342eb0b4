"""The supervisor with children of its own: what it cannot write or start does not end
what runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel import http
from kernel.looked_after import STARTED_BY
from rrr_dashboard import preflight, preparation, processes
from rrr_dashboard.management.commands import serve
from rrr_dashboard.processes import Process
from rrr_dashboard.stopping import Stop, StopSignals
from rrr_dashboard.supervisor import (
    SLOWEST_RESTART,
    Child,
    Supervisor,
    abandoned,
    end_orphans,
)
from tests.served import until

SLEEPER = Process("sleeper", ("sleep", "600"), grace=2.0)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Iterator[Supervisor]:
    record = tmp_path / "state" / "serve.json"
    supervisor = Supervisor(record, os.environ, tmp_path, said.append)
    yield supervisor
    supervisor.stop()


def pid_of(supervisor: Supervisor, name: str) -> int:
    popen = supervisor.children[name].popen
    return popen.pid if popen and popen.poll() is None else 0


def test_a_note_that_cannot_be_written_is_said_once_and_written_later(
    supervisor: Supervisor, said: list[str]
) -> None:
    supervisor.start(SLEEPER)
    for _ in range(3):
        supervisor.look()
    assert said == [
        f"{supervisor.record} cannot be written (No such file or directory)"
    ]
    running = pid_of(supervisor, "sleeper")
    assert running
    supervisor.record.parent.mkdir()
    supervisor.look()
    groups = json.loads(supervisor.record.read_text())["groups"]
    assert groups == {"sleeper": running}


def test_a_child_that_cannot_be_started_is_tried_again(
    supervisor: Supervisor, said: list[str], tmp_path: Path
) -> None:
    supervisor.record.parent.mkdir()
    program = tmp_path / "program"
    supervisor.start(SLEEPER)
    supervisor.start(Process("late", (str(program),), grace=2.0))
    assert said == ["late cannot be started (No such file or directory); trying again"]
    supervisor.look()
    assert pid_of(supervisor, "sleeper")
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o700)

    def started() -> int:
        supervisor.look()
        return pid_of(supervisor, "late")

    assert until(10, started)


def test_a_child_that_nobody_reaches_any_more_is_started_anew(
    supervisor: Supervisor,
    said: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    supervisor.record.parent.mkdir()
    door = tmp_path / "door"
    opens = Process(
        "server",
        ("sh", "-c", f"touch {door}; exec sleep 600"),
        grace=2.0,
        lost=lambda: "" if door.exists() else "its door is gone",
    )
    supervisor.start(opens)
    first = pid_of(supervisor, "server")
    supervisor.look()
    assert pid_of(supervisor, "server") == first, "it has only begun"
    assert until(10, door.exists)
    door.unlink()
    monkeypatch.setattr("rrr_dashboard.supervisor.STARTING_SECONDS", 0.0)

    def another() -> bool:
        supervisor.look()
        return door.exists()

    assert until(10, another)
    assert pid_of(supervisor, "server") not in {0, first}
    assert said[0] == "server: its door is gone"


def test_parts_that_lost_their_serve_are_named(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.record.parent.mkdir()
    assert abandoned(supervisor.record) == []
    supervisor.start(SLEEPER)
    written = json.loads(supervisor.record.read_text())
    served = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)", "serve"]
    )
    # A process has no command line yet while it begins.
    shown = Path(f"/proc/{served.pid}/cmdline")
    assert until(10, lambda: b"serve" in shown.read_bytes())
    try:
        supervisor.record.write_text(json.dumps({**written, "pid": served.pid}))
        assert abandoned(supervisor.record) == []
    finally:
        served.kill()
        served.wait()
    assert abandoned(supervisor.record) == ["sleeper"]
    supervisor.stop()
    supervisor.record.write_text(json.dumps(written))
    assert abandoned(supervisor.record) == []


def test_a_part_that_was_started_after_the_last_record_is_named_and_ended(
    supervisor: Supervisor, said: list[str]
) -> None:
    """Killed between the start and the note, or on a full disk."""
    supervisor.record.parent.mkdir()
    supervisor.environment = {**os.environ, STARTED_BY: "4711:of this test"}
    supervisor.start(SLEEPER)
    written = json.loads(supervisor.record.read_text())
    supervisor.start(Process("later", ("sleep", "600"), grace=2.0))
    later = pid_of(supervisor, "later")
    supervisor.record.write_text(json.dumps({**written, "pid": 2**22 + 1}))
    assert abandoned(supervisor.record) == [f"process {later}", "sleeper"]
    end_orphans(supervisor.record, said.append)
    assert until(10, lambda: pid_of(supervisor, "later") == 0)
    assert pid_of(supervisor, "sleeper") == 0
    assert said[-1].endswith(f"sleeper, process {later}")


def test_children_are_looked_after_while_the_first_answer_is_waited_for(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that dies before anybody was answered is started again meanwhile."""
    looks: list[str] = []
    monkeypatch.setattr(supervisor, "look", lambda: looks.append("looked"))
    monkeypatch.setattr(serve, "ASK_SECONDS", 0.0)

    def answer(path: str, **given: object) -> http.Reply:
        if len(looks) < 3:
            raise http.NoAnswer("nobody yet")
        return http.Reply(503 if len(looks) < 5 else 200, {}, b"")

    monkeypatch.setattr(http, "own", answer)
    assert serve._becomes_ready(supervisor)
    assert len(looks) == 5


def test_ready_is_said_even_when_it_took_long(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    answers = iter([False, False, True])

    def ready() -> bool:
        try:
            return next(answers)
        except StopIteration:
            raise AssertionError("it was ready, and is asked no more") from None

    def look() -> None:
        if any("is ready" in line for line in said):
            raise Stop("enough")

    for name in ("READY_SECONDS", "LOOK_SECONDS", "ASK_SECONDS"):
        monkeypatch.setattr(serve, name, 0.0)
    monkeypatch.setattr(serve, "_is_ready", ready)
    monkeypatch.setattr(serve, "end_orphans", lambda record, say: None)
    monkeypatch.setattr(preflight, "refuse_taken_port", lambda: None)
    monkeypatch.setattr(preflight, "refuse_unusable_places", lambda: None)
    monkeypatch.setattr(preflight, "refuse_silent_redis", lambda: None)
    monkeypatch.setattr(preparation, "prepare", lambda parts, demo: None)
    monkeypatch.setattr(processes, "all_parts", list)
    monkeypatch.setattr(supervisor, "look", look)
    command = serve.Command()
    monkeypatch.setattr(command, "say", said.append)
    with pytest.raises(Stop):
        command._serve(supervisor)
    late, *_, ready_line = said
    assert "does not serve yet" in late
    assert "is ready (commit" in ready_line


def begin(signals: StopSignals, begun: list[str]) -> None:
    with signals.held():
        os.kill(os.getpid(), signal.SIGQUIT)
        begun.append("child")


def test_a_signal_while_a_child_is_started_waits_until_the_child_is_known() -> None:
    signals, begun = StopSignals(), list[str]()
    before = {number: signal.getsignal(number) for number in (1, 2, 3, 15)}
    try:
        signals.listen()
        with pytest.raises(Stop, match="SIGQUIT"):
            begin(signals, begun)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert begun == ["child"]


def test_a_signal_that_came_to_nothing_is_heeded_at_the_next_look() -> None:
    signals = StopSignals()
    signals._asked = "SIGTERM"
    with pytest.raises(Stop, match="SIGTERM"), signals.held():
        pass


def test_a_part_that_fails_all_night_ends_nobody() -> None:
    child = Child(SLEEPER, failures=2_000)
    child.put_off(0.0)
    assert child.restart_at == SLOWEST_RESTART - 1

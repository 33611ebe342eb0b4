"""Starts the parts, restarts what dies, and leaves nothing behind.

Each child runs in its own process group within our session, so that a Ctrl-C of
the terminal reaches only us and we can stop them in order. What runs is written
to STATE_DIR/serve.json: after a kill -9 the next start ends those groups.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kernel.files import write_whole
from rrr_dashboard.processes import Process

Say = Callable[[str], None]
SLOWEST_RESTART = 30.0


@dataclass
class Child:
    process: Process
    popen: subprocess.Popen[bytes]
    started: float
    failures: int = 0
    restart_at: float | None = None


@dataclass
class Supervisor:
    """Owns the children of one `serve`."""

    record: Path
    environment: Mapping[str, str]
    folder: Path
    say: Say
    children: dict[str, Child] = field(default_factory=dict)

    def start(self, process: Process) -> None:
        """Start a part in a process group of its own and record it."""
        popen = self._spawn(process)
        self.children[process.name] = Child(process, popen, time.monotonic())
        self._write()

    def _spawn(self, process: Process) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            process.command,
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            process_group=0,
        )

    def look(self) -> None:
        """Restart what has died, slower each time it dies young."""
        now = time.monotonic()
        for child in self.children.values():
            code = child.popen.poll()
            if code is None:
                continue
            if child.restart_at is None:
                lived = now - child.started
                child.failures = 1 if lived > 60 else child.failures + 1
                wait = min(SLOWEST_RESTART, 2.0 ** (child.failures - 1)) - 1
                child.restart_at = now + wait
                self.say(
                    f"{child.process.name} ended ({_how(code)}); starting it again"
                )
                _signal_group(child.popen.pid, signal.SIGKILL)
            if now >= child.restart_at:
                child.popen = self._spawn(child.process)
                child.started, child.restart_at = now, None
                self._write()

    def stop(self, *, last: str = "valkey") -> None:
        """End every part, `last` after all others, each within its time limit."""
        first = [child for name, child in self.children.items() if name != last]
        _end(first)
        _end([child for name, child in self.children.items() if name == last])
        self.children.clear()
        self.record.unlink(missing_ok=True)

    def _write(self) -> None:
        groups = {name: child.popen.pid for name, child in self.children.items()}
        document = {"session": os.getsid(0), "pid": os.getpid(), "groups": groups}
        write_whole(self.record, json.dumps(document).encode())


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _signal_group(group: int, number: int) -> bool:
    """False when the group has no process left."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _end(children: list[Child]) -> None:
    """Ask each part, which asks its own: the group would also tell Celery's pool, whose
    running tasks would be lost instead of finished. What is left then is killed."""
    for child in children:
        child.popen.terminate()
    deadline = time.monotonic() + max(
        (child.process.grace for child in children), default=0
    )
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.popen.wait(max(0.1, deadline - time.monotonic()))
        _signal_group(child.popen.pid, signal.SIGKILL)
        child.popen.wait(5)


def end_orphans(record: Path, say: Say) -> None:
    """End the process groups that a killed `serve` left behind.

    A recorded group is ours only while its processes still belong to the recorded
    session: numbers are reused, the pair of group and session hardly.
    """
    try:
        document = json.loads(record.read_text(encoding="utf-8"))
        session, groups = int(document["session"]), dict(document["groups"])
    except (OSError, ValueError, KeyError, TypeError):
        return
    ours = _living_groups(session)
    left = {name: int(group) for name, group in groups.items() if int(group) in ours}
    if left:
        say(f"ending what an interrupted start left running: {', '.join(left)}")
    for number, patience in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 3.0)):
        alive = [group for group in left.values() if _signal_group(group, number)]
        deadline = time.monotonic() + patience
        while alive and time.monotonic() < deadline:
            time.sleep(0.1)
            alive = [group for group in alive if group in _living_groups(session)]
    record.unlink(missing_ok=True)


def _living_groups(session: int) -> set[int]:
    listing = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pgid=,sess=,stat="],  # noqa: S607 - wherever ps lies
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    ).stdout
    rows = (line.split() for line in listing.splitlines())
    return {
        int(row[0])
        for row in rows
        if len(row) == 3 and row[1] == str(session) and not row[2].startswith("Z")
    }

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
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from kernel.files import write_whole
from kernel.looked_after import STARTED_BY
from rrr_dashboard.log_files import LogFiles
from rrr_dashboard.processes import Process

Say = Callable[[str], None]
SLOWEST_RESTART = 30.0
STARTING_SECONDS = 15.0  # in which a part need not be reached yet


@dataclass
class Child:
    """A part; `popen` is None while it could not be started at all."""

    process: Process
    popen: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    restart_at: float | None = None

    def put_off(self, now: float) -> None:
        """Start it again soon; slower each time it has not lived for a minute."""
        lived = self.popen is not None and now - self.started > 60
        self.failures = 1 if lived else self.failures + 1
        wait = min(SLOWEST_RESTART, 2.0 ** min(self.failures - 1, 10)) - 1
        self.restart_at = now + wait


@dataclass
class Supervisor:
    """Owns the children of one `serve`. What it cannot write or start it says and
    tries again: that is no reason to end what runs."""

    record: Path
    environment: Mapping[str, str]
    folder: Path
    say: Say
    held: Callable[[], AbstractContextManager[None]] = nullcontext
    logs: LogFiles | None = None
    children: dict[str, Child] = field(default_factory=dict)
    _recorded: bool = True
    _unwritten: bool = False

    def start(self, process: Process) -> None:
        """Start a part in a process group of its own and record it."""
        child = self.children[process.name] = Child(process)
        self._spawn(child, time.monotonic())
        self._write()

    def _spawn(self, child: Child, now: float) -> None:
        """A signal that came between would leave a child that nobody knows."""
        with self.held():
            try:
                with self._output(child.process.name) as output:
                    child.popen = subprocess.Popen(
                        child.process.command,
                        cwd=self.folder,
                        env=dict(self.environment),
                        stdin=subprocess.DEVNULL,
                        stdout=output,
                        stderr=output,
                        process_group=0,
                    )
            except OSError as error:
                child.popen = None
                child.put_off(now)
                why = error.strerror or error
                self.say(
                    f"{child.process.name} cannot be started ({why}); trying again"
                )
            else:
                child.started, child.restart_at = now, None
            self._recorded = False

    @contextlib.contextmanager
    def _output(self, name: str) -> Iterator[int | None]:
        """Where the part writes: its file, or where we do."""
        if self.logs is None:
            yield None
            return
        output = self.logs.open(name)
        try:
            yield output
        finally:
            os.close(output)

    def look(self) -> None:
        """Restart what has died, slower each time it dies young; keep logs short."""
        with self.held():  # and a signal that came to nothing is heeded at its end
            if self.logs:
                self.logs.rotate()
        now = time.monotonic()
        for child in self.children.values():
            if child.restart_at is None:
                self._look_at(child, now)
            if child.restart_at is not None and now >= child.restart_at:
                self._spawn(child, now)
        if not self._recorded:
            self._write()

    def _look_at(self, child: Child, now: float) -> None:
        code = child.popen.poll() if child.popen else None
        if child.popen is None:
            return
        if code is None:
            self._end_lost(child, now)
            return
        child.put_off(now)
        where = (
            f"; {self.logs.folder}/{child.process.name}.log says why"
            if self.logs
            else ""
        )
        self.say(f"{child.process.name} ended ({_how(code)}); starting it again{where}")
        _signal_group(child.popen.pid, signal.SIGKILL)
        if code > 0 and child.process.mend is not None:
            self._mend(child.process.name, child.process.mend)

    def _end_lost(self, child: Child, now: float) -> None:
        """A part that lives and that nobody reaches: the next look starts it anew."""
        if child.popen is None or now - child.started < STARTING_SECONDS:
            return
        if lost := child.process.lost():
            self.say(f"{child.process.name}: {lost}")
            _end([child])

    def _mend(self, name: str, mend: Callable[[], str]) -> None:
        try:
            done = mend()
        except OSError as error:
            done = f"could not be mended ({error})"
        if done:
            self.say(f"{name}: {done}")

    def stop(self, *, last: str = "valkey") -> None:
        """End every part, `last` after all others, each within its time limit."""
        first = [child for name, child in self.children.items() if name != last]
        _end(first)
        _end([child for name, child in self.children.items() if name == last])
        self.children.clear()
        with contextlib.suppress(OSError):
            self.record.unlink(missing_ok=True)

    def _write(self) -> None:
        """The record; on a full disk, as soon as there is room."""
        groups = {
            name: child.popen.pid
            for name, child in self.children.items()
            if child.popen
        }
        document = {
            "session": os.getsid(0),
            "pid": os.getpid(),
            "mark": self.environment.get(STARTED_BY, ""),
            "groups": groups,
        }
        try:
            write_whole(self.record, json.dumps(document).encode())
        except OSError as error:
            if not self._unwritten:
                self.say(f"{self.record} cannot be written ({error.strerror})")
            self._unwritten = True
        else:
            self._recorded, self._unwritten = True, False


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
    running = [(child.popen, child.process) for child in children if child.popen]
    for popen, _ in running:
        popen.terminate()
    deadline = time.monotonic() + max(
        (process.grace for _, process in running), default=0
    )
    for popen, _ in running:
        with contextlib.suppress(subprocess.TimeoutExpired):
            popen.wait(max(0.1, deadline - time.monotonic()))
        _signal_group(popen.pid, signal.SIGKILL)
        popen.wait(5)


@dataclass(frozen=True)
class ServeRecord:
    """What a `serve` wrote of itself: its number, its session, what its parts carry as
    STARTED_BY ("" for none), and {part: group}."""

    pid: int
    session: int
    mark: str
    groups: Mapping[str, int]

    def left(self) -> dict[str, int]:
        """What still lives of it, what it started after it wrote this too: it may have
        been killed in between, or the disk was full. A recorded group is ours only
        while its processes still belong to the recorded session: numbers are reused,
        the pair of group and session hardly."""
        ours = _living_groups(self.session)
        known = {name: group for name, group in self.groups.items() if group in ours}
        unknown = sorted(ours - set(known.values()))
        later = {f"process {each}": each for each in unknown if self._started(each)}
        return known | later

    def _started(self, pid: int) -> bool:
        """Whether this process carries our mark."""
        if not self.mark:
            return False
        try:
            carried = Path("/proc", str(pid), "environ").read_bytes().split(b"\0")
        except OSError:
            return False
        return f"{STARTED_BY}={self.mark}".encode() in carried


def read_record(path: Path) -> ServeRecord | None:
    """None where none is, or none that can be read."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        groups = {name: int(group) for name, group in document["groups"].items()}
        mark = str(document.get("mark", ""))  # older records have none
        return ServeRecord(int(document["pid"]), int(document["session"]), mark, groups)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def abandoned(path: Path) -> list[str]:
    """The parts that go on although the `serve` that looked after them is gone."""
    record = read_record(path)
    if record is None:
        return []
    with contextlib.suppress(OSError):
        if b"serve" in Path("/proc", str(record.pid), "cmdline").read_bytes():
            return []
    return sorted(record.left())


def end_orphans(path: Path, say: Say) -> None:
    """End the process groups that a killed `serve` left behind."""
    record = read_record(path)
    if record is None:
        return
    left = record.left()
    if left:
        say(f"ending what an interrupted start left running: {', '.join(left)}")
    for number, patience in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 3.0)):
        alive = [group for group in left.values() if _signal_group(group, number)]
        deadline = time.monotonic() + patience
        while alive and time.monotonic() < deadline:
            time.sleep(0.1)
            alive = [
                group for group in alive if group in _living_groups(record.session)
            ]
    path.unlink(missing_ok=True)


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

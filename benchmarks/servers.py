"""The servers that are compared: each as the product ships its own, one at a time."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from kernel import valkey as embedded
from kernel.door import WEB_THREADS

ROOT = Path(__file__).parents[1]
START_SECONDS = 60
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A running web server: where it answers, and what it has cost so far."""

    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """User and system time of the process and all that it started."""
        return sum(_cpu(pid) for pid in _family(self.pid))

    def megabytes(self) -> float:
        """Resident memory of its largest process."""
        pages = max(
            int((_told(f"/proc/{pid}/statm") or "0 0").split()[1])
            for pid in _family(self.pid)
        )
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in _tasks(pid):
        for child in _told(f"{task}/children").split():
            yield from _family(int(child))


def _tasks(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []


def _cpu(pid: int) -> float:
    after_name = _told(f"/proc/{pid}/stat").rpartition(")")[2].split()
    if not after_name:
        return 0.0
    return (int(after_name[11]) + int(after_name[12])) / TICKS


def _told(path: str) -> str:
    """What the system tells of a process or thread; "" when that has just ended."""
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def settings_for(folder: Path, port: int) -> dict[str, str]:
    """The environment of a throw-away demo in this folder."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "rrr_dashboard.settings",
        "RRR_ENV": "demo",
        "STATE_DIR": str(folder),
        "PORT": str(port),
        "BIND": "127.0.0.1",
        "DATABASE_URL": "",
        "REDIS_URL": f"unix://{embedded.socket_path(folder)}?db=0",
        "NAIVE_DATABASE": str(folder / "naive.sqlite3"),
        "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
        "SECRET_KEY": secrets.token_urlsafe(64),
        "JWT_SECRET": secrets.token_urlsafe(96),
        "METRICS_TOKEN": secrets.token_urlsafe(32),
        "FIELD_KEY": "dGhyb3ctYXdheS1maWVsZC1rZXktMDEyMzQ1Njc4OWE=",
        "DEMO_PASSWORD": "a benchmark's demo 4711",
    }


def prepare(folder: Path, environ: dict[str, str]) -> None:
    """Databases with the demo's trades, and the naive stack's."""
    (folder / "metrics").mkdir(exist_ok=True)
    for command in (
        ("manage.py", "migrate", "--verbosity", "0"),
        ("manage.py", "demo"),
        ("manage.py", "limit_override", "trader", "--factor", "10000"),
        ("manage.py", "collectstatic", "--noinput", "--verbosity", "0"),
        ("-m", "benchmarks.naive.app"),
    ):
        run(environ, *command)


def run(environ: dict[str, str], *command: str) -> None:
    """A command of Python that must succeed; what it says is nobody's."""
    subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environ,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def shipped_command(
    application: str, port: int, environ: dict[str, str], *, door: bool
) -> list[str]:
    """The product's own command line of its web server, for another application;
    without `door` for one that granian serves by its own WSGI and as many threads."""
    shown = subprocess.run(
        [
            sys.executable,
            "-c",
            "import json, django; django.setup(); from rrr_dashboard import processes;"
            "print(json.dumps(processes.web().command))",
        ],
        cwd=ROOT,
        env={**environ, "PORT": str(port)},
        check=True,
        capture_output=True,
    )
    *options, _ = json.loads(shown.stdout)
    if not door:
        options[options.index("asginl")] = "wsgi"
        options += ["--blocking-threads", str(WEB_THREADS)]
    return [*options, application]


@contextlib.contextmanager
def running(
    application: str, environ: dict[str, str], *, ready: str, door: bool = True
) -> Iterator[Server]:
    """The application behind the shipped server; it answers `ready` when it runs."""
    port = free_port()
    process = subprocess.Popen(
        shipped_command(application, port, environ, door=door),
        cwd=ROOT,
        env={**environ, "PORT": str(port)},
        start_new_session=True,
    )
    try:
        if not answers(port, ready, process):
            sys.exit(f"{application} did not start; the lines above say why")
        yield Server(port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def answers(port: int, path: str, process: subprocess.Popen[bytes]) -> bool:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        with contextlib.suppress(OSError):
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path)
            if connection.getresponse().status < 500:
                return True
        time.sleep(0.1)
    return False


class Valkey:
    """The embedded Valkey of the throw-away demo."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            embedded.command(self._folder, append_only=False)
        )
        for _ in range(200):
            if embedded.socket_path(self._folder).exists():
                break
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
        embedded.socket_path(self._folder).unlink(missing_ok=True)


@contextlib.contextmanager
def valkey(folder: Path) -> Iterator[Valkey]:
    server = Valkey(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()

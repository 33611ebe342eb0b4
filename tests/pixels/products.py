"""Processes of a tree: the whole product, or its web process with a stopped clock."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.request import urlopen

PASSWORD = "pixels demo password 4711"
OWN_GIT = Path(__file__).parent / "bin"  # commit and changes of a tree show on pages
COMMIT = "1234567890abcdef1234567890abcdef12345678"
ORIGIN = "http://localhost:8000"  # what pages see, whatever port is free
PEOPLE = (
    *("trader", "trader2", "developer", "security", "devops"),
    *("lead", "owner", "operator", "viewer", "admin"),
)
FIXED = {
    "RRR_COMMIT": COMMIT,
    "RRR_VERSION": "1.2.3",
    "DEMO_PASSWORD": PASSWORD,
    "ALLOWED_HOSTS": "localhost,127.0.0.1",
    "SECRET_KEY": "pixels only zKQLza7jvA1bWQY0srW0u-LCMHW-PjsK3m2hVx7kLXSrefuzv8Lwcw",
    "JWT_SECRET": "pixels only jwt 5GsQI9jr8RHcUds1Iyt38VBWXCp6hM0OU6fTvkSnuRVzwid8cblFEjkWkXoY",
    "METRICS_TOKEN": "pixels-only-metrics-token-0123456789",
    "FIELD_KEY": "dGVzdC1vbmx5LWZpZWxkLWtleS0wMTIzNDU2Nzg5YWI=",
    "PYTHONUNBUFFERED": "1",
    "TZ": "UTC",
}


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(state: Path, port: int, *, demo: bool = True) -> dict[str, str]:
    """Ours without what would change the product, and the fixed values."""
    names = {"PATH", "HOME", "LANG", "TMPDIR"}
    kept = {name: value for name, value in os.environ.items() if name in names}
    return {
        **kept,
        **FIXED,
        "PATH": f"{OWN_GIT}:{os.environ['PATH']}",
        "RRR_ENV": "demo",
        "DEMO": "true" if demo else "false",
        "STATE_DIR": str(state),
        "PORT": str(port),
    }


def stopped_clock(moment: str) -> dict[str, str]:
    """The wall clock of a process stands at `moment`; its steady clock runs."""
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not libraries:
        sys.exit("faketime is missing (Debian: apt install faketime)")
    return {
        "LD_PRELOAD": str(libraries[0]),
        "FAKETIME": datetime.fromisoformat(moment).strftime("%Y-%m-%d %H:%M:%S"),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }


@contextlib.contextmanager
def running(
    tree: Path, env: dict[str, str], *command: str, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the tree, ended with all its children."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            cwd=tree,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def manage(tree: Path, env: dict[str, str], *command: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=tree,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"manage.py {command[0]} failed in {tree}:\n{done.stderr[-3000:]}")


def wait_until_ready(port: int, log: Path, seconds: int = 150) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            urlopen(f"http://127.0.0.1:{port}/health/live", timeout=2)
            return
        time.sleep(0.3)
    sys.exit(f"the product did not start:\n{log.read_text()[-3000:]}")

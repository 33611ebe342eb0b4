"""Scratch instances: web processes of our own that a probe starts beside the product.

Each is on a loopback port and written down in STATE_DIR/instances while it lives: only
what is written down there may be asked by kernel.http, and what a killed worker left
behind is found and ended.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

LOOPBACK = "127.0.0.1"
SERVED = "rrr_dashboard.served:application"
END_SECONDS = 5.0


def _record(port: int) -> Path:
    return Path(settings.STATE_DIR) / "instances" / f"{port}.json"


def is_recorded(port: int) -> bool:
    return _record(port).exists()


@contextmanager
def started(environment: Mapping[str, str]) -> Iterator[int]:
    """One more web process with the product's settings but these; its port. It may not
    answer yet. It ends with the block."""
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="rrr-instance-") as metrics:
        own = {
            **os.environ,
            **environment,
            "DJANGO_SETTINGS_MODULE": "rrr_dashboard.settings",
            "PORT": str(port),
            "BIND": LOOPBACK,
            "PROMETHEUS_MULTIPROC_DIR": metrics,
        }
        process = subprocess.Popen(  # noqa: S603 - fixed words, no shell
            _command(port),
            cwd=settings.BASE_DIR,
            env=own,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _write(port, process.pid)
            yield port
        finally:
            _end(process)
            _record(port).unlink(missing_ok=True)


def end_orphans() -> int:
    """End what processes that are gone have started; how many."""
    ended = 0
    for path in _record(0).parent.glob("*.json"):
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            parent, pid = int(told["parent"]), int(told["pid"])
        except (OSError, ValueError, KeyError, TypeError):
            path.unlink(missing_ok=True)
            continue
        if Path(f"/proc/{parent}").exists():
            continue
        if SERVED in _command_of(pid):
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
                ended += 1
        path.unlink(missing_ok=True)
    return ended


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        return int(taken.getsockname()[1])


def _command(port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "granian", "--interface", "asginl", "--no-ws"),
        *("--host", LOOPBACK, "--port", str(port), "--http", "1", "--workers", "1"),
        *("--log-level", "error", SERVED),
    ]


def _write(port: int, pid: int) -> None:
    path = _record(port)
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"pid": pid, "port": port, "parent": os.getpid()}
    path.write_text(json.dumps(told), encoding="utf-8")


def _command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (OSError, ValueError):
        return ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """The whole group: granian's workers outlive a killed main."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)

"""The processes of the product: what `serve` starts, and docker-compose.yml too."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from kernel import looked_after, valkey
from rrr_dashboard import metric_files

PYTHON = sys.executable
QUIET = ("--without-gossip", "--without-mingle", "-l", "warning")
CELERY = (PYTHON, "-m", "celery", "-q", "-A", "rrr_dashboard")
WEB_WORKERS = 2
# Silent clients each hold a connection and nothing else: there must be more of those
# than one attacker brings, and open files for them.
CONNECTIONS = 4096
OPEN_FILES = 16_384


@dataclass(frozen=True)
class Process:
    """A name, a command line, and how many seconds it gets to stop.

    `mend` is asked after it gave up with an error: it says what it put right for the
    next start, or "". `lost` is asked while it runs: why nobody reaches it any more, so
    that it must be started anew, or "".
    """

    name: str
    command: tuple[str, ...]
    grace: float = 8.0
    mend: Callable[[], str] | None = None
    lost: Callable[[], str] = str


def web() -> Process:
    return Process(
        "web",
        (
            *(PYTHON, "-m", "granian", "--interface", "asginl", "--no-ws"),
            *("--host", settings.BIND, "--port", str(settings.PORT)),
            *("--http", "1", "--workers", str(WEB_WORKERS)),
            *("--backlog", str(CONNECTIONS), "--backpressure", str(CONNECTIONS)),
            *("--http1-header-read-timeout", "10000"),
            *("--respawn-failed-workers", "--respawn-interval", "1"),
            *("--workers-kill-timeout", "5"),
            *("--log-level", "error", "--log-config", "rrr_dashboard/granian.json"),
            "rrr_dashboard.asgi:application",
        ),
        lost=lambda: metric_files.lost(metrics()),
    )


def worker() -> Process:
    """Ticks and probes: never held up by a backup."""
    return Process(
        "worker",
        (*CELERY, "worker", "-Q", "tick,probes", "-c", "2", "-n", "worker@%h", *QUIET),
    )


def worker_heavy() -> Process:
    """Backups, rebuilds, imports."""
    return Process(
        "worker-heavy",
        (*CELERY, "worker", "-Q", "heavy", "-c", "1", "-n", "heavy@%h", *QUIET),
    )


def beat() -> Process:
    schedule = str(settings.STATE_DIR / "celerybeat")
    return Process(
        "beat", (*CELERY, "beat", "-s", schedule, "--pidfile=", "-l", "warning")
    )


def watch() -> Process:
    return Process("watch", (PYTHON, str(settings.BASE_DIR / "manage.py"), "watch"))


def embedded_valkey() -> Process:
    return Process(
        "valkey",
        tuple(valkey.command(settings.STATE_DIR)),
        mend=lambda: valkey.mend(settings.STATE_DIR),
        lost=lambda: valkey.lost_socket(settings.STATE_DIR),
    )


def all_parts() -> list[Process]:
    """Everything but Valkey, in the order of starting."""
    return [web(), worker(), worker_heavy(), beat(), watch()]


def metrics() -> Path:
    """The folder of the processes' counters."""
    return metric_files.folder(settings.STATE_DIR, settings.PORT)


def raise_open_files() -> None:
    """This process and its children may open OPEN_FILES, where the host allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def environment() -> dict[str, str]:
    """What the children get besides our own environment, who starts them."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "rrr_dashboard.settings",
        "PROMETHEUS_MULTIPROC_DIR": str(metrics()),
        "PYTHONUNBUFFERED": "1",
        looked_after.STARTED_BY: looked_after.mark(os.getpid()),
    }

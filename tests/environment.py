"""Set before Django's settings load (`-p tests.environment` in pyproject.toml).

The suite never reads the developer's `.env` or `var/`: it has a state directory,
secrets and an embedded Valkey of its own. TEST_DATABASE_URL and TEST_REDIS_URL
run the same suite on PostgreSQL and Redis.

With `-n 2` every worker loads this file by itself: folder, Valkey and SQLite file
are its own; on PostgreSQL pytest-django names a database a worker, and on Redis a
worker takes the numbered database after the URL's. RUN is of them all.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from pyrage.x25519 import Identity

# gw0, gw1, …; the empty string without xdist and in the process that hands out work.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
FOLDER = Path(tempfile.mkdtemp(prefix="rrr-test-"))
SETTINGS = {
    "RRR_ENV": "development",
    "STATE_DIR": str(FOLDER),
    "SECRET_KEY": "test-only BpvWPYWXd42Nt5mRwy_jXCQnj_M9wluGHAWcOXwYCHj8p-rKR-sfog",
    "JWT_SECRET": "test-only jwt xkqXU7MlVton7m2yrb5D_gfvRYo6L8MEuMEkOQNA_00zntXduzi0IOXso1JW9404wI4",
    "METRICS_TOKEN": "test-only-metrics-token-0123456789",
    "FIELD_KEY": "dGVzdC1vbmx5LWZpZWxkLWtleS0wMTIzNDU2Nzg5YWI=",
    "BACKUP_KEY": str(Identity.generate()),
    "DATABASE_URL": os.environ.get("TEST_DATABASE_URL", ""),
    "EMAIL_URL": "",
    "DEMO": "false",
    "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
}


def start_valkey() -> str:
    from kernel.valkey import command, socket_path

    server = subprocess.Popen(
        command(FOLDER, append_only=False),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    atexit.register(server.kill)
    socket = socket_path(FOLDER)
    for _ in range(200):
        if socket.exists():
            return f"unix://{socket}?db=0"
        time.sleep(0.02)
    raise RuntimeError("the embedded Valkey did not start")


def own_redis(url: str, worker: str) -> str:
    """The numbered database of this worker on a Redis that was given, by address
    (redis://…/3) or by socket (unix://…?db=3)."""
    parts = urlsplit(url)
    by_socket = parts.scheme == "unix"
    given = parts.query.removeprefix("db=") if by_socket else parts.path.strip("/")
    number = int(given or 0) + int(worker.removeprefix("gw") or -1) + 1
    if by_socket:
        # urlunsplit would drop the empty host, and a socket's path with it.
        return f"unix://{parts.path}?db={number}"
    return urlunsplit(parts._replace(path=f"/{number}"))


def redis_url() -> str:
    given = os.environ.get("TEST_REDIS_URL")
    return own_redis(given, WORKER) if given else start_valkey()


os.environ.update(SETTINGS)
# The process that hands out work names it to its workers.
RUN = Path(os.environ["TEST_RUN"]) if WORKER else FOLDER / "run"
os.environ["TEST_RUN"] = str(RUN)
RUN.mkdir(exist_ok=True)
(FOLDER / "static").mkdir()  # where `serve` puts the files that pages load
os.environ["REDIS_URL"] = redis_url()
os.environ.pop("CELERY_BROKER_URL", None)
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)

"""`make test`: the whole suite on SQLite + Valkey, then on PostgreSQL + Redis.

The second run uses TEST_DATABASE_URL and TEST_REDIS_URL, else servers that it
starts itself from installed binaries on private ports and sockets. What is
missing is named; nothing that merely runs on this machine is touched.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from kernel.programs import postgresql_program

# One more than there are processors: whoever waits for a product leaves room.
WORKERS = ["-n", str((os.cpu_count() or 1) + 1)]
PYTEST = [sys.executable, "-m", "pytest", *sys.argv[1:]]
# The second run asks what may differ on other servers: a page looks the same on both.
SECOND = "not embedded and not serverless and not browser and not alike"
# Promises in seconds are asked of a machine that does nothing else meanwhile.
# The services of docker-compose.yml are started once, not once a worker.
FAULTS, SERVICES = "tests/faults", "tests/services"
# What must never be lost or doubled has no second chance.
ONCE = "tests/faults/test_kills.py"
FAILED = Path(__file__).parents[1] / ".pytest_cache/v/cache/lastfailed"
UNSTABLE: list[str] = []


def say(words: str) -> None:
    print(f"\n== {words}", flush=True)  # noqa: T201


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def server_account() -> int | None:
    """PostgreSQL refuses to run as root: then user `postgres` runs it."""
    return None if os.geteuid() else pwd.getpwnam("postgres").pw_uid


@contextlib.contextmanager
def postgresql() -> Iterator[str | None]:
    """A URL of a private, throw-away server; None when there is no binary."""
    initdb, server = postgresql_program("initdb"), postgresql_program("postgres")
    if not initdb or not server:
        say(
            "PostgreSQL is not installed here: its run is left out (apt install postgresql)"
        )
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="rrr-pg-"))
    who = server_account()
    if who is not None:
        os.chown(folder, who, -1)
    port, data = free_port(), str(folder / "data")
    subprocess.run(
        [initdb, "-D", data, "-U", "rrr", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
        user=who,
    )
    options = [
        "-p",
        str(port),
        "-k",
        str(folder),
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        "fsync=off",
    ]
    running = subprocess.Popen(
        [server, "-D", data, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        user=who,
    )
    try:
        wait_for(port)
        yield f"postgresql://rrr@127.0.0.1:{port}/rrr"
    finally:
        running.terminate()
        running.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def redis() -> Iterator[str | None]:
    server = shutil.which("redis-server") or shutil.which("valkey-server")
    if not server:
        say(
            "redis-server is not installed here: its run is left out (apt install redis-server)"
        )
        yield None
        return
    folder, port = tempfile.mkdtemp(prefix="rrr-redis-"), free_port()
    running = subprocess.Popen(
        [
            server,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            folder,
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        running.terminate()
        running.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(port: int) -> None:
    for _ in range(300):
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), 1),
        ):
            return
        time.sleep(0.1)
    sys.exit(f"a server on port {port} did not start")


def suite(name: str, *words: str, **environment: str) -> int:
    environment = {**os.environ, **environment}

    def run(*more: str) -> int:
        command = [*PYTEST, *words, *more]
        return subprocess.run(command, env=environment, check=False).returncode

    say(f"the suite on {name}")
    if sys.argv[1:]:
        return run(*WORKERS)
    FAILED.unlink(missing_ok=True)
    together = run(*WORKERS, f"--ignore={FAULTS}", f"--ignore={SERVICES}")
    if together == pytest.ExitCode.TESTS_FAILED:
        together = once_more(run)
    if together:
        return together
    say(f"faults on {name}, one by one")
    FAILED.unlink(missing_ok=True)
    alone = run(FAULTS)
    return once_more(run) if alone == pytest.ExitCode.TESTS_FAILED else alone


def once_more(run: Callable[..., int]) -> int:
    """The failed ones again, one by one: what passes now was pressed by its neighbours.

    It is named at the end all the same: a test that came out both ways is a fault,
    in it or in the product, only not one of the change that CI judges.
    """
    failed = list(json.loads(FAILED.read_text())) if FAILED.exists() else []
    if not failed or len(failed) > 5 or any(ONCE in each for each in failed):
        return int(pytest.ExitCode.TESTS_FAILED)
    say(f"once more, alone: {', '.join(failed)}")
    ended = run(*failed)
    if not ended:
        UNSTABLE.extend(failed)
    return ended


def second_run() -> int:
    given = os.environ.get("TEST_DATABASE_URL"), os.environ.get("TEST_REDIS_URL")
    with contextlib.ExitStack() as stack:
        database = given[0] or stack.enter_context(postgresql())
        cache = given[1] or stack.enter_context(redis())
        if not database or not cache:
            return 0
        return suite(
            "PostgreSQL and Redis",
            *("-m", SECOND),
            TEST_DATABASE_URL=database,
            TEST_REDIS_URL=cache,
        )


def services() -> int:
    """docker-compose.yml as plain processes, on servers of its own."""
    programs = ("nginx", "openssl", "curl", "redis-server", "redis-cli")
    missing = [name for name in programs if not shutil.which(name)]
    missing += [] if postgresql_program("postgres") else ["postgresql"]
    if missing:
        say(f"docker-compose.yml is not run: {', '.join(missing)} not installed here")
        return 0
    say("the services of docker-compose.yml")
    return subprocess.run([*PYTEST, SERVICES], check=False).returncode


def main() -> int:
    if not (shutil.which("chromium") or shutil.which("google-chrome")):
        say(
            "Chromium is not installed here: browser tests are left out (apt install chromium)"
        )
    if not shutil.which("faketime"):
        say(
            "faketime is not installed here: the test of a clock that is set back is left out (apt install faketime)"
        )
    first = suite("SQLite and embedded Valkey", TEST_DATABASE_URL="", TEST_REDIS_URL="")
    ended = first or second_run() or (0 if sys.argv[1:] else services())
    if UNSTABLE:
        say(f"UNSTABLE, failed once and passed alone: {', '.join(UNSTABLE)}")
    return ended


if __name__ == "__main__":
    sys.exit(main())

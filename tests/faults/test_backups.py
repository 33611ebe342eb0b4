"""Backups while people write, and an empty host that gets one back."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.faults.conftest import ROUNDS, STACK
from tests.faults.test_kills import Clients
from tests.served import ROOT, Served
from tests.slowness import Slowness

pytestmark = [pytest.mark.process, pytest.mark.timeout(900)]
WRITERS = 3
FILED = b"what ada saw"
FILE = """
import sys, django
django.setup()
from accounts.models import User
from readiness.models import ReviewItem
from readiness.services.builtin import builtin
from readiness.services.evidence.filing import NewEvidence, file_evidence
from readiness.services.reviews import NewReview, open_review
ada = User.objects.get(username="ada")
opened = open_review(
    NewReview(version=builtin(ada), release="1.0.0", commit="c" * 40,
              environment="development"), ada)
line = ReviewItem.objects.filter(review=opened)[0]
new = NewEvidence(kind="output", summary="seen", content=sys.argv[1].encode())
print(file_evidence(line, new, ada).blob_sha256)
"""
SIGN = """
import django
django.setup()
from django.db import transaction
from audit.services import append, checkpoint
with transaction.atomic():
    append("accounts.key.created", actor="system", object="person:1", data={})
    print("signed", checkpoint().size)
"""


@dataclass
class Copy:
    """A database that `restore --to` wrote: its place, and how it is asked."""

    place: str
    ask: Callable[[str], int]


def address(served: Served, database: str) -> str:
    """Of another database of the product's server."""
    parts = urlsplit(served.environment["DATABASE_URL"])
    return parts._replace(path=f"/{database}").geturl()


@contextmanager
def empty_place(served: Served, folder: Path, name: str) -> Iterator[Copy]:
    """Where there is no database yet; what is there then goes afterwards."""
    if STACK == "SQLite":
        path = folder / f"{name}.sqlite3"

        def asked(question: str) -> int:
            with sqlite3.connect(path) as opened:
                return int(opened.execute(question).fetchone()[0])

        yield Copy(str(path), asked)
        path.unlink(missing_ok=True)
        return
    database = f"rrr_{name}_{os.getpid()}"

    def there(question: str) -> int:
        with psycopg.connect(address(served, database)) as opened:
            row = opened.execute(question.encode()).fetchone()
            assert row is not None
            return int(row[0])

    try:
        yield Copy(database, there)
    finally:
        with psycopg.connect(address(served, "postgres"), autocommit=True) as server:
            server.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)".encode())


def run_beside(environment: dict[str, str], script: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120 * Slowness(),
    )
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def filed(served: Served) -> str:
    """The digest of a document that a row of the running product names."""
    said = run_beside(served.environment, FILE, FILED.decode()).strip()
    digest = said.splitlines()[-1]
    assert re.fullmatch(r"[0-9a-f]{64}", digest), said
    return digest


def test_each_backup_under_three_writers_restores_to_its_marker(
    served: Served,
    filed: str,
    tmp_path: Path,
    seen: Callable[[str, str, str], None],
) -> None:
    clients = Clients(served, served.token("dea"), prefix="written")
    threads = [
        threading.Thread(target=clients.work, args=(client,))
        for client in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    whole = 0
    try:
        for number in range(ROUNDS):
            before = len(clients.acknowledged)
            made = served.manage("backup")
            after = len(clients.acknowledged) + WRITERS
            assert made.returncode == 0, made.stdout + made.stderr
            assert " verified: " in made.stdout
            uid, folder = made.stdout.split()[0], tmp_path / f"files-{number}"
            with empty_place(served, tmp_path, f"copy{number}") as copy:
                words = ("--to", copy.place, "--files", str(folder))
                put = served.manage("restore", uid, *words)
                assert put.returncode == 0, put.stdout + put.stderr
                there = copy.ask(
                    "SELECT count(*) FROM trades_fill "
                    "WHERE external_id LIKE 'written-%'"
                )
            assert before <= there <= after, "all that was acknowledged before it"
            assert (folder / "files" / filed[:2] / filed).read_bytes() == FILED
            whole += 1
    finally:
        clients.over.set()
        for thread in threads:
            thread.join()
    seen(
        f"{ROUNDS} x a backup under {WRITERS} writers",
        "each restores to its marker, with its files",
        f"{whole} did, {len(clients.acknowledged)} trades written meanwhile",
    )
    assert clients.strange == []
    assert len(clients.acknowledged) > WRITERS
    assert whole == ROUNDS


def test_an_empty_host_comes_back_and_says_what_it_cannot_sign(
    served: Served,
    filed: str,
    tmp_path: Path,
    seen: Callable[[str, str, str], None],
) -> None:
    """With the archive, what is in .env and the log key; first without that key."""
    assert "signed" in run_beside(served.environment, SIGN)
    made = served.manage("backup")
    assert made.returncode == 0, made.stdout + made.stderr
    archive = tmp_path / Path(made.stdout.rsplit(", ", 1)[1].strip()).name
    shutil.copyfile(made.stdout.rsplit(", ", 1)[1].strip(), archive)
    state = tmp_path / "new" / "state"
    state.parent.mkdir()
    with empty_place(served, tmp_path, "new") as empty:
        # An empty host has a Redis of its own.
        environment = {**served.environment, "STATE_DIR": str(state)}
        environment.pop("REDIS_URL", None)
        if STACK != "SQLite":
            environment["DATABASE_URL"] = address(served, empty.place)
        restored = subprocess.run(
            [sys.executable, "manage.py", "restore", str(archive), "--yes"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300 * Slowness(),
        )
        assert restored.returncode == 0, restored.stdout + restored.stderr
        assert "nothing can be signed on until LOG_KEY_FILE" in restored.stdout
        kept = state / "files" / filed[:2] / filed
        assert kept.read_bytes() == FILED
        over = {"DATABASE_URL": environment.get("DATABASE_URL", "")}
        product = Served(state, **{name: url for name, url in over.items() if url})
        try:
            product.ready()
            assert product.status("/health/ready") == 200
            assert product.token("ada"), "people are who they were"
            assert "bring it back" in run_beside(product.environment, SIGN)
            assert "log key" in product.manage("doctor").stdout
            shutil.copyfile(served.state / "log.key", state / "log.key")
            assert "signed" in run_beside(product.environment, SIGN)
            checked = product.manage("verify_log")
            assert checked.returncode == 0, checked.stdout + checked.stderr
            assert product.stop() == 0, product.said()
        finally:
            product.kill_all()
    seen(
        "an empty host",
        "archive, .env and log key bring it back; without the key it says so",
        "open, logged in, filed document there, log whole and signed again",
    )

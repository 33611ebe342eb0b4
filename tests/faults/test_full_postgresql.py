"""PostgreSQL's disk is full: reads go on, writes say so, nothing is lost, somebody is
mailed, and it recovers by itself.

The server's tables lie on a small tmpfs in a mount namespace of its own. Its log and
its notes lie elsewhere, as many keep them: a PostgreSQL that finds no room for those
ends itself at the next checkpoint (PANIC), which is the fault of a server that is away.
"""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from kernel.programs import postgresql_program
from tests.faults.mailing import MailServer
from tests.faults.test_backups import run_beside
from tests.faults.test_full_disk import SmallDisk
from tests.served import ROOT, Served, free_port, until
from tests.slowness import Slowness

pytestmark = [pytest.mark.process, pytest.mark.timeout(600)]
SIZE = 80_000_000
ROOM = 5_000_000  # too little for a second database
NAMES = "SELECT datname FROM pg_database"
SERVER = """
become() {{ {become} "$@"; }}
become {initdb} -D {data} -U rrr -A trust -E UTF8 --no-sync >&2
become cp -R {data}/base {data}/begun
mount -t tmpfs -o size={size},mode=700,uid={uid},gid={gid} none {data}/base
become cp -R {data}/begun/. {data}/base
become {postgres} -D {data} -p {port} -k {data} -c listen_addresses=127.0.0.1 -c fsync=off
"""

# What its probe and /health say of the log: that a full disk is no broken log.
LOG = """
import django
django.setup()
from django.db import DatabaseError
from accounts.probes.audit_log import audit_log
from operations.queries import health
try:
    faults = audit_log({}).value
except DatabaseError:
    faults = None
print(faults, health.audit_log().status)
"""


class FullServer:
    """A PostgreSQL on a small disk; as root it runs as user postgres."""

    def __init__(self, folder: Path) -> None:
        self.port, self.data = free_port(), folder / "data"
        self.data.mkdir(mode=0o700)
        root = not os.geteuid()
        who = pwd.getpwnam("postgres") if root else pwd.getpwuid(os.geteuid())
        uid, gid = (who.pw_uid, who.pw_gid) if root else (0, 0)
        ids = f"{who.pw_uid} {who.pw_gid}".split()
        if root:
            os.chown(self.data, uid, gid)
        words = SERVER.format(
            size=SIZE,
            data=self.data,
            port=self.port,
            uid=uid,
            gid=gid,
            initdb=postgresql_program("initdb"),
            postgres=postgresql_program("postgres"),
            # In a namespace of one's own one is root, which PostgreSQL refuses.
            become="setpriv --reuid={} --regid={} --clear-groups".format(*ids)
            if root
            else "unshare -U --map-user={} --map-group={}".format(*ids),
        )
        self.log = folder / "postgresql.log"
        self.process = subprocess.Popen(
            ["unshare", "-m" if root else "-rm", "sh", "-ec", words],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=self.log.open("wb"),
            start_new_session=True,
        )

    def url(self, name: str) -> str:
        return f"postgresql://rrr@127.0.0.1:{self.port}/{name}"

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        os.killpg(self.process.pid, 15)
        self.process.wait(30)


@pytest.fixture
def server() -> Iterator[FullServer]:
    # Not pytest's own folder, which is closed to others at each of its starts.
    with tempfile.TemporaryDirectory(prefix="rrr-full-") as folder:
        Path(folder).chmod(0o711)
        yield from _running(FullServer(Path(folder)))


def _running(full: FullServer) -> Iterator[FullServer]:
    try:
        assert until(120, full.answers), full.log.read_text()
        with psycopg.connect(full.url("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE rrr")
        yield full
    finally:
        full.stop()


@pytest.fixture
def product(
    tmp_path: Path, server: FullServer, mails: MailServer, stack: dict[str, str]
) -> Iterator[Served]:
    served = Served(
        tmp_path / "state",
        DATABASE_URL=server.url("rrr"),
        REDIS_URL=stack["REDIS_URL"],
        EMAIL_URL=f"smtp://127.0.0.1:{mails.server_address[1]}",
    ).ready()
    try:
        yield served
        assert served.stop() == 0, served.said()
    finally:
        served.kill_all()


def about_the_database(mails: MailServer) -> list[str]:
    return [mail for mail in mails.mails if "[P0] Database connection failures" in mail]


def test_a_full_disk_under_postgresql(
    product: Served,
    server: FullServer,
    mails: MailServer,
    factor: Slowness,
    seen: Callable[[str, str, str], None],
) -> None:
    product.add_people("ada")
    product.add_people("olga", role="Operator")
    token = product.token("ada")
    known = product.state / "paging.json"
    assert until(60, lambda: known.exists() and "olga" in known.read_text())
    disk = SmallDisk(server.process.pid, server.data / "base")
    disk.fill()
    filled = time.monotonic()

    # Pages of its tables have room left: some writes still succeed, and count.
    acknowledged, answer = 0, product.post_trade(token, "full-0")
    for number in range(1, 500):
        if answer.status != 201:
            break
        acknowledged += 1
        answer = product.post_trade(token, f"full-{number}")
    assert answer.status == 507, (answer, server.log.read_text()[-2000:])
    refusal = json.loads(answer.body)
    assert refusal["type"] == "urn:rrr:problem:disk_full"

    assert until(60 * factor, lambda: about_the_database(mails))
    paged = time.monotonic() - filled
    (mail,) = about_the_database(mails)
    assert "Subject: [P0] Database connection failures firing" in mail
    assert "takes no change" in mail
    assert "No space left on device" in mail.replace("=\r\n", "")
    reads = {product.ask("/api/trades", token=token).status for _ in range(5)}
    assert reads == {200}
    log = run_beside(product.environment, LOG).split()
    assert log[-2:] in (["0", "pass"], ["None", "pass"]), log

    disk.free()
    began = time.monotonic()
    assert until(60, lambda: product.post_trade(token, "full-after").status == 201)
    recovered = time.monotonic() - began
    assert product.count_trades("full-") == acknowledged + 1
    assert until(90 * factor, lambda: "resolved" in about_the_database(mails)[-1])
    assert len(about_the_database(mails)) == 2, "told once, and once that it is over"
    # The first backup may be due meanwhile and finds no room: that is true.
    beside = [mail for mail in mails.mails if "[P0] Database" not in mail]
    assert all("A job fails" in mail and "backup" in mail for mail in beside), beside
    seen(
        "full disk under PostgreSQL",
        "reads go on, writes are a 507, nothing lost, a page ≤ 60 s, recovers by itself",
        f"{acknowledged} acknowledged, paged after {paged:.0f} s, back after "
        f"{recovered:.1f} s",
    )


def test_a_restore_that_fills_the_server_leaves_what_was_there(
    served: Served,
    server: FullServer,
    tmp_path: Path,
    seen: Callable[[str, str, str], None],
) -> None:
    made = served.manage("backup")
    assert made.returncode == 0, made.stdout + made.stderr
    archive, state = made.stdout.rsplit(", ", 1)[1].strip(), tmp_path / "state"
    environment = {**served.environment, "STATE_DIR": str(state)}
    environment |= {"DATABASE_URL": server.url("desk")}
    environment.pop("REDIS_URL")

    def restored() -> subprocess.CompletedProcess[str]:
        words = ("restore", archive, "--yes", "--without-saving")
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300 * Slowness(),
        )

    def asked(database: str, question: str) -> list[str]:
        with psycopg.connect(server.url(database)) as connection:
            return [name for (name,) in connection.execute(question.encode())]

    first = restored()
    assert first.returncode == 0, first.stderr
    people = asked("desk", "SELECT username FROM accounts_user ORDER BY 1")
    there = {*asked("desk", NAMES)}
    disk = SmallDisk(server.process.pid, server.data / "base")
    disk.fill()
    os.truncate(disk.ballast, disk.ballast.stat().st_size - ROOM)
    second = restored()
    assert second.returncode == 1
    assert "No space left on device" in second.stderr
    assert "Traceback" not in second.stderr
    assert not (state / "restore.pending").exists(), "it may be opened"
    disk.free()
    # A full server may refuse to drop what was begun: the next restore does.
    begun = {name for name in asked("desk", NAMES) if name.startswith("rrr_scratch_")}
    assert {*asked("desk", NAMES)} - begun == there
    assert asked("desk", "SELECT username FROM accounts_user ORDER BY 1") == people
    third = restored()
    assert third.returncode == 0, third.stderr
    (aside,) = {*asked("desk", NAMES)} - there
    assert f"dropdb {aside}" in third.stdout
    seen(
        "a restore that fills PostgreSQL's disk",
        "a sentence, what was there, and success once there is room",
        f"exit 1, {len(people)} people there, then restored",
    )

"""A full disk: reads go on, writes say so, nothing is lost, and it recovers by itself.

STATE_DIR is a small tmpfs in a mount namespace of the product's own.
"""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import Slowness
from tests.faults.test_kills import manage
from tests.served import ROOT, Served, until

pytestmark = [pytest.mark.process, pytest.mark.embedded, pytest.mark.timeout(600)]
SIZE = 48_000_000
ON_SMALL_DISK = """unshare -rm sh -c 'mount -t tmpfs -o size={size} none "$0" && exec "$@"' {state}"""


class SmallDisk:
    """The file system under a product's STATE_DIR, seen from outside of its mounts."""

    def __init__(self, served: Served) -> None:
        self.folder = Path(f"/proc/{served.process.pid}/root{served.state}")
        self.ballast = self.folder / "ballast"

    def fill(self) -> None:
        """To its last byte: what was begun meanwhile must not find a gap."""
        with self.ballast.open("ab", buffering=0) as file:
            for size in (1_000_000, 4096, 1):
                while True:
                    try:
                        file.write(b"x" * size)
                    except OSError:
                        break

    def free(self) -> None:
        self.ballast.unlink()


class MailServer(socketserver.ThreadingTCPServer):
    """Takes every mail, and keeps what it was given."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), MailTalk)
        self.mails: list[str] = []


class MailTalk(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self._say("220 here")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                self._say("354 go on")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.mails.append(b"".join(lines).decode())
            self._say("221 bye" if word == b"QUIT" else "250 taken")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@pytest.fixture
def mails() -> Iterator[MailServer]:
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def product(tmp_path: Path, mails: MailServer) -> Iterator[Served]:
    state = tmp_path / "state"
    state.mkdir()
    served = Served(
        state,
        before=ON_SMALL_DISK.format(size=SIZE, state=state),
        EMAIL_URL=f"smtp://127.0.0.1:{mails.server_address[1]}",
    ).ready()
    served.beside = (
        *("nsenter", "-t", str(served.process.pid), "-U", "-m"),
        *("--preserve-credentials", f"--wd={ROOT}", "--"),
    )
    try:
        yield served
        assert served.stop() == 0, served.said()
    finally:
        served.kill_all()


def test_a_full_disk(
    product: Served,
    mails: MailServer,
    factor: Slowness,
    seen: Callable[[str, str, str], None],
) -> None:
    product.add_people("ada")
    product.add_people("olga", role="Operator")
    token, browser = product.token("ada"), product.log_in("ada")
    disk = SmallDisk(product)
    assert product.post_trade(token, "full-before").status == 201
    web = product.pid_of("granian")
    known = disk.folder / "paging.json"
    assert until(60, lambda: known.exists() and "olga" in known.read_text())
    disk.fill()
    filled = time.monotonic()

    # Pages of the log have room left: some writes still succeed, and count.
    acknowledged, answer = 1, product.post_trade(token, "full-0")
    for number in range(1, 200):
        if answer.status != 201:
            break
        acknowledged += 1
        answer = product.post_trade(token, f"full-{number}")
    refusal = json.loads(answer.body)
    assert (answer.status, refusal["type"]) == (507, "urn:rrr:problem:disk_full")
    assert "The disk is full. Nothing of your change was saved" in refusal["detail"]

    began = time.monotonic()
    reads, refusals = [], []
    while time.monotonic() - began < 15:
        reads.append(product.ask("/api/trades", token=token).status)
        with browser.open(product.url("/trades/"), timeout=30) as page:
            reads.append(page.status)
        refusals.append(product.post_trade(token, "full-again").status)
        time.sleep(0.5)
    # A disk as small as this one was nearly full from the start, which nobody was
    # there to be told: whoever is told now is told from memory.
    assert until(60 * factor, lambda: mails.mails)
    paged = time.monotonic() - filled
    assert "Subject: [P0] Disk is nearly full firing" in mails.mails[0]
    assert "To: olga@example.test" in mails.mails[0]
    product.kill("manage.py watch")
    assert until(20, lambda: "watch ended (signal 9)" in product.said())
    assert set(reads) == {200}
    assert set(refusals) == {507}
    assert product.process.poll() is None
    assert product.pid_of("granian") == web

    disk.free()
    began = time.monotonic()
    assert until(60, lambda: product.post_trade(token, "full-after").status == 201)
    recovered = time.monotonic() - began
    acknowledged += 1
    assert product.count_trades("full-") == acknowledged
    checked = manage(product, "verify_log")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    seen(
        "full disk",
        "reads go on, writes are a 507, nothing lost, a page ≤ 60 s, recovers by itself",
        f"{len(reads)} reads, {len(refusals)} refusals, paged after {paged:.0f} s, "
        f"back after {recovered:.1f} s",
    )

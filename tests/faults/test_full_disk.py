"""A full disk: reads go on, writes say so, nothing is lost, and it recovers by itself.

STATE_DIR is a small tmpfs in a mount namespace of the product's own.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.mailing import MailServer
from tests.served import ROOT, Served, until
from tests.slowness import Slowness

pytestmark = [pytest.mark.process, pytest.mark.embedded, pytest.mark.timeout(600)]
SIZE = 170_000_000  # 110 MB of it are counted in from the start
ON_SMALL_DISK = """unshare -rm sh -c 'mount -t tmpfs -o size={size} none "$0" && cp -R {kept}/. "$0" && exec "$@"' {state}"""


class SmallDisk:
    """A file system that only a process sees, and what it has started: seen from
    outside of its mounts."""

    def __init__(self, pid: int, folder: Path) -> None:
        self.folder = Path(f"/proc/{pid}/root{folder}")
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


@pytest.fixture
def product(tmp_path: Path, kept: Path, mails: MailServer) -> Iterator[Served]:
    state = tmp_path / "state"
    state.mkdir()
    served = Served(
        state,
        before=ON_SMALL_DISK.format(size=SIZE, kept=kept, state=state),
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
    disk = SmallDisk(product.process.pid, product.state)
    assert product.post_trade(token, "full-before").status == 201
    web = product.pid_of("granian")
    known = disk.folder / "paging.json"
    assert until(60, lambda: known.exists() and "olga" in known.read_text())
    disk.fill()
    filled = time.monotonic()

    # Pages of the log have room left: some writes still succeed, and count.
    acknowledged, answer = 1, product.post_trade(token, "full-0")
    for number in range(1, 3_000):
        if answer.status != 201:
            break
        acknowledged += 1
        answer = product.post_trade(token, f"full-{number}")
    refusal = json.loads(answer.body)
    assert (answer.status, refusal["type"]) == (507, "urn:rrr:problem:disk_full")
    assert "The disk is full. Nothing of your change was saved" in refusal["detail"]

    began = time.monotonic()
    reads, refusals = [], []
    while time.monotonic() - began < 5:
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
    # Valkey, on the same disk, refuses to take anything: who waits for it waits on.
    assert not re.search(r"(worker|worker-heavy|beat) ended", product.said())

    disk.free()
    began = time.monotonic()
    assert until(60, lambda: product.post_trade(token, "full-after").status == 201)
    recovered = time.monotonic() - began
    acknowledged += 1
    assert product.count_trades("full-") == acknowledged
    checked = product.manage("verify_log")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    seen(
        "full disk",
        "reads go on, writes are a 507, nothing lost, a page ≤ 60 s, recovers by itself",
        f"{len(reads)} reads, {len(refusals)} refusals, paged after {paged:.0f} s, "
        f"back after {recovered:.1f} s",
    )

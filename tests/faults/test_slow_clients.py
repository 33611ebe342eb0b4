"""Clients that are slow, silent or deaf hold nobody else up."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from rrr_dashboard.processes import WEB_WORKERS
from tests.faults.clients import answer_of, connections, dripping, head, readable
from tests.faults.conftest import PEOPLE
from tests.served import Served
from tests.slowness import Slowness

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]
PROMISED = 2.0


@pytest.fixture(scope="module", autouse=True)
def bad_line(served: Served) -> Iterator[Future[bytes]]:
    """What an upload is answered that takes 18 seconds: it goes on beside the others."""

    def upload() -> bytes:
        with connections(served.port, 1, head("/api/token", length=4_100)) as (client,):
            client.settimeout(40)
            for _ in range(2):
                client.sendall(b" " * 2_000)
                time.sleep(9)
            client.sendall(b" " * 98 + b"{}")
            return answer_of(client)

    with ThreadPoolExecutor(1) as beside:
        yield beside.submit(upload)


@contextlib.contextmanager
def slow_bodies(port: int) -> Iterator[list[socket.socket]]:
    """40 bodies of a byte a second."""
    words = head("/api/token", length=5_000)
    with connections(port, 40, words) as clients, dripping(clients):
        yield clients


@contextlib.contextmanager
def half_sent_bodies(port: int) -> Iterator[list[socket.socket]]:
    words = head("/api/trades/import", length=100_000) + b"x" * 50_000
    with connections(port, 200, words) as clients:
        yield clients


@contextlib.contextmanager
def silent_connections(port: int) -> Iterator[list[socket.socket]]:
    with connections(port, 1_200) as clients:
        yield clients


@contextlib.contextmanager
def slow_readers(port: int) -> Iterator[list[socket.socket]]:
    """They asked for a file of 9 MB and read none of it."""
    words = head("/static/nine-megabytes.bin")
    with connections(port, 20, words, window=4_096) as clients:
        yield clients


ATTACKS = [slow_bodies, half_sent_bodies, silent_connections, slow_readers]


@pytest.mark.parametrize(("attack", "person"), list(zip(ATTACKS, PEOPLE, strict=True)))
def test_live_and_log_in_answer_throughout(
    attack: Callable[[int], contextlib.AbstractContextManager[object]],
    person: str,
    served: Served,
    factor: Slowness,
    seen: Callable[[str, str, str], None],
) -> None:
    live, logins = list[float](), list[float]()
    with attack(served.port):
        ends = time.monotonic() + 3
        while time.monotonic() < ends or len(logins) < 2:
            live.append(served.seconds_for("/health/live"))
            if len(live) % 5 == 1:
                logins.append(served.seconds_to_log_in(person))
            time.sleep(0.2)
    name = attack.__name__.replace("_", " ")
    slowest = f"live {max(live):.3f} s, log-in {max(logins):.2f} s"
    seen(name, "live and log-in ≤ 2 s", slowest)
    assert max(live) <= PROMISED * factor
    assert max(logins) <= PROMISED * factor


def test_answers_that_nobody_reads_do_not_fill_the_memory(
    served: Served, seen: Callable[[str, str, str], None]
) -> None:
    before = served.memory_of("granian")
    with slow_readers(served.port) as clients:
        time.sleep(2)
        grown = served.memory_of("granian") - before
        body = b""
        while len(body) < 9_000_000 and (piece := clients[0].recv(1_000_000)):
            body += piece
    seen("slow readers", "< 60 MB for 20 x 9 MB", f"{grown / 1e6:.0f} MB")
    assert grown < 60e6
    assert body.endswith(b"9" * 1_000_000), "who reads late gets all of it"


def test_who_sends_too_slowly_is_told_so(served: Served) -> None:
    with slow_bodies(served.port) as slow, half_sent_bodies(served.port) as half:
        for client in (*slow, *half):
            client.settimeout(30)
        answers = [answer_of(client) for client in (*slow, *half)]
    for answer in answers:
        status, _, rest = answer.partition(b"\r\n")
        assert status == b"HTTP/1.1 408 Request Timeout", answer[:300]
        assert b"content-type: application/problem+json" in rest
        assert b"urn:rrr:problem:slow_body" in rest


def test_a_long_upload_arrives(served: Served) -> None:
    """50 MB less a little, as the limit of an import is; JSON is no import, says the
    view, which has therefore been asked."""
    body = b" " * 49_000_000
    words = head("/api/trades/import", length=len(body))
    with connections(served.port, 1, words) as (client,):
        client.settimeout(60)
        client.sendall(body)
        answer = answer_of(client)
    status = int(answer[9:12])
    assert status not in {408, 411, 413, 500, 503}, answer[:500]
    assert b'"request_id"' in answer


def test_a_stranger_fills_no_disk(served: Served, factor: Slowness) -> None:
    """50 MB of somebody who shows no token: the answer comes before the body."""
    words = head("/api/trades/import", length=50_000_000, token=False)
    with connections(served.port, 20, words) as clients:
        for client in clients:
            client.settimeout(PROMISED * factor)
            answer = answer_of(client)
            assert answer.startswith(b"HTTP/1.1 413"), answer[:300]
            assert b"Log in first" in answer


def test_one_address_fills_its_share_and_the_others_go_on(
    served: Served,
    factor: Slowness,
    seen: Callable[[str, str, str], None],
) -> None:
    """30 bodies of 50 MB, each but its end: of one address a process keeps two."""
    words = head("/api/trades/import", length=50_000_000)
    with connections(served.port, 30, words) as clients:
        refused = []
        for client in clients:
            with contextlib.suppress(OSError):  # who is refused reads no further
                for _ in range(49):
                    client.sendall(b" " * 1_000_000)
                    if readable(client):
                        break
            if readable(client):
                refused.append(answer_of(client))
        took = served.seconds_to_log_in("ada")
    seen("30 uploads of 50 MB", "≤ 2 kept a process", f"{30 - len(refused)} kept")
    assert 30 - len(refused) <= 2 * WEB_WORKERS
    told = [answer for answer in refused if answer]  # else it sent on, and lost it
    assert told
    assert all(answer.startswith(b"HTTP/1.1 503") for answer in told), told
    assert all(b"retry-after: 10" in answer for answer in told)
    assert took <= PROMISED * factor


def test_readiness_does_not_wait_for_the_health_of_everything(
    served: Served, factor: Slowness, seen: Callable[[str, str, str], None]
) -> None:
    """200 requests a second for the health of everything, and others that ask only
    whether the process may get requests."""
    words = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    ready: list[float] = []
    for _ in range(15):
        with connections(served.port, 40, words):
            ready.append(served.seconds_for("/health/ready"))
            time.sleep(0.2)
    seen("200 /health a second", "ready ≤ 1 s", f"ready {max(ready):.3f} s")
    assert max(ready) <= 1 * factor


def test_an_upload_over_a_bad_line_arrives(bad_line: Future[bytes]) -> None:
    """2,000 bytes in each window are enough, whatever lies between them."""
    answer = bad_line.result(60)
    assert answer.startswith(b"HTTP/1.1 422"), answer[:300]
    assert b"/username" in answer


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (head("/api/token", length=2_000_000), b"413"),
        (head("/api/token", length=500, host="evil.example"), b"400"),
        (
            b"POST /api/token HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n",
            b"411",
        ),
    ],
    ids=["too large", "a foreign host", "no length"],
)
def test_what_is_refused_is_refused_before_its_body_is_waited_for(
    words: bytes, status: bytes, served: Served, factor: Slowness
) -> None:
    with connections(served.port, 1, words) as (client,):
        client.settimeout(PROMISED * factor)
        assert answer_of(client).startswith(b"HTTP/1.1 " + status)

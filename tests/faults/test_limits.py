"""Limits hold over all processes, whatever becomes of Redis: judged by the times that
the server kept, never by a clock of this test."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict

from accounts.services.limits import API, LIMITS, PLACES
from kernel.limits.windows import Limiter
from rrr_dashboard.metric_files import folder
from tests.faults.conftest import STACK
from tests.faults.first_start import as_kept
from tests.faults.own_redis import EmbeddedRedis, OwnRedis
from tests.kernel.test_limits_processes import most_in_any
from tests.served import Served, until
from tests.slowness import Slowness

pytestmark = [pytest.mark.process, pytest.mark.timeout(900)]
CLIENTS = 4
# Who asks: the one meets the windows of a minute, the other those of a second.
BY_THE_MINUTE, BY_THE_SECOND = "mia", "sue"
# Each answer on a connection of its own: any web process may get it.
CLIENT = """
import http.client, sys
port, *tokens = sys.argv[1:]
while True:
    for number, token in enumerate(tokens):
        connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
        try:
            headers = {"Authorization": f"Bearer {token}"}
            connection.request("GET", "/api/me", headers=headers)
            print(number, connection.getresponse().status, flush=True)
        except OSError:
            print(number, 0, flush=True)
        finally:
            connection.close()
"""


@dataclass
class Clients:
    """Processes that ask as fast as they are answered."""

    port: int
    tokens: dict[str, str]
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    processes: list[subprocess.Popen[str]] = field(default_factory=list)
    readers: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Clients:
        for _ in range(CLIENTS):
            words = [str(self.port), *self.tokens.values()]
            process = subprocess.Popen(
                [sys.executable, "-c", CLIENT, *words],
                stdout=subprocess.PIPE,
                text=True,
            )
            self.processes.append(process)
            reader = threading.Thread(target=self._read, args=(process,))
            self.readers.append(reader)
            reader.start()
        return self

    def _read(self, process: subprocess.Popen[str]) -> None:
        names = list(self.tokens)
        assert process.stdout is not None
        for line in process.stdout:
            number, status = line.split()
            with self._lock:
                self.answers[names[int(number)], int(status)] += 1

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            process.terminate()
        for process, reader in zip(self.processes, self.readers, strict=True):
            process.wait(10)
            reader.join()


def kept(product: Served, user_id: int) -> list[int]:
    """The times of what the server admitted in the last hour, as it kept them."""
    cells = max(limit.cells for limit in LIMITS if limit.counted_in == "people")
    path = product.state / "limits" / "people"
    limiter = Limiter(path, slots=PLACES["people"], cells=cells)
    try:
        return sorted(limiter.kept(API, f"user {user_id}")[-1])
    finally:
        limiter.file.close()


def deciding_processes(product: Served) -> int:
    """How many web processes have admitted or refused somebody at the API."""
    deciding = set()
    for path in folder(product.state, product.port).glob("counter_*.db"):
        for name, value, *_ in MmapedDict.read_all_values_from_file(str(path)):
            metric, _, labels, _ = json.loads(name)
            of_the_api = labels.get("scope") == "api"
            if metric == "rrr_limit_decisions" and of_the_api and value:
                deciding.add(path.name)
    return len(deciding)


@pytest.fixture
def product(
    tmp_path: Path, kept: Path, stack: dict[str, str]
) -> Iterator[tuple[Served, OwnRedis]]:
    """On SQLite with its own Valkey; on PostgreSQL as one of two hosts, whose windows
    are counted in a Redis as well."""
    given, redis = dict(stack), None
    if STACK == "PostgreSQL":
        redis = OwnRedis(tmp_path / "redis")
        given |= {"REDIS_URL": redis.url, "RATE_LIMIT_HOSTS": "2"}
    served = Served(as_kept(kept, tmp_path / "state"), **given)
    try:
        served.ready()
        yield served, redis or EmbeddedRedis(served)
    finally:
        served.kill_all()
        if redis:
            with suppress(ProcessLookupError):
                redis.cut()


def test_no_window_is_exceeded_while_redis_is_cut_comes_back_and_is_emptied(
    product: tuple[Served, OwnRedis],
    factor: Slowness,
    seen: Callable[[str, str, str], None],
) -> None:
    served, redis = product
    people = {
        BY_THE_MINUTE: served.add_people(BY_THE_MINUTE, wide="")[0],
        BY_THE_SECOND: served.add_people(BY_THE_SECOND, wide="minute")[0],
    }
    tokens = {name: served.token(name) for name in people}
    states: dict[str, Callable[[], None]] = {
        "up": lambda: None,
        "emptied while up": redis.empty,
        "hanging": redis.hang,
        "back after it hung": redis.go_on,
        "cut": redis.cut,
        "back": redis.back,
    }
    with Clients(served.port, tokens) as clients:

        def went_on(before: Counter[tuple[str, int]]) -> bool:
            """More than a second's worth was admitted, and as many were refused."""
            now = clients.answers - before
            admitted, refused = (now[BY_THE_SECOND, status] for status in (200, 429))
            return admitted > 12 and refused > 12 and now[BY_THE_MINUTE, 429] > 12

        for state, bring_about in states.items():
            before = Counter(clients.answers)
            bring_about()
            assert until(60 * factor, lambda b=before: went_on(b)), (state, clients)  # type: ignore[misc]
        minute = BY_THE_MINUTE, 200
        assert until(120 * factor, lambda: clients.answers[minute] >= 60), clients
        counted = redis.count("rrr:*:limit:*")
    most = {}
    for name, user_id in people.items():
        admitted = kept(served, user_id)
        # Nobody was served who was not counted, and nobody counted who was not served.
        assert len(admitted) >= clients.answers[name, 200]
        assert len(admitted) - clients.answers[name, 200] <= CLIENTS  # on their way
        most[name] = [most_in_any(admitted, seconds) for seconds in (1, 60)]
    assert most[BY_THE_MINUTE][0] <= 10
    assert most[BY_THE_MINUTE][1] == 60
    assert most[BY_THE_SECOND][0] <= 10
    assert deciding_processes(served) == 2
    assert {status for _, status in clients.answers} == {200, 429}
    assert bool(counted) == (STACK == "PostgreSQL")
    seen(
        "Redis up, emptied, hanging, cut, back; four client processes",
        "never over 10/s and 60/min on one host",
        f"{most[BY_THE_SECOND][0]} in a second, {most[BY_THE_MINUTE][1]} in a minute "
        f"at most, of {clients.answers.total()} asked",
    )

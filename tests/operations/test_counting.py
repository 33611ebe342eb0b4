"""What is counted, what is not, and how full the memory is."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from prometheus_client import REGISTRY, generate_latest

from kernel.http import OWN_HEADER, own_signature
from kernel.redis import client
from operations import middleware
from operations.middleware import CountersMiddleware
from operations.services import counters, memory

pytestmark = pytest.mark.cached

KIB = 1024


class Tally:
    def __init__(self) -> None:
        self.statuses: list[int] = []

    def add(self, *, status: int, seconds: float) -> None:
        assert seconds >= 0
        self.statuses.append(status)


@pytest.fixture
def tally(monkeypatch: pytest.MonkeyPatch) -> Tally:
    counter = Tally()
    monkeypatch.setattr(middleware, "COUNTER", counter)
    return counter


def answering(status: int) -> Callable[[HttpRequest], HttpResponse]:
    return lambda request: HttpResponse(status=status)


@pytest.mark.parametrize(
    ("path", "counted"),
    [
        ("/", True),
        ("/api/trades", True),
        ("/health", False),
        ("/health/ready", False),
        ("/metrics", False),
        ("/static/css/app.css", False),
        ("/accounts/login/", True),
    ],
)
def test_health_metrics_and_static_files_do_not_count(
    tally: Tally, path: str, counted: bool
) -> None:
    CountersMiddleware(answering(200))(RequestFactory().get(path))
    assert bool(tally.statuses) is counted


@pytest.mark.parametrize(
    ("header", "counted"),
    [
        (own_signature("/api/trades"), False),
        (own_signature("/api/books"), True),
        ("forged", True),
        ("\u00e9", True),
        ("", True),
    ],
    ids=[
        "our own probe",
        "signed for another path",
        "a forged one",
        "no signature",
        "a stranger",
    ],
)
def test_only_our_own_signed_requests_do_not_count(
    tally: Tally, header: str, counted: bool
) -> None:
    request = RequestFactory().get("/api/trades", headers={OWN_HEADER: header})
    CountersMiddleware(answering(200))(request)
    assert bool(tally.statuses) is counted


@pytest.mark.parametrize("status", [200, 302, 404, 429, 500, 503])
def test_the_answers_status_is_counted(tally: Tally, status: int) -> None:
    CountersMiddleware(answering(status))(RequestFactory().get("/"))
    assert tally.statuses == [status]


# --- memory


def write(folder: Path, **contents: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name.replace("__", ".")).write_text(content)
    return folder


MACHINE = "MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 400 kB\nHugePages: none\n"
MEMORY = [
    ("no cgroup", {}, {}, "60.00"),
    (
        "version 2",
        {"memory__max": "512000", "memory__current": "256000", "memory__stat": ""},
        {},
        "50.00",
    ),
    (
        "version 2, page cache left out",
        {
            "memory__max": "512000",
            "memory__current": "256000",
            "memory__stat": "inactive_file 128000\n",
        },
        {},
        "25.00",
    ),
    (
        "version 2, more cache than use",
        {
            "memory__max": "512000",
            "memory__current": "1000",
            "memory__stat": "inactive_file 128000\n",
        },
        {},
        "0.00",
    ),
    (
        "version 2 without a limit",
        {"memory__max": "max", "memory__current": "1"},
        {},
        "60.00",
    ),
    (
        "a limit above the machine",
        {"memory__max": str(9000 * KIB), "memory__current": str(500 * KIB)},
        {},
        "50.00",
    ),
    (
        "version 1",
        {},
        {
            "memory__limit_in_bytes": "512000",
            "memory__usage_in_bytes": "384000",
            "memory__stat": "total_inactive_file 128000\n",
        },
        "50.00",
    ),
    (
        "version 1 without its limit",
        {},
        {"memory__usage_in_bytes": "384000"},
        "60.00",
    ),
]


@pytest.mark.parametrize(
    ("version_2", "version_1", "percent"),
    [row[1:] for row in MEMORY],
    ids=[row[0] for row in MEMORY],
)
def test_memory_is_in_percent_of_the_smaller_limit(
    tmp_path: Path, version_2: dict[str, str], version_1: dict[str, str], percent: str
) -> None:
    cgroup = write(tmp_path / "cgroup", **version_2)
    if version_1:
        write(cgroup / "memory", **version_1)
    machine = write(tmp_path, meminfo=MACHINE) / "meminfo"
    assert memory.percent(cgroup, machine) == Decimal(percent)


def test_a_machine_that_does_not_say_has_no_figure(tmp_path: Path) -> None:
    assert memory.percent(tmp_path, tmp_path / "meminfo") is None


def test_only_hosts_heard_of_within_a_minute_are_read() -> None:
    client().delete(memory._key())
    heard = {"fresh": 1000, "edge": 940, "gone": 939, "ahead": 1060, "set back": 1061}
    for host, at in heard.items():
        report = json.dumps({"value": "50.25", "at": at})
        client().hset(memory._key(), host, report)
    try:
        assert memory.read(1000.0) == {
            "fresh": Decimal("50.25"),
            "edge": Decimal("50.25"),
            "ahead": Decimal("50.25"),
        }
    finally:
        client().delete(memory._key())


class DeafBreaker:
    def call(self, ask: object, otherwise: object) -> object:
        return otherwise


def test_counts_that_redis_would_not_keep_any_more_are_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now: list[float] = [1_000_000.0]
    monkeypatch.setattr("time.time", lambda: now[0])
    monkeypatch.setattr(counters, "BREAKER", DeafBreaker())
    counter: Any = counters.Counter()
    counter._thread = object()  # nobody flushes but this test
    counter.add(status=200, seconds=0.01)
    assert not counter.flush()
    assert sum(counts.requests for counts in counter._slots.values()) == 1
    now[0] += counters.KEEP_SECONDS + 20
    assert not counter.flush()
    assert counter._slots == {}


def test_counts_of_one_slot_add_up_while_redis_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.time", lambda: 1_000_000.0)
    monkeypatch.setattr(counters, "BREAKER", DeafBreaker())
    counter: Any = counters.Counter()
    counter._thread = object()
    for _ in range(3):
        counter.add(status=503, seconds=0.01)
        counter.flush()
    (counts,) = counter._slots.values()
    assert (counts.requests, counts.errors) == (3, 3)


def test_nothing_to_flush_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "BREAKER", DeafBreaker())
    assert counters.Counter().flush()


def test_an_invented_method_makes_no_metric_of_its_own(db: None) -> None:
    stranger = Client()

    def lines() -> set[str]:
        text = generate_latest(REGISTRY).decode()
        return {line.rpartition(" ")[0] for line in text.splitlines()}

    stranger.generic("BREW", "/accounts/login/")
    before = lines()
    for number in range(20):
        stranger.generic(f"BREW{number}", "/accounts/login/")
    assert lines() == before
    assert [line for line in before if 'method="other"' in line]
    assert not [line for line in before if "BREW" in line]

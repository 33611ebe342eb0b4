"""Latency, load and fuzzing by what was measured: each fault, and each report that is
good only where somebody looks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kernel.build import Build
from operations.domain.bench import ASKED, NoBench, of_percentile, read_bench
from operations.probes import schema_fuzz
from operations.services import reports, subjects
from tests.probing import see

HEAD = "ab" * 20
TRADES = "GET /api/trades?limit=50"


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    settings.STATE_DIR = tmp_path
    monkeypatch.setattr("kernel.build.running", lambda: Build(HEAD, clean=True))


def bench(**over: Any) -> dict[str, Any]:
    """Two hundred answers of 10 ms each, and ten seconds of 600 a second."""
    return {
        "samples": {name: [10.0] * 200 for name in ASKED},
        "errors": 0,
        "load": {"seconds": 10.0, "statuses": {"200": 6000}, "people": 20},
        **over,
    }


def keep(report: Any) -> None:
    reports.keep(HEAD, "bench.json", json.dumps(report).encode())


def slow(name: str, *milliseconds: float) -> dict[str, list[float]]:
    good = [10.0] * (200 - len(milliseconds))
    return {**bench()["samples"], name: [*good, *milliseconds]}


@pytest.mark.parametrize(
    ("percentile", "value"), [(50, 2), (95, 4), (99, 4), (25, 1), (100, 4)]
)
def test_a_percentile_is_of_the_nearest_rank(percentile: int, value: int) -> None:
    assert of_percentile([3, 1, 2, 4], percentile) == value


def test_ours_is_what_was_measured() -> None:
    keep(bench())
    seen = see("latency", percentile="95")
    assert (seen.value, seen.unit, seen.facts["samples"]) == ("10.0", "ms", "1200")
    assert (see("load").value, see("load").unit) == ("600", "requests/s")


@pytest.mark.parametrize("name", ASKED)
def test_one_slow_kind_of_request_is_found_though_all_others_are_quick(
    name: str,
) -> None:
    keep(bench(samples=slow(name, *[240.0] * 3)))
    seen = see("latency", percentile="99")
    assert (seen.value, seen.facts["slowest"]) == ("240.0", name)
    assert see("latency", percentile="95").value == "10.0"


@pytest.mark.parametrize(
    ("over", "why"),
    [
        ({"samples": {TRADES: [1.0] * 5_000}}, "asked GET /api/me fewer than 100"),
        ({"samples": {name: [1.0] * 100 for name in ASKED}}, "fewer than 1,000"),
        ({"errors": 3}, "3 answers were errors"),
        ({"samples": slow(TRADES, -1.0)}, "a time is no time"),
        ({"samples": None}, "no report of a benchmark"),
    ],
)
def test_what_was_measured_too_little_or_wrongly_is_no_latency(
    over: Any, why: str
) -> None:
    """Quick errors, or many samples of the quick kind alone."""
    keep(bench(**over))
    seen = see("latency")
    assert (seen.value, why in seen.error) == (None, True)


def load(**over: Any) -> Any:
    return bench(load={**bench()["load"], **over})


@pytest.mark.parametrize(
    ("over", "value"),
    [
        ({"statuses": {"200": 3000}}, "300"),
        ({"statuses": {"200": 60_000, "503": 1}}, "0"),
        ({"statuses": {"429": 60_000}}, "0"),
        ({"statuses": {}}, "0"),
    ],
)
def test_a_load_counts_good_answers_only(over: Any, value: str) -> None:
    """However many there were a second."""
    keep(load(**over))
    assert see("load").value == value


@pytest.mark.parametrize("over", [{"seconds": 0.1}, {"people": 1}, {"seconds": -1}])
def test_a_moment_or_one_persons_cached_answer_is_no_load(over: Any) -> None:
    keep(load(**over))
    assert see("load").value is None


def test_without_a_benchmark_nothing_is_measured() -> None:
    assert "`make evidence` runs it" in see("latency").error
    assert "`make evidence` runs it" in see("load").error


def test_an_unknown_percentile_is_an_error() -> None:
    with pytest.raises(ValueError, match="one of 50, 95, 99"):
        see("latency", percentile="1")


def test_no_json_is_no_benchmark() -> None:
    with pytest.raises(NoBench):
        read_bench(b"\xff")


def test_a_copy_counts_whatever_runs_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was started from the tree: that must be its commit's."""
    from kernel.registry import PROBES

    monkeypatch.setattr("kernel.build.look", lambda: Build(HEAD, clean=True))
    assert subjects.subject_of(PROBES["latency"]).doubt == ""
    monkeypatch.setattr("kernel.build.look", lambda: Build("cd" * 20, clean=True))
    assert "the tree moved" in subjects.subject_of(PROBES["latency"]).doubt


# --- fuzzing


@pytest.fixture
def described(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_fuzz, "_described", lambda: {"trade_read", "me"})


def row(**statuses: int) -> dict[str, Any]:
    told = {name.removeprefix("s"): times for name, times in statuses.items()}
    return {"statuses": told, "problems": {}}


def fuzzed(**rows: Any) -> str:
    good = {"trade_read": row(s200=5, s404=30), "me": row(s200=20)}
    told = {"seed": 15, "examples": 2000, "sent": 55, "operations": {**good, **rows}}
    reports.keep(HEAD, "fuzz.json", json.dumps(told).encode())
    seen = see("schema_fuzz")
    return "" if seen.value == "0" else seen.detail


@pytest.mark.usefixtures("described")
def test_a_fuzzed_api_that_breaks_nowhere_is_clean() -> None:
    assert fuzzed() == ""
    assert see("schema_fuzz").facts == {
        "operations": "2",
        "examples": "2000",
        "seed": "15",
    }


@pytest.mark.usefixtures("described")
@pytest.mark.parametrize(
    ("told", "fault"),
    [
        (row(s200=30, s500=1), "me answered 500"),
        (row(s200=3), "me was asked 3 times only"),
        (row(s401=90), "me never answered well"),
        ({**row(s200=30), "problems": {"API accepted bad data: 200": ""}}, "bad data"),
        ({}, "cannot be read"),
    ],
)
def test_an_operation_that_breaks_or_was_not_tried_is_found(
    told: Any, fault: str
) -> None:
    assert fault in fuzzed(me=told)


@pytest.mark.usefixtures("described")
def test_a_run_that_left_operations_out_is_found() -> None:
    """What it asked was all well."""
    told = {"seed": 15, "examples": 20, "operations": {"me": row(s200=50)}}
    reports.keep(HEAD, "fuzz.json", json.dumps(told).encode())
    assert see("schema_fuzz").detail == "trade_read was left out"


def test_every_operation_of_the_description_is_looked_for() -> None:
    assert {"attest", "review_sign", "trades_create"} & schema_fuzz._described()
    assert len(schema_fuzz._described()) > 60


def test_without_fuzzing_nothing_is_measured() -> None:
    assert "there is no fuzzing of this commit" in see("schema_fuzz").error

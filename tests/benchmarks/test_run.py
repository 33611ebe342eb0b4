"""`make bench` runs: each server starts, answers, and has cost something."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.run import BARE, NAIVE, NO_DOOR, PRODUCT, Cost, table

ROOT = Path(__file__).parents[2]
FEW = ("--requests", "3", "--warm-up", "1")


@pytest.mark.process
@pytest.mark.embedded
@pytest.mark.timeout(900)
def test_a_small_run_measures_the_product_and_its_peers() -> None:
    given = {**os.environ, "CI": ""}
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.run", *FEW, "--json"],
        cwd=ROOT,
        env=given,
        capture_output=True,
        timeout=800,
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode()[-2000:]
    rows = {row["name"]: row for row in json.loads(run.stdout)}
    assert set(rows) == {NO_DOOR, BARE, NAIVE, *PRODUCT}
    assert rows[BARE]["body_bytes"] == 2
    assert all(row["requests"] == 3 for row in rows.values())
    assert sum(row["cpu_us"] for row in rows.values()) > 0


def test_the_table_compares_with_both_peers() -> None:
    costs = [
        Cost(BARE, 100, 2, 10),
        Cost(NAIVE, 4000, 10_000, 10),
        Cost("/api/me", 200, 100, 10),
    ]
    assert "| /api/me | 200 | 2.0 | 0.05 | 100 |" in table(costs)


def test_a_bare_view_too_quick_for_the_clock_divides_by_no_zero() -> None:
    costs = [Cost(BARE, 0, 2, 1), Cost(NAIVE, 0, 2, 1)]
    assert "| bare view | 0 | 0.0 | 0.00 | 2 |" in table(costs)

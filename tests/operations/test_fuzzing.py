"""What `make evidence` asks of the fuzzer, and what it keeps of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from operations.services import fuzzing, reports
from operations.services.sources import NotHere
from operations.services.tools import Said

COMMIT = "ab" * 20


def told(share: str) -> dict[str, Any]:
    """The report of one share, of an operation of its own."""
    row = {"statuses": {"200": 20}, "problems": {}}
    return {"seed": 15, "sent": 20, "problems": 0, "operations": {f"of {share}": row}}


def passed(environment: Mapping[str, str]) -> Said:
    report = json.dumps(told(environment["FUZZ_SHARE"]))
    Path(environment["FUZZ_REPORT"]).write_text(report)
    return Said(0, "4 passed in 60 s\n")


@pytest.fixture
def asked(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> list[Mapping[str, str]]:
    """What each fuzzer was started with, by share; it writes a report."""
    settings.STATE_DIR = tmp_path
    given: list[Mapping[str, str]] = []

    def run(
        module: str,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        seconds: int,
    ) -> Said:
        assert (arguments[-1], seconds) == (fuzzing.FUZZER, 4 * 3600)
        given.append(environment)
        return passed(environment)

    monkeypatch.setattr(fuzzing, "run_tool", run)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    return given


def test_two_thousand_examples_an_operation_are_evidence(
    asked: list[Mapping[str, str]],
) -> None:
    assert fuzzing.fuzz(COMMIT) == "4 passed in 60 s"
    assert {each["FUZZ_EXAMPLES"] for each in asked} == {"2000"}


def test_a_process_a_processor_has_its_share_of_one_report(
    asked: list[Mapping[str, str]],
) -> None:
    fuzzing.fuzz(COMMIT)
    assert sorted(each["FUZZ_SHARE"] for each in asked) == ["0/3", "1/3", "2/3"]
    kept = json.loads(reports.read(COMMIT, "fuzz.json") or b"")
    assert (kept["seed"], kept["sent"]) == (15, 60)
    assert list(kept["operations"]) == ["of 0/3", "of 1/3", "of 2/3"]


def test_where_one_process_wrote_no_report_nothing_is_kept(
    asked: list[Mapping[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_: object, environment: Mapping[str, str], **__: object) -> Said:
        if environment["FUZZ_SHARE"] == "1/3":
            return Said(2, "no tests ran\n")
        return passed(environment)

    monkeypatch.setattr(fuzzing, "run_tool", run)
    with pytest.raises(NotHere, match="no report: no tests ran"):
        fuzzing.fuzz(COMMIT)
    assert reports.read(COMMIT, "fuzz.json") is None


def test_the_fuzzer_is_there(settings: Any) -> None:
    assert (Path(settings.BASE_DIR) / fuzzing.FUZZER).exists()

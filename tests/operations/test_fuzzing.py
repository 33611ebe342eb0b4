"""What `make evidence` asks of the fuzzer, and what it keeps of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from operations.services import fuzzing, reports
from operations.services.sources import NotHere
from operations.services.tools import Said

COMMIT = "ab" * 20


@pytest.fixture
def asked(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> dict[str, Any]:
    """What the fuzzer was started with; it writes a report."""
    settings.STATE_DIR = tmp_path
    given: dict[str, Any] = {}

    def run(
        module: str,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        seconds: int,
    ) -> Said:
        given.update(environment, seconds=seconds, file=arguments[-1])
        Path(environment["FUZZ_REPORT"]).write_bytes(b"told")
        return Said(0, "4 passed in 60 s\n")

    monkeypatch.setattr(fuzzing, "run_tool", run)
    return given


def test_two_thousand_examples_an_operation_are_evidence(asked: dict[str, Any]) -> None:
    assert fuzzing.fuzz(COMMIT) == "4 passed in 60 s"
    assert asked["FUZZ_EXAMPLES"] == "2000"
    assert asked["seconds"] == 4 * 3600
    assert reports.read(COMMIT, "fuzz.json") == b"told"


def test_without_a_report_nothing_is_kept(
    asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzzing, "run_tool", lambda *_, **__: Said(2, "no tests ran\n"))
    with pytest.raises(NotHere, match="no report: no tests ran"):
        fuzzing.fuzz(COMMIT)
    assert reports.read(COMMIT, "fuzz.json") is None


def test_the_fuzzer_is_there(asked: dict[str, Any], settings: Any) -> None:
    assert (Path(settings.BASE_DIR) / fuzzing.FUZZER).exists()

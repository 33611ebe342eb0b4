"""What was seen of a product before it was started anew with other settings."""

from __future__ import annotations

from datetime import datetime, timedelta
from unittest.mock import patch

import pytest
from django.utils import timezone

from kernel import registry
from kernel.build import Build
from kernel.registry import Measurement, Probe
from operations.models import JobRun, ProbeResult, ProcessStart
from operations.queries.measurements import params_digest
from operations.services.starts import record
from readiness.domain.state import FORGED
from readiness.models import Evidence, Review
from readiness.queries.board import BoardRow, board
from readiness.services.evidence.collecting import collect
from tests.readiness.conftest import COMMIT

BEFORE, AFTER = "b" * 64, "a" * 64


@pytest.fixture(autouse=True)
def _this_commit_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"cors": Probe("cors", lambda params: Measurement("0", "seen"), title="x")}
    monkeypatch.setattr(registry, "PROBES", known)
    for module in (
        "readiness.services.evidence.collecting",
        "readiness.queries.due",
        "readiness.queries.reach",
        "operations.services.probing",
        "operations.services.catalogue",
    ):
        monkeypatch.setattr(f"{module}.PROBES", known)
    mine = Build(COMMIT, clean=True)
    monkeypatch.setattr("kernel.build.running", lambda: mine)


def starts(digest: str, at: datetime) -> None:
    with patch("kernel.configuration.running", lambda: digest):
        record(at)


def saw(value: str, digest: str, at: datetime, about: str = "running") -> None:
    ProbeResult.objects.create(
        name="cors",
        params={},
        params_digest=params_digest({}),
        definition="d" * 64,
        about=about,
        commit=COMMIT,
        tree_clean=True,
        environment="development",
        configuration=digest,
        host="here",
        value=value,
        detail=f"saw {value}",
        started_at=at,
        observed_at=at,
    )
    collect(at)


def line(review: Review, at: datetime) -> BoardRow:
    return board(review, at).by_key["SEC-01"]


@pytest.fixture
def noon() -> datetime:
    return timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def test_a_pass_of_other_settings_is_out_of_date_and_says_since_when(
    review: Review, noon: datetime
) -> None:
    starts(BEFORE, noon)
    saw("0", BEFORE, noon + minutes(1))
    assert line(review, noon + minutes(2)).state == "proven"
    starts(AFTER, noon + minutes(122))
    shown = line(review, noon + minutes(123))
    assert shown.state == "stale"
    assert "seen before the restart of 14:02 UTC" in shown.derived.reason


def test_a_start_with_the_same_settings_changes_nothing(
    review: Review, noon: datetime
) -> None:
    starts(BEFORE, noon)
    saw("0", BEFORE, noon + minutes(1))
    starts(BEFORE, noon + minutes(5))
    assert line(review, noon + minutes(6)).state == "proven"


def test_it_is_asked_for_at_once_and_the_same_verdict_is_recorded_again(
    review: Review, noon: datetime
) -> None:
    starts(BEFORE, noon)
    saw("0", BEFORE, noon + minutes(1))
    collect(noon + minutes(2))
    assert not JobRun.objects.exists()
    starts(AFTER, noon + minutes(3))
    collect(noon + minutes(3))
    assert [run.job.name for run in JobRun.objects.all()] == ["probe:cors"]
    saw("0", AFTER, noon + minutes(4))
    assert line(review, noon + minutes(5)).state == "proven"
    assert Evidence.objects.filter(probe="cors").count() == 2


def test_what_an_old_worker_still_says_of_old_settings_is_not_read(
    review: Review, noon: datetime
) -> None:
    starts(BEFORE, noon)
    starts(AFTER, noon + minutes(3))
    saw("0", BEFORE, noon + minutes(4))
    assert line(review, noon + minutes(5)).state == "unclaimed"


def test_a_fail_stays_a_fail_until_a_pass(review: Review, noon: datetime) -> None:
    starts(BEFORE, noon)
    saw("2", BEFORE, noon + minutes(1))
    starts(AFTER, noon + minutes(3))
    assert line(review, noon + minutes(4)).state == "failed"
    saw("0", AFTER, noon + minutes(5))
    assert line(review, noon + minutes(6)).state == "proven"


def test_neither_a_start_nor_a_record_is_taken_back_to_other_settings(
    review: Review, noon: datetime
) -> None:
    """A liar with the database."""
    starts(BEFORE, noon)
    saw("0", BEFORE, noon + minutes(1))
    starts(AFTER, noon + minutes(3))
    ProcessStart.objects.update(configuration=BEFORE)
    assert line(review, noon + minutes(4)).state == "stale"
    Evidence.objects.update(configuration=AFTER)
    shown = line(review, noon + minutes(4))
    assert (shown.state, shown.derived.reason) == ("stale", FORGED)


def test_evidence_about_files_knows_no_settings(review: Review, noon: datetime) -> None:
    starts(BEFORE, noon)
    saw("0", BEFORE, noon + minutes(1), about="files")
    starts(AFTER, noon + minutes(3))
    assert line(review, noon + minutes(4)).state == "proven"

"""Who asks for a probe by hand gets it, or a sentence that says why not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from kernel.build import UNKNOWN, Build
from kernel.registry import PROBES, Weight
from operations.models import JobRun
from readiness.models import Review
from readiness.queries.board import board
from tests.readiness.conftest import COMMIT

RUNS = Build(COMMIT, clean=True)
DIRTY = Build(COMMIT, clean=False, doubt="tracked files differ from it")


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Callable[[Build], None]:
    def run(mine: Build) -> None:
        monkeypatch.setattr("kernel.build.running", lambda: mine)

    run(RUNS)
    return run


@pytest.fixture
def desk(person: Callable[..., User], client_of: Callable[[User], Client]) -> Client:
    return client_of(person("devon", "DevOps Engineer"))


def asks(desk: Client, review: Review, key: str = "SEC-01") -> Any:
    row = board(review, timezone.now()).by_key[key]
    return desk.post(
        f"/api/readiness/items/{row.id}/run", content_type="application/json"
    )


def page(desk: Client, review: Review, key: str = "SEC-01") -> str:
    row = board(review, timezone.now()).by_key[key]
    answer = desk.get(f"/readiness/reviews/{review.uuid}/items/{row.id}/")
    return answer.content.decode()


def test_a_probe_of_the_running_commit_is_asked_for(
    desk: Client, review: Review, runs: object
) -> None:
    assert "Collect now" in page(desk, review)
    answer = asks(desk, review)
    assert (answer.status_code, answer.json()) == (202, {"probes": ["cors"]})
    assert JobRun.objects.get().job.name == "probe:cors"


@pytest.mark.parametrize(
    ("mine", "why"),
    [
        pytest.param(Build("cd" * 20, clean=True), "runs commit cdcdcdcd", id="other"),
        pytest.param(Build(UNKNOWN, clean=False), "runs commit unknown", id="unknown"),
        pytest.param(DIRTY, "tracked files differ from it", id="dirty"),
    ],
)
def test_what_proves_nothing_is_not_offered_and_refused_in_a_sentence(
    desk: Client,
    review: Review,
    runs: Callable[[Build], None],
    mine: Build,
    why: str,
) -> None:
    runs(mine)
    shown = page(desk, review)
    assert "Collect now" not in shown
    assert why in shown
    answer = asks(desk, review)
    assert (answer.status_code, answer.json()["type"]) == (
        409,
        "urn:rrr:problem:no_probe",
    )
    assert why in answer.json()["detail"]
    assert not JobRun.objects.exists()


def test_a_running_product_cannot_be_seen_from_another_environment(
    desk: Client, make_review: Callable[..., Review], ada: User, runs: object
) -> None:
    there = make_review(ada, environment="production")
    assert "only one in production can show it" in asks(desk, there).json()["detail"]
    reason = board(there, timezone.now()).by_key["SEC-01"].derived.reason
    assert "only one in production can show it" in reason


def test_the_line_says_which_commit_runs_here(
    review: Review, runs: Callable[[Build], None]
) -> None:
    runs(Build("cd" * 20, clean=True))
    reason = board(review, timezone.now()).by_key["SEC-01"].derived.reason
    assert (
        reason == "This product runs commit cdcdcdcd: it can see nothing of abababab."
    )


def test_what_the_product_stands_still_for_comes_from_make_evidence(
    desk: Client, review: Review, runs: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    heavy = replace(PROBES["cors"], weight=Weight.HEAVY)
    monkeypatch.setitem(PROBES, "cors", heavy)
    assert "make evidence" in asks(desk, review).json()["detail"]


def test_a_line_without_a_probe_says_who_shows_it(
    desk: Client, review: Review, runs: object
) -> None:
    assert (
        "a person files its evidence" in asks(desk, review, "SEC-03").json()["detail"]
    )

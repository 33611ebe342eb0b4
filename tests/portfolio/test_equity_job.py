"""The curve of a large book is computed by a job; until then the answer says so."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.utils import timezone

from kernel.registry import JOBS
from operations.models import JobRun
from operations.services import catalogue
from portfolio.models import EquityCurve, EquityPoint
from portfolio.services import equity
from tests.portfolio.conftest import deposit, fill
from tests.portfolio.test_portfolio_api import days_ago


@pytest.fixture
def story(record):
    return record(
        [fill("f1", "buy", "1", "100", days_ago(2))],
        [deposit("d1", "1000", days_ago(3))],
    )


def test_a_large_book_is_left_to_the_job_and_asked_for_once(story, monkeypatch):
    catalogue.sync()
    monkeypatch.setattr(equity, "INLINE_FILLS", 0)
    assert equity.refresh([story.pk], timezone.now()) == {story.pk}
    assert equity.refresh([story.pk], timezone.now()) == {story.pk}
    assert not EquityPoint.objects.exists()
    run = JobRun.objects.get(job__name=equity.JOB)
    said = JOBS[equity.JOB].function(run.params)
    assert said == "1 book recomputed, 4 days changed"
    assert equity.refresh([story.pk], timezone.now()) == set()


def test_meanwhile_the_answer_says_recomputing(ada, client_of, story, monkeypatch):
    catalogue.sync()
    monkeypatch.setattr(equity, "INLINE_FILLS", 0)
    found = client_of(ada).get("/api/performance?period=all").json()
    assert found["reason"] == "recomputing"


def test_the_scheduled_run_catches_up_and_then_rests(story):
    assert JOBS[equity.JOB].function({}) == "1 books recomputed, 4 days changed"
    assert JOBS[equity.JOB].function({}) == "0 books recomputed, 0 days changed"
    assert EquityCurve.objects.get().through is not None


def test_a_rebuild_from_the_facts_changes_no_day(story):
    equity.refresh([story.pk], timezone.now())
    before = list(
        EquityPoint.objects.order_by("day").values_list("day", "equity", "digest")
    )
    call_command("rebuild_portfolio", verbosity=0)
    after = list(
        EquityPoint.objects.order_by("day").values_list("day", "equity", "digest")
    )
    assert after == before
    call_command("rebuild_portfolio", "--check", verbosity=0)

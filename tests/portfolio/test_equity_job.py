"""Curves follow the ledger by a job; until it ran, an answer says as of when it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from kernel.registry import JOBS
from operations.models import JobRun
from portfolio.models import EquityCurve, EquityPoint
from portfolio.queries.history import history
from portfolio.services import equity
from tests.portfolio.conftest import deposit, fill, price
from tests.portfolio.test_portfolio_api import days_ago
from tests.trades.files import booked, rows
from trades.domain.facts import NewSplit
from trades.models import Price
from trades.services.fills import book_fills
from trades.services.mending_prices import void_price
from trades.services.prices import set_prices
from trades.services.splits import record_split
from trades.services.transfers import book_transfers
from trades.services.undoing import undo

JOB = "portfolio-equity"


@pytest.fixture
def story(record):
    return record(
        [fill("f1", "buy", "1", "100", days_ago(2))],
        [deposit("d1", "1000", days_ago(3))],
        computed=False,
    )


def asked_for() -> list[dict[str, str]]:
    runs = JobRun.objects.filter(job__name=JOB, state=JobRun.State.QUEUED)
    return [run.params for run in runs.order_by("id")]


def run_job() -> list[str]:
    """Do what is queued, as a worker would."""
    said = []
    for run in JobRun.objects.filter(job__name=JOB, state=JobRun.State.QUEUED):
        said.append(JOBS[JOB].function(run.params))
        JobRun.objects.filter(pk=run.pk).update(
            state=JobRun.State.OK, finished_at=timezone.now()
        )
    return said


def test_booking_asks_for_the_books_curve_once(ada, story):
    assert asked_for() == [{"book": str(story.pk)}]
    book_fills([fill("f2", "buy", "1", "90", days_ago(1), book="Main")], ada)
    assert asked_for() == [{"book": str(story.pk)}]
    assert run_job() == ["1 book recomputed, 4 days changed"]


def test_a_transfer_alone_asks_for_the_books_curve(ada, story):
    run_job()
    book_transfers([deposit("d2", "5", days_ago(1))], ada)
    assert asked_for() == [{"book": str(story.pk)}]


def test_a_repeat_asks_for_nothing(ada, story):
    run_job()
    book_fills([fill("f1", "buy", "1", "100", days_ago(2), book="Main")], ada)
    assert asked_for() == []


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda ada: set_prices([price("BTC-USD", "120", days_ago(1))], ada),
            id="a price",
        ),
        pytest.param(
            lambda ada: record_split(
                NewSplit(
                    symbol="BTC-USD",
                    at=datetime(2026, 1, 2, tzinfo=UTC),
                    numerator=2,
                    denominator=1,
                ),
                ada,
            ),
            id="a split",
        ),
    ],
)
def test_what_bears_on_every_book_asks_for_all_curves(ada, story, change):
    run_job()
    change(ada)
    assert {} in asked_for()
    assert run_job()[0].startswith(("1 book recomputed", "1 book recomputed"))


def test_until_the_job_ran_the_portfolio_is_current_and_the_day_is_not_known(
    ada, client_of, story
):
    run_job()
    client = client_of(ada)
    book_fills([fill("f2", "sell", "1", "150", days_ago(1), book="Main")], ada)
    found = client.get("/api/portfolio").json()
    assert (found["total_equity"], found["total_pnl"]) == ("1050", "50")
    assert (found["day_pnl"], found["day_pnl_percent"]) == (None, None)
    assert found["reasons"]["day_pnl"] == "recomputing"
    assert "today is being recomputed" in client.get("/portfolio/").content.decode()
    run_job()
    found = client.get("/api/portfolio").json()
    assert (found["total_equity"], found["day_pnl"]) == ("1050", "0")


def test_meanwhile_performance_shows_its_stored_days_and_says_as_of_when(
    ada, client_of, story
):
    run_job()
    computed = timezone.now() - timedelta(minutes=5)
    EquityCurve.objects.update(computed_at=computed)
    book_fills([fill("f2", "sell", "1", "150", days_ago(1), book="Main")], ada)
    client = client_of(ada)
    for path in ("performance", "performance/equity-curve"):
        found = client.get(f"/api/{path}?period=all").json()
        assert found["reason"] == "recomputing"
        assert datetime.fromisoformat(found["as_of"]) == computed
    assert client.get("/api/performance?period=all").json()["total_return"] == "0"
    page = client.get("/performance/").content.decode()
    assert f'as of <time datetime="{computed:%Y-%m-%dT%H:%M:%SZ}">' in page
    assert "and being recomputed" in page
    run_job()
    found = client.get("/api/performance?period=all").json()
    assert (found["reason"], found["total_return"]) == (None, "50")
    assert found["as_of"] == found["timestamp"]


def test_a_curve_that_was_never_computed_is_of_no_time(ada, client_of, story):
    found = client_of(ada).get("/api/performance?period=all").json()
    assert (found["reason"], found["as_of"]) == ("recomputing", None)
    assert not EquityPoint.objects.exists()


def test_of_several_books_that_wait_the_oldest_time_counts(
    ada, client_of, story, record
):
    def as_of():
        return client_of(ada).get("/api/performance?period=all").json()["as_of"]

    run_job()
    record([fill("g1", "buy", "1", "1", days_ago(2))], name="Second", computed=False)
    EquityCurve.objects.update(facts="older")
    assert as_of() is None, "one was never computed"
    run_job()
    now = timezone.now()
    EquityCurve.objects.update(facts="older", computed_at=now)
    oldest = now - timedelta(hours=1)
    EquityCurve.objects.filter(book=story).update(computed_at=oldest)
    assert datetime.fromisoformat(as_of()) == oldest


def test_a_new_day_is_waited_for_too(ada, client_of, story):
    run_job()
    yesterday = timezone.now().date() - timedelta(days=1)
    EquityCurve.objects.update(through=yesterday)
    assert client_of(ada).get("/api/portfolio").json()["day_pnl"] is None


def test_a_book_without_facts_waits_for_nothing(ada, client_of, record):
    record([], computed=False)
    found = client_of(ada).get("/api/performance?period=all").json()
    assert (found["reason"], found["as_of"]) == (None, found["timestamp"])
    assert equity.catch_up(timezone.now()) == (0, 0)


def test_the_scheduled_run_catches_up_and_then_rests(story):
    assert JOBS[JOB].function({}) == "1 book recomputed, 4 days changed"
    assert JOBS[JOB].function({}) == "0 books recomputed, 0 days changed"
    assert EquityCurve.objects.get().through is not None


def test_a_rebuild_from_the_facts_changes_no_day(story):
    run_job()
    before = list(
        EquityPoint.objects.order_by("day").values_list("day", "equity", "digest")
    )
    assert before[-1][1] == Decimal(1000)
    call_command("rebuild_portfolio", verbosity=0)
    after = list(
        EquityPoint.objects.order_by("day").values_list("day", "equity", "digest")
    )
    assert after == before
    call_command("rebuild_portfolio", "--check", verbosity=0)


def test_a_price_of_another_symbol_costs_no_book_anything(ada, client_of, story):
    run_job()
    set_prices([price("ELSE-USD", "120", days_ago(1))], ada)
    found = client_of(ada).get("/api/performance?period=all").json()
    assert (found["reason"], found["as_of"]) == (None, found["timestamp"])
    assert run_job() == ["0 books recomputed, 0 days changed"]


def test_a_voided_price_is_news_too(ada, client_of, story):
    set_prices([price("BTC-USD", "120", days_ago(1))], ada)
    run_job()
    assert EquityPoint.objects.latest("day").equity == Decimal(1020)
    void_price(Price.objects.get().pk, "a typo", ada)
    client = client_of(ada)
    assert client.get("/api/performance").json()["reason"] == "recomputing"
    run_job()
    assert EquityPoint.objects.latest("day").equity == Decimal(1000)


def test_an_undone_file_is_news_too(ada, client_of, story):
    batch = booked(rows(2), ada)
    run_job()
    undo(batch, "the wrong book", ada)
    answer = client_of(ada).get("/api/performance").json()
    assert answer["reason"] == "recomputing"


def test_the_walk_holds_no_lock(story, monkeypatch):
    """Whatever a booking waits for, it is not a walk: no transaction is open then."""
    depths = []

    def seen(book):
        depths.append(len(connection.savepoint_ids))
        return history(book)

    monkeypatch.setattr("portfolio.services.equity.history", seen)
    outside = len(connection.savepoint_ids)
    equity.rebuild(story.pk, timezone.now())
    assert depths == [outside]


def test_a_run_that_began_later_has_the_last_word(story):
    now = timezone.now()
    assert equity.rebuild(story.pk, now) == 4
    EquityCurve.objects.update(facts="older")
    assert equity.rebuild(story.pk, now - timedelta(minutes=1)) == 0
    assert EquityCurve.objects.get().facts == "older"


def test_a_process_of_the_version_before_writes_points_without_the_newest_column(
    story,
):
    """While a new version is rolled out, the old one still keeps curves."""
    equity.catch_up(timezone.now())
    newest = EquityPoint.objects.latest("day")
    columns = [
        field.column
        for field in EquityPoint._meta.concrete_fields
        if field.column and field.column not in {"id", "day", "between"}
    ]
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO portfolio_equitypoint (day, {names}) "  # noqa: S608 (its own columns)
            f"SELECT %s, {names} FROM portfolio_equitypoint WHERE id = %s",
            [newest.day + timedelta(days=1), newest.pk],
        )
    assert EquityPoint.objects.latest("day").between == []

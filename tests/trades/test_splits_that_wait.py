"""A split of a pair that is too long to be matched again at once: nothing of it counts
in the book until a job has matched the pair anew, and then all of it does."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from operations.models import JobRun
from portfolio.services.equity import rebuild
from trades.domain.market_reading import read_split_change
from trades.models import (
    Generation,
    Lot,
    MarketEffect,
    Match,
    Position,
    RoundTrip,
    Split,
    SplitEvent,
)
from trades.queries.known_times import newest_recorded
from trades.queries.marks import mark_at, mark_histories
from trades.services import pairs, regenerating, splits, waiting
from trades.services.attempts import unfinished
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.rebuilding import differences
from trades.services.regenerating import regenerate
from trades.services.splits import correct_split, record_split, void_split
from trades.services.transfers import book_transfers

pytestmark = pytest.mark.django_db
DAY = 7  # of the split, between what was bought and the last that was sold


@pytest.fixture(autouse=True)
def short_limit(monkeypatch):
    monkeypatch.setattr(waiting, "MOST_AT_ONCE", 3)


@pytest.fixture
def history(ada, book, make_fill, make_move):
    """Six bought at 100, four sold at 110, one by one; never flat."""
    book_transfers([make_move("d1", "deposit", "USD", "1000")], ada)
    fills = [make_fill("b0", "buy", "6", "100", day=2)]
    fills += [make_fill(f"s{n}", "sell", "1", "110", day=3 + n) for n in range(4)]
    book_fills(fills, ada)
    return book


@pytest.fixture
def ten_for_one(history, ada, make_split):
    return record_split(make_split(10, day=DAY), ada)[0]


def held():
    return Position.objects.get(instrument__symbol="BTC-USD").quantity


def btc(book):
    mark = mark_at(book, "BTC-USD", timezone.now())
    return None if mark is None else mark.price


def everything():
    return [model.every.count() for model in (Lot, Match, RoundTrip)]


def doubled(pk, ada, reason="it was two for one"):
    change = {"numerator": "2"}
    now = timezone.now()
    return correct_split(
        pk, lambda old: read_split_change(change, old, now=now), reason, ada
    )


def test_lots_and_marks_change_together_when_the_job_has_matched(history, ten_for_one):
    assert (held(), btc(history)) == (2, 110)
    assert differences(history) == []
    assert JobRun.objects.filter(job__name=waiting.JOB).exists()
    assert list(unfinished()) == [history]
    regenerate(history)
    assert (held(), btc(history)) == (20, 11)
    assert differences(history) == []
    assert list(unfinished()) == []
    assert everything() == [1, 4, 1]


def test_few_matches_are_split_at_once(history, ada, make_split, monkeypatch):
    monkeypatch.setattr(waiting, "MOST_AT_ONCE", 4)
    record_split(make_split(10, day=DAY), ada)
    assert held() == 20
    assert not Generation.objects.filter(waits=True).exists()


def test_the_answers_say_that_it_waits(history, ten_for_one, ada, client_of):
    client = client_of(ada)
    rebuild(history.pk, timezone.now())
    summary = client.get("/api/portfolio").json()
    assert summary["incomplete"] == {"recomputing": 1}
    assert summary["total_equity"] == "1060"
    assert summary["known_at"] is None
    [row] = client.get("/api/splits").json()["splits"]
    assert row["rematching"] == [history.name]
    page = client.get(f"/splits/{ten_for_one.pk}/").content.decode()
    assert f"Being matched again: {history.name}" in page
    regenerate(history)
    rebuild(history.pk, timezone.now())
    summary = client.get("/api/portfolio").json()
    assert (summary["incomplete"], summary["total_equity"]) == ({}, "1060")
    assert summary["known_at"] is not None
    [row] = client.get("/api/splits").json()["splits"]
    assert row["rematching"] == []


def test_the_curve_is_the_same_before_and_after(history, ten_for_one, ada, client_of):
    client, curves = client_of(ada), []
    for step in (lambda: None, lambda: regenerate(history)):
        step()
        rebuild(history.pk, timezone.now())
        path = "/api/performance/equity-curve?period=all"
        curves.append([day["equity"] for day in client.get(path).json()["data"]])
    assert curves[0] == curves[1]
    assert curves[0][-1] == "1060"


def test_another_book_follows_at_once_and_one_without_it_too(
    history, ada, make_fill, make_split
):
    other = create_book(NewBook("ada-other", "USD"), ada)
    empty = create_book(NewBook("ada-empty", "USD"), ada)
    book_fills([make_fill("o1", "buy", "1", "100", book=other.name)], ada)
    record_split(make_split(10, day=DAY), ada)
    quantities = Position.objects.order_by("book").values_list("quantity", flat=True)
    assert list(quantities) == [2, 10]
    marks = mark_histories([history, other, empty], ["BTC-USD"])
    at = timezone.now()
    seen = [marks[each.pk].mark("BTC-USD", at) for each in (history, other)]
    assert [mark and mark.price for mark in seen] == [110, 10]


def test_of_many_books_most_wait_for_one_run_of_the_job(
    ada, make_fill, make_split, monkeypatch
):
    monkeypatch.setattr(splits, "BOOKS_AT_ONCE", 2)
    monkeypatch.setattr(waiting, "MOST_AT_ONCE", 100)

    def queries(count):
        for n in range(Generation.objects.count(), count):
            name = f"b{count}-{n}"
            create_book(NewBook(name, "USD"), ada)
            book_fills([make_fill("f", "buy", "1", "100", book=name)], ada)
        with CaptureQueriesContext(connection) as seen:
            record_split(make_split(10, day=count), ada)
        return len(seen)

    few, many = queries(4), queries(12)
    assert many <= few + 8
    assert Generation.objects.filter(waits=True, market_at__isnull=False).count() > 8
    assert JobRun.objects.filter(job__name=waiting.JOB, key="").count() == 1


def test_what_comes_meanwhile_waits_and_joins(history, ten_for_one, ada, make_fill):
    [sale] = book_fills([make_fill("s9", "sell", "5", "11", day=9)], ada).fills
    sale.refresh_from_db()
    assert sale.status == "rematching"
    assert held() == 2
    assert regenerate(history) == 1
    assert held() == 15
    assert differences(history) == []


def test_a_void_before_the_job_ran_leaves_all_as_it_was(history, ten_for_one, ada):
    void_split(ten_for_one.pk, "never was", ada)
    regenerate(history)
    assert (held(), btc(history)) == (2, 110)
    assert differences(history) == []


def test_a_split_voided_while_the_job_writes_makes_it_begin_again(
    history, ten_for_one, ada, monkeypatch
):
    insert = pairs.insert

    def busy(*args):
        insert(*args)
        if not SplitEvent.objects.exists():
            void_split(ten_for_one.pk, "never was", ada)

    monkeypatch.setattr(regenerating, "insert", busy)
    regenerate(history)
    assert (held(), btc(history)) == (2, 110)
    assert everything() == [1, 4, 1]
    assert differences(history) == []


def test_a_second_split_before_the_job_ran_counts_with_the_first(
    history, ten_for_one, ada, make_split
):
    record_split(make_split(2, day=DAY + 1), ada)
    assert (held(), btc(history)) == (2, 110)
    regenerate(history)
    assert (held(), btc(history)) == (40, Decimal("5.5"))
    assert differences(history) == []


def test_a_voided_split_counts_until_the_job_has_matched_again(
    history, ten_for_one, ada
):
    regenerate(history)
    void_split(ten_for_one.pk, "never was", ada)
    assert (held(), btc(history)) == (20, 11)
    assert differences(history) == []
    [effect] = MarketEffect.objects.all()
    assert (effect.pnl_before, effect.pnl_after, effect.waits) == (60, None, True)
    regenerate(history)
    effect.refresh_from_db()
    assert (effect.pnl_after, effect.waits) == (60, False)
    assert (held(), btc(history)) == (2, 110)


def test_a_correction_states_what_came_of_it_when_the_job_has_matched(
    history, ten_for_one, ada, client_of
):
    regenerate(history)
    stands = doubled(ten_for_one.pk, ada)
    assert held() == 20
    client = client_of(ada)
    [event] = client.get("/api/splits").json()["splits"][0]["history"]
    assert (event["pnl_before"], event["pnl_after"]) == ("60", None)
    assert event["books"][0]["rematching"] is True
    page = client.get(f"/splits/{stands.pk}/").content.decode()
    assert "when it is matched again" in page
    regenerate(history)
    assert (held(), btc(history)) == (4, 55)
    [event] = client.get("/api/splits").json()["splits"][0]["history"]
    assert (event["pnl_before"], event["pnl_after"]) == ("60", "60")


def test_a_job_that_was_killed_leaves_the_split_uncounted(
    history, ten_for_one, monkeypatch
):
    insert = pairs.insert

    def die(*args):
        insert(*args)
        raise SystemExit

    monkeypatch.setattr(regenerating, "insert", die)
    with pytest.raises(SystemExit):
        regenerate(history)
    assert (held(), btc(history)) == (2, 110)
    assert differences(history) == []
    monkeypatch.setattr(regenerating, "insert", insert)
    regenerate(history)
    assert (held(), btc(history)) == (20, 11)
    assert everything() == [1, 4, 1]


def test_what_was_known_is_told_with_the_split_from_its_recording_on(
    history, ten_for_one, ada, client_of, monkeypatch
):
    """The recording counts, not when the job came round to it; and no time is named
    that would tell the present answer, which lacks the split, again."""
    assert newest_recorded([history], timezone.now()) is None
    client = client_of(ada)
    at = ten_for_one.recorded_at
    monkeypatch.setattr("trades.queries.known_times.SETTLED_AFTER", timedelta(0))
    for known_at, quantity in ((at - timedelta(microseconds=1), "2"), (at, "20")):
        path = f"/api/portfolio/positions?known_at={known_at:%Y-%m-%dT%H:%M:%S.%fZ}"
        [position] = client.get(path).json()["positions"]
        assert position["size"] == quantity


def test_a_recording_is_later_than_the_last_though_the_clock_was_set_back(
    history, ten_for_one, ada, make_split
):
    ahead = timezone.now() + timedelta(hours=1)
    Split.objects.filter(pk=ten_for_one.pk).update(recorded_at=ahead)
    regenerate(history)
    second, _ = record_split(make_split(2, day=DAY + 1), ada)
    assert second.recorded_at > ahead
    assert (held(), btc(history)) == (20, 11)
    regenerate(history)
    assert held() == 40


def test_the_form_says_beforehand_that_it_will_wait(history, ada, client_of):
    split = {"symbol": "BTC-USD", "at": "2026-01-12T00:00", "scope": "own"}
    split |= {"numerator": "10", "denominator": "1", "step": "look"}
    page = client_of(ada).post("/splits/new/", split).content.decode()
    assert f"BTC-USD in {history.name}" in page
    assert "until a job has matched it again" in page
    assert not Split.objects.exists()

"""Facts too late to be matched at once: they wait, a job writes their pair anew and
switches it in, and until then they count nowhere."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.html import strip_tags

from kernel.errors import Conflict
from operations.models import JobRun
from portfolio.queries.books import every_book
from portfolio.queries.curves import ledger_states
from tests.trades.conftest import START
from trades.models import (
    Balance,
    Fill,
    FillEvent,
    Generation,
    ImportBatch,
    Lot,
    Match,
    Position,
    RoundTrip,
)
from trades.queries.trades import trade_detail
from trades.services import pairs, regenerating, waiting
from trades.services.amending import correct_fill, void_fill
from trades.services.attempts import unfinished
from trades.services.fills import book_fills
from trades.services.rebuilding import differences, rebuild
from trades.services.regenerating import regenerate
from trades.services.transfers import book_transfers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def short_limit(monkeypatch):
    monkeypatch.setattr(waiting, "MOST_AT_ONCE", 2)


@pytest.fixture
def history(ada, book, make_fill, make_move):
    """Six bought at 100, five sold at 110, one by one; never flat."""
    book_transfers([make_move("d1", "deposit", "USD", "1000")], ada)
    fills = [make_fill("b0", "buy", "6", "100", day=2)]
    fills += [make_fill(f"s{n}", "sell", "1", "110", day=3 + n) for n in range(5)]
    book_fills(fills, ada)
    return book


def usd():
    row = Balance.objects.get(currency="USD")
    return row.cash, row.realised


def late(make_fill, ada, **more):
    [fill] = book_fills([make_fill("late", "buy", "1", "80", day=1, **more)], ada).fills
    return Fill.objects.get(pk=fill.pk)


def everything():
    return [model.every.count() for model in (Lot, Match, RoundTrip)]


def test_a_late_fill_counts_nowhere_until_the_job_has_matched_again(
    history, ada, make_fill
):
    before = usd()
    fill = late(make_fill, ada)
    assert (fill.status, fill.becomes) == ("rematching", "booked")
    assert usd() == before == (1000 - 600 + 550, 50)
    assert Position.objects.get().quantity == 1
    assert differences(history) == []
    assert JobRun.objects.filter(job__name=waiting.JOB, key=str(history.pk)).exists()
    assert regenerate(history) == 1
    fill.refresh_from_db()
    assert (fill.status, fill.becomes) == ("booked", "")
    assert usd() == (before[0] - 80, 70)
    assert Position.objects.get().quantity == 2
    assert differences(history) == []
    assert everything() == [2, 5, 1]


def test_few_matches_are_matched_again_at_once(history, ada, make_fill, monkeypatch):
    monkeypatch.setattr(waiting, "MOST_AT_ONCE", 5)
    assert late(make_fill, ada).status == "booked"
    assert usd()[1] == 70


def test_what_comes_meanwhile_waits_with_it_and_joins_in_its_order(
    history, ada, make_fill
):
    late(make_fill, ada)
    [newest] = book_fills([make_fill("s9", "sell", "1", "120", day=9)], ada).fills
    assert Fill.objects.get(pk=newest.pk).status == "rematching"
    other = make_fill("e1", "buy", "1", "10", day=9, symbol="ETH-USD")
    assert book_fills([other], ada).fills[0].status == "booked"
    assert regenerate(history) == 2
    assert usd()[1] == 70 + 20
    assert differences(history) == []


def test_what_comes_while_the_job_writes_is_caught_up_with(
    history, ada, make_fill, monkeypatch
):
    late(make_fill, ada)
    insert = pairs.insert

    def busy(*args):
        insert(*args)
        if not Fill.objects.filter(external_id="s9").exists():
            book_fills([make_fill("s9", "sell", "1", "120", day=9)], ada)

    monkeypatch.setattr(regenerating, "insert", busy)
    assert regenerate(history) == 2
    assert usd()[1] == 70 + 20
    assert not Generation.objects.get().waits
    assert differences(history) == []


def test_a_void_that_comes_while_the_job_writes_makes_it_begin_again(
    history, ada, make_fill, monkeypatch
):
    late(make_fill, ada)
    insert, first = pairs.insert, Fill.objects.get(external_id="b0")

    def busy(*args):
        insert(*args)
        if not FillEvent.objects.exists():
            assert not void_fill(first.pk, "typed twice", ada).matched

    monkeypatch.setattr(regenerating, "insert", busy)
    assert regenerate(history) == 2
    event = FillEvent.objects.get()
    assert (event.pnl_before, event.pnl_after) == (60, 30 + 440)
    assert Fill.objects.get(pk=first.pk).status == "voided"
    assert differences(history) == []
    assert everything() == [1, 5, 1]


def test_a_void_waits_and_states_its_result_once(history, ada):
    first = Fill.objects.get(external_id="b0")
    amendment = void_fill(first.pk, "typed twice", ada)
    assert not amendment.matched
    first.refresh_from_db()
    assert (first.status, first.becomes) == ("booked", "voided")
    assert usd() == (950, 50)
    assert FillEvent.objects.get().pnl_after is None
    with pytest.raises(Conflict, match="is being matched again"):
        void_fill(first.pk, "again", ada)
    regenerate(history)
    assert FillEvent.objects.get().pnl_after == 550
    assert usd() == (1550, 550)
    assert differences(history) == []


def test_a_correction_waits_with_what_it_replaces(history, ada):
    first = Fill.objects.get(external_id="b0")
    amendment = correct_fill(first.pk, {"price": "90"}, "typo", ada)
    assert not amendment.matched
    assert amendment.fact.status == "rematching"
    assert usd() == (950, 50)
    regenerate(history)
    assert usd() == (1010, 100)
    assert FillEvent.objects.get().pnl_after == 120
    assert differences(history) == []


def test_a_job_that_was_killed_is_done_again_and_leaves_nothing(
    history, ada, make_fill, monkeypatch
):
    late(make_fill, ada)
    insert = pairs.insert

    def die(*args):
        insert(*args)
        raise SystemExit

    monkeypatch.setattr(regenerating, "insert", die)
    with pytest.raises(SystemExit):
        regenerate(history)
    assert everything() == [1 + 2, 5 + 5, 1 + 1]
    assert (Lot.objects.count(), Match.objects.count()) == (1, 5)
    assert usd()[1] == 50
    assert differences(history) == []
    monkeypatch.setattr(regenerating, "insert", insert)
    assert list(unfinished()) == [history]
    regenerate(history)
    assert usd()[1] == 70
    assert everything() == [2, 5, 1]
    assert list(unfinished()) == []
    assert differences(history) == []


def test_a_job_killed_after_the_switch_is_tidied_up(
    history, ada, make_fill, monkeypatch
):
    late(make_fill, ada)
    tidy = regenerating._tidy
    monkeypatch.setattr(regenerating, "_tidy", lambda book: None)
    regenerate(history)
    assert differences(history) == []
    assert everything() == [1 + 2, 5 + 5, 1 + 1]
    monkeypatch.setattr(regenerating, "_tidy", tidy)
    assert list(unfinished()) == [history]
    assert regenerate(history) == 0
    assert everything() == [2, 5, 1]


def test_the_next_fill_goes_on_from_the_new_generation(history, ada, make_fill):
    late(make_fill, ada)
    regenerate(history)
    book_fills([make_fill("s9", "sell", "2", "120", day=9)], ada)
    assert usd()[1] == 70 + 40
    assert not Position.objects.exists()
    assert differences(history) == []


def test_a_rebuild_while_a_pair_waits_loses_nothing(
    history, ada, make_fill, monkeypatch
):
    late(make_fill, ada)
    insert = pairs.insert

    def busy(*args):
        insert(*args)
        monkeypatch.setattr(regenerating, "insert", insert)
        rebuild(history)

    monkeypatch.setattr(regenerating, "insert", busy)
    regenerate(history)
    assert usd()[1] == 70
    assert differences(history) == []


def test_a_first_fill_that_turns_cash_into_lots_waits_with_them(
    ada, book, make_fill, make_move
):
    """BNB was cash that paid fees; its first fill, the oldest, makes it lots."""
    book_transfers([make_move("c1", "deposit", "BNB", "5", cost=Decimal(50))], ada)
    fills = [make_fill("b0", "buy", "6", "100", day=2)]
    fills += [
        make_fill(
            f"s{n}", "sell", "1", "110", day=3 + n, fee_currency="BNB", fee=Decimal(1)
        )
        for n in range(4)
    ]
    book_fills(fills, ada)
    book_fills([make_fill("n1", "buy", "1", "10", day=1, symbol="BNB-USD")], ada)
    while unfinished():
        regenerate(book)
    assert dict(Position.objects.values_list("instrument__symbol", "quantity")) == {
        "BTC-USD": 2,
        "BNB-USD": 2,
    }
    assert differences(book) == []


def test_the_page_and_the_curve_know(history, ada, make_fill, client):
    client.force_login(ada)
    state = ledger_states([book.pk for book in every_book()])[history.pk].facts
    fill = late(make_fill, ada)
    answer = client.get(f"/api/trades/{fill.pk}").json()
    assert (answer["status"], answer["realized_pnl"]) == ("rematching", None)
    assert client.get("/api/portfolio").json()["incomplete"] == {"recomputing": 1}
    waits = ledger_states([history.pk])[history.pk].facts
    regenerate(history)
    assert client.get("/api/portfolio").json()["incomplete"] == {}
    assert len({state, waits, ledger_states([history.pk])[history.pk].facts}) == 3
    detail = trade_detail(ada, fill.pk)
    assert detail is not None
    assert detail.lots


def test_nothing_later_than_the_last_flat_moment_is_counted(
    history, ada, make_fill, book
):
    book_fills([make_fill("s9", "sell", "1", "110", day=9)], ada)
    book_fills([make_fill("b9", "buy", "1", "110", day=12)], ada)
    at = START + timedelta(days=11)
    since = {Fill.objects.get(external_id="b0").instrument: at}
    assert not waiting.too_many(book, since)
    since = {instrument: at - timedelta(days=8) for instrument in since}
    assert waiting.too_many(book, since)


def test_a_preview_says_what_will_wait_and_what_is_booked_says_what_does(
    ada, history, client_of
):
    file = SimpleUploadedFile(
        "late.csv",
        b"symbol,side,quantity,price,executed_at\n"
        b"BTC-USD,buy,1,80,2020-01-01T00:00:00Z\n"
        b"ETH-USD,buy,1,5,2020-01-01T00:00:00Z\n",
    )
    client = client_of(ada)
    given = {"file": file, "book": history.name}
    looked = client.post("/trades/import/", given, follow=True)
    page = " ".join(strip_tags(looked.content.decode()).split())
    assert "Will wait: BTC-USD." in page
    assert not Generation.objects.filter(waits=True).exists()
    address = looked.redirect_chain[-1][0]
    client.post(f"{address}commit/", {})
    batch = ImportBatch.objects.get()
    path = f"/api/trades/imports/{batch.pk}"
    assert client.get(path).json()["waiting"] == ["BTC-USD"]
    regenerate(history)
    assert client.get(path).json()["waiting"] == []

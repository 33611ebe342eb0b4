"""Worths that come to a pair which is too long to be matched again at once: they are
written down, and count with its lots, fees and sums when a job has matched it anew."""

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from operations.models import JobRun
from portfolio.services.equity import rebuild
from tests.trades.conftest import START
from trades.domain.facts import NewPrice
from trades.models import (
    Balance,
    Fill,
    Generation,
    Lot,
    Match,
    Position,
    Price,
    RoundTrip,
    TransferLot,
    Valuation,
)
from trades.queries import unvalued
from trades.queries.known_times import newest_recorded
from trades.services import pairs, rebuilding, regenerating, waiting
from trades.services.amending import void_fill
from trades.services.attempts import unfinished
from trades.services.between_books import book_between, carry_on
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.healing import heal
from trades.services.prices import set_prices
from trades.services.rebuilding import differences
from trades.services.regenerating import regenerate
from trades.services.transfers import book_transfers

pytestmark = pytest.mark.django_db
DERIVED = (Lot, Match, RoundTrip, Position)
FIELDS = (rebuilding.LOT, rebuilding.MATCH[1:], rebuilding.TRIP, rebuilding.POSITION)


@pytest.fixture
def few_at_once(monkeypatch):
    monkeypatch.setattr(waiting, "MOST_AT_ONCE", 3)
    monkeypatch.setattr(unvalued, "PAGE", 2)


def history(ada, book, make_fill, make_move, *, lots=False):
    """Six bought at 100, four sold at 110 one by one, each for a fee of 0.01 BNB, which
    is cash unless the book has `lots` of it; interest of half a BTC nobody priced."""
    book_transfers([make_move("d1", "deposit", "USD", "2000")], ada)
    if lots:
        coins = make_fill("n", "buy", "1", "500", day=1, symbol="BNB-EUR")
        book_fills([replace(coins, book=book.name)], ada)
    fee = {"fee": Decimal("0.01"), "fee_currency": "BNB"}
    fills = [make_fill("b0", "buy", "6", "100", day=2, **fee)]
    fills += [
        make_fill(f"s{n}", "sell", "1", "110", day=3 + n, **fee) for n in range(4)
    ]
    book_fills(fills, ada)
    return book


@pytest.fixture
def bot(ada, book, make_fill, make_move, few_at_once):
    return history(ada, book, make_fill, make_move)


def rate(ada, price="300", day=0, symbol="BNB-USD"):
    at = START + timedelta(days=day)
    set_prices([NewPrice(symbol=symbol, at=at, price=Decimal(price), scope="own")], ada)


@pytest.fixture
def valued(bot, ada):
    """The rate came, and the job wrote down what every fee was worth."""
    rate(ada)
    assert heal(bot) == 5
    return bot


def fees(book):
    balance = Balance.objects.get(book=book, currency="USD")
    return balance.fees, balance.fees_missing


def state(book):
    """Everything derived, and what the fills say of their fees, without ids."""
    rows = []
    for model, names in zip(DERIVED, FIELDS, strict=True):
        columns = [re.sub("_id$", "__external_id", name) for name in names]
        mine = model._default_manager.filter(book=book)
        rows.append(sorted(map(str, mine.values_list("instrument", *columns))))
    kept = Fill.objects.filter(book=book).order_by("external_id")
    balances = Balance.objects.filter(book=book).order_by("currency")
    return [
        *rows,
        list(kept.values_list("external_id", "fee_value")),
        list(balances.values_list("currency", *rebuilding.BALANCE)),
    ]


def test_worths_are_written_down_and_count_nowhere_yet(valued):
    assert Valuation.objects.count() == 5
    assert set(Fill.objects.values_list("fee_value", flat=True)) == {None}
    assert fees(valued) == (0, 5)
    assert set(Lot.objects.values_list("reason", "fee")) == {("no_fx", 0)}
    assert differences(valued) == []
    assert JobRun.objects.filter(job__name=waiting.JOB).exists()
    assert list(unfinished()) == [valued]


def test_lots_fees_and_balances_change_together_when_the_job_has_matched(valued):
    assert regenerate(valued) == 0
    assert set(Fill.objects.values_list("fee_value", flat=True)) == {3}
    assert fees(valued) == (15, 0)
    assert set(Lot.objects.values_list("reason", "fee")) == {("", 3)}
    assert differences(valued) == []
    assert list(unfinished()) == []
    assert (heal(valued), regenerate(valued)) == (0, 0)


@pytest.mark.parametrize("lots", [False, True], ids=["cash", "lots"])
def test_it_comes_to_the_same_as_at_once(
    ada, book, make_fill, make_move, monkeypatch, lots
):
    """Where BNB are lots in EUR, their pair waits with the other, for both rates."""
    other = create_book(NewBook("ada-other", "USD"), ada)

    def fill(*args, **more):
        return make_fill(*args, **more | {"book": name})

    def move(*args, **more):
        return make_move(*args, **more | {"book": name})

    for each in (book, other):
        name = each.name
        history(ada, each, fill, move, lots=lots)
        book_transfers(
            [move("i", "interest", "ETH", "1", day=4, symbol="ETH-USD")], ada
        )
    rate(ada)
    rate(ada, "1.25", symbol="EUR-USD")
    rate(ada, "50", symbol="ETH-USD")
    assert heal(book) == 6
    monkeypatch.setattr(waiting, "MOST_AT_ONCE", 3)
    assert heal(other) == 6
    assert state(other) != state(book)
    assert differences(other) == []
    regenerate(other)
    assert state(other) == state(book)
    assert differences(book) == differences(other) == []


def test_the_answers_say_that_it_waits(valued, ada, client_of):
    client = client_of(ada)
    rebuild(valued.pk, timezone.now())
    summary = client.get("/api/portfolio").json()
    assert summary["incomplete"] == {"no_fx": 5, "recomputing": 1}
    assert summary["known_at"] is None
    regenerate(valued)
    rebuild(valued.pk, timezone.now())
    summary = client.get("/api/portfolio").json()
    assert summary["incomplete"] == {}
    assert summary["known_at"] is not None


def test_the_curve_and_the_portfolio_agree_throughout(valued, ada, client_of):
    client = client_of(ada)
    for step in (lambda: None, lambda: regenerate(valued)):
        step()
        rebuild(valued.pk, timezone.now())
        summary = client.get("/api/portfolio").json()
        performance = client.get("/api/performance?period=all").json()
        curve = client.get("/api/performance/equity-curve?period=all").json()
        assert curve["data"][-1]["equity"] == summary["total_equity"]
        assert performance["total_return"] == summary["total_pnl"]


def test_what_was_known_is_told_with_the_worths_from_their_recording_on(
    valued, ada, client_of, monkeypatch
):
    assert newest_recorded([valued], timezone.now()) is None
    monkeypatch.setattr("trades.queries.known_times.SETTLED_AFTER", timedelta(0))
    client = client_of(ada)
    first, last = (
        Valuation.objects.order_by(order)[0].recorded_at for order in ("id", "-id")
    )
    for known_at, missing in ((first - timedelta(microseconds=1), 5), (last, 0)):
        path = f"/api/portfolio?known_at={known_at:%Y-%m-%dT%H:%M:%S.%fZ}"
        incomplete = client.get(path).json()["incomplete"]
        assert incomplete.get("no_fx", 0) == missing


def test_what_comes_meanwhile_waits_and_joins(valued, ada, make_fill):
    fee = {"fee": Decimal("0.01"), "fee_currency": "BNB"}
    [sale] = book_fills([make_fill("s9", "sell", "1", "110", day=9, **fee)], ada).fills
    sale.refresh_from_db()
    assert sale.status == "rematching"
    assert differences(valued) == []
    assert regenerate(valued) == 1
    assert fees(valued) == (18, 0)
    assert differences(valued) == []


def test_a_fill_voided_meanwhile_takes_its_fee_along(valued, ada):
    void_fill(Fill.objects.get(external_id="s3").pk, "twice", ada)
    assert differences(valued) == []
    regenerate(valued)
    assert fees(valued) == (12, 0)
    assert differences(valued) == []


def test_a_rate_voided_before_the_job_ran_leaves_all_as_it_was(valued, ada):
    Price.objects.filter(symbol="BNB-USD").update(withdrawn_at=START)
    assert heal(valued) == 5
    regenerate(valued)
    assert fees(valued) == (0, 5)
    assert differences(valued) == []


def test_a_worth_that_comes_while_the_job_writes_makes_it_begin_again(
    valued, ada, monkeypatch
):
    insert = pairs.insert

    def busy(*args):
        insert(*args)
        if Price.objects.filter(price=200).exists():
            return
        Price.objects.filter(symbol="BNB-USD").update(withdrawn_at=START)
        rate(ada, "200", day=1)
        heal(valued)

    monkeypatch.setattr(regenerating, "insert", busy)
    regenerate(valued)
    assert fees(valued) == (10, 0)
    assert differences(valued) == []


@pytest.mark.parametrize("page", [1, 2])
def test_a_valuing_that_was_killed_is_done_again(bot, ada, monkeypatch, page):
    rate(ada)
    postpone, calls = waiting.postpone_market, []

    def die(*args):
        postpone(*args)
        calls.append(args)
        if len(calls) > page:
            raise SystemExit

    monkeypatch.setattr("trades.services.healing.postpone_market", die)
    with pytest.raises(SystemExit):
        heal(bot)
    assert differences(bot) == []
    assert Valuation.objects.count() == 2 * page
    regenerate(bot)
    assert fees(bot) == (3 * 2 * page, 5 - 2 * page)
    assert differences(bot) == []
    monkeypatch.setattr("trades.services.healing.postpone_market", postpone)
    assert heal(bot) == 5 - 2 * page
    regenerate(bot)
    assert fees(bot) == (15, 0)
    assert differences(bot) == []


def test_a_matching_that_was_killed_leaves_the_worths_uncounted(valued, monkeypatch):
    insert = pairs.insert

    def die(*args):
        insert(*args)
        raise SystemExit

    monkeypatch.setattr(regenerating, "insert", die)
    with pytest.raises(SystemExit):
        regenerate(valued)
    assert fees(valued) == (0, 5)
    assert differences(valued) == []
    monkeypatch.setattr(regenerating, "insert", insert)
    regenerate(valued)
    assert fees(valued) == (15, 0)
    assert differences(valued) == []


def test_few_matches_are_healed_at_once(bot, ada, monkeypatch):
    monkeypatch.setattr(waiting, "MOST_AT_ONCE", 100)
    rate(ada)
    assert heal(bot) == 5
    assert fees(bot) == (15, 0)
    assert not Generation.objects.filter(waits=True).exists()


# --- lots that came from an own book ----------------------------------------------------


@pytest.fixture
def vault(ada, book, make_fill, make_move, few_at_once):
    """Six BTC came here at 100 from the own book, and four were sold at 110."""
    vault = create_book(NewBook("ada-vault", "USD"), ada)
    book_fills([make_fill("f", "buy", "6", "100", day=2, book=book.name)], ada)
    move = make_move("t", "transfer", "BTC", "-6", day=5)
    book_between(replace(move, book=book.name, to_book=vault.name), ada)
    sales = [
        make_fill(f"s{n}", "sell", "1", "110", day=6 + n, book=vault.name)
        for n in range(4)
    ]
    book_fills(sales, ada)
    return vault


@pytest.fixture
def cheaper(vault, ada, book, make_fill):
    """One more turns out to have been bought before all of them, at 40."""
    late = make_fill("f0", "buy", "1", "40", day=1, book=book.name)
    book_fills([late], ada)
    assert carry_on(book) == 1


def cost(vault):
    return [row.cost for row in Match.objects.filter(book=vault).order_by("at")]


def test_other_lots_wait_for_the_job_where_they_went(vault, cheaper, book):
    assert cost(vault) == [100] * 4
    assert TransferLot.objects.count() == 1
    assert differences(vault) == differences(book) == []
    assert carry_on(book) == 0
    regenerate(vault)
    assert cost(vault) == [40, 100, 100, 100]
    assert TransferLot.objects.count() == 2
    assert differences(vault) == differences(book) == []
    assert (carry_on(book), list(unfinished())) == (0, [])


def test_lots_that_change_while_the_job_writes_make_it_begin_again(
    vault, cheaper, ada, book, make_fill, monkeypatch
):
    insert = pairs.insert

    def busy(*args):
        insert(*args)
        if not Fill.objects.filter(external_id="f00").exists():
            older = make_fill("f00", "buy", "1", "30", day=0.5, book=book.name)
            book_fills([older], ada)

    monkeypatch.setattr(regenerating, "insert", busy)
    regenerate(vault)
    assert cost(vault) == [30, 40, 100, 100]
    assert differences(vault) == differences(book) == []

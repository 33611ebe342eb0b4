"""One rule for exchange rates, whoever asks: booking, now, and through time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from trades.domain.facts import NewPrice
from trades.domain.rates import Mark, exchange_rate
from trades.models import Fill
from trades.queries.rates import BookRates, Rates, rate_histories
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.prices import set_prices

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def price(symbol, value, hours=0):
    return NewPrice(symbol=symbol, at=NOON + hours * HOUR, price=Decimal(value))


# prices (symbol, price, hours from noon), own fills likewise, and EUR in USD at noon
CASES = {
    "nothing is known": ([], [], None),
    "direct": ([("EUR-USD", "1.25", -1)], [], "1.25"),
    "inverse": ([("USD-EUR", "0.8", -1)], [], "1.25"),
    "at the very moment": ([("EUR-USD", "1.25", 0)], [], "1.25"),
    "later prices do not count": ([("EUR-USD", "1.25", 1)], [], None),
    "the newest not after": (
        [("EUR-USD", "1", -9), ("EUR-USD", "1.25", -1), ("EUR-USD", "2", 1)],
        [],
        "1.25",
    ),
    "a newer inverse": ([("EUR-USD", "2", -9), ("USD-EUR", "0.8", -1)], [], "1.25"),
    "a newer direct": ([("EUR-USD", "1.25", -1), ("USD-EUR", "0.5", -9)], [], "1.25"),
    "both at once": ([("EUR-USD", "1.25", -1), ("USD-EUR", "0.5", -1)], [], "1.25"),
    "a direct price of 0": ([("EUR-USD", "0", -1)], [], None),
    "an inverse price of 0": ([("USD-EUR", "0", -1)], [], None),
    "0 and an older inverse": (
        [("EUR-USD", "0", -1), ("USD-EUR", "0.8", -9)],
        [],
        "1.25",
    ),
    "an own fill": ([], [("EUR-USD", "1.25", -1)], "1.25"),
    "an own fill the other way": ([], [("USD-EUR", "0.8", -1)], "1.25"),
    "a later own fill": ([], [("EUR-USD", "1.25", 1)], None),
    "an own fill newer than a price": (
        [("EUR-USD", "2", -9)],
        [("EUR-USD", "1.25", -1)],
        "1.25",
    ),
    "a price newer than an own fill": (
        [("EUR-USD", "1.25", -1)],
        [("EUR-USD", "2", -9)],
        "1.25",
    ),
    "both at one time": ([("EUR-USD", "1.25", -1)], [("EUR-USD", "2", -1)], "1.25"),
    "a gift": ([("EUR-USD", "1.25", -9)], [("EUR-USD", "0", -1)], "1.25"),
    "a fill the other way newer than a price": (
        [("EUR-USD", "2", -9)],
        [("USD-EUR", "0.8", -1)],
        "1.25",
    ),
    "another pair": ([("GBP-USD", "1.25", -1)], [], None),
}


@pytest.fixture
def stored(request, ada, book, make_fill):
    prices, fills, expected = CASES[request.param]
    set_prices([price(*row) for row in prices], ada)
    for symbol, value, hours in fills:
        at = NOON + hours * HOUR
        book_fills(
            [make_fill(f"own {at}", "buy", "1", value, symbol=symbol, executed_at=at)],
            ada,
        )
    return None if expected is None else Decimal(expected)


@pytest.mark.django_db
@pytest.mark.parametrize("stored", CASES, indirect=True)
@pytest.mark.parametrize(
    "reader", ["booking", "booking long", "now", "loaded", "history"]
)
def test_every_reader_has_the_same_rate(reader, stored, book):
    rates = {
        "booking": lambda: BookRates(book, NOON, NOON).at("EUR", "USD", NOON),
        "booking long": lambda: BookRates(book, NOON - 99 * HOUR, NOON + 99 * HOUR).at(
            "EUR", "USD", NOON
        ),
        "now": lambda: Rates(NOON, [book]).rate(book.pk, "EUR", "USD"),
        "loaded": lambda: (
            Rates(NOON, [book])
            .load(["EUR", "USD", "GBP"], "USD")
            .rate(book.pk, "EUR", "USD")
        ),
        "history": lambda: rate_histories([book], ["EUR"], "USD")[book.pk].rate(
            "EUR", "USD", NOON
        ),
    }
    assert rates[reader]() == stored


@pytest.mark.django_db
@pytest.mark.parametrize("stored", CASES, indirect=True)
def test_a_fee_is_worth_what_the_rate_of_its_time_says(stored, ada, book, make_fill):
    fee = {"fee": Decimal(4), "fee_currency": "EUR", "executed_at": NOON}
    fill = book_fills([make_fill("f1", "buy", "1", "100", **fee)], ada).fills[0]
    assert fill.fee_value == (None if stored is None else 4 * stored)


@pytest.mark.django_db
@pytest.mark.parametrize("symbol", ["EUR-USD", "USD-EUR"])
def test_a_fee_and_the_portfolio_use_one_rate(symbol, ada, book, make_fill, client_of):
    set_prices([price(symbol, "0.5")], ada)
    fee = {"fee": Decimal(4), "fee_currency": "EUR", "executed_at": NOON}
    made = book_fills([make_fill("f1", "buy", "1", "100", **fee)], ada).fills[0]
    answer = client_of(ada).get("/api/portfolio").json()
    assert answer["implied_funding"] == "100"  # what the purchase lacked
    assert -Decimal(answer["cash_balance"]) == made.fee_value  # what the fee cost
    assert "no_fx" not in answer["incomplete"]


@pytest.mark.django_db
@pytest.mark.parametrize("together", [False, True], ids=["one by one", "together"])
def test_a_rate_is_the_same_however_its_fills_were_booked(
    together, ada, book, make_fill, client_of
):
    fee = {"fee": Decimal(4), "fee_currency": "EUR", "executed_at": NOON}
    fills = [
        make_fill("o", "buy", "9", "9", symbol="EUR-USD", executed_at=NOON - 2 * HOUR),
        make_fill("r", "buy", "9", "1.25", symbol="EUR-USD", executed_at=NOON - HOUR),
        make_fill("f", "buy", "1", "100", **fee),
        make_fill("l", "buy", "9", "9", symbol="EUR-USD", executed_at=NOON + HOUR),
    ]
    for new in [fills] if together else [[fill] for fill in fills]:
        book_fills(new, ada)
    assert Fill.objects.get(external_id="f").fee_value == 5
    assert "no_fx" not in client_of(ada).get("/api/portfolio").json()["incomplete"]


def rates_long_after(book):
    later = NOON + timedelta(days=400)
    histories = rate_histories([book], ["EUR"], "USD")
    return {
        Rates(later, [book]).rate(book.pk, "EUR", "USD"),
        BookRates(book, later, later).at("EUR", "USD", later),
        histories[book.pk].rate("EUR", "USD", later),
    }


@pytest.mark.django_db
def test_somebody_elses_fills_are_no_rate(ada, mallory, book, make_fill):
    create_book(NewBook("mallory-main", "USD"), mallory)
    book_fills([make_fill("m1", "buy", "1", "9", symbol="EUR-USD")], mallory)
    assert rates_long_after(book) == {None}


@pytest.mark.django_db
def test_a_voided_fill_is_no_rate(ada, book, make_fill):
    book_fills([make_fill("m1", "buy", "1", "9", symbol="EUR-USD")], ada)
    Fill.objects.update(status="voided")
    assert rates_long_after(book) == {None}


@pytest.mark.django_db
def test_an_own_price_is_no_rate_for_others(ada, mallory, book):
    create_book(NewBook("mallory-main", "USD"), mallory)
    set_prices([price("EUR-USD", "9")], mallory)
    assert rates_long_after(book) == {None}


@pytest.mark.django_db
def test_a_desk_price_is_a_rate_for_all_and_an_own_one_stands_before_it(
    ada, mallory, book, keeper
):
    theirs = create_book(NewBook("mallory-main", "USD"), mallory)
    set_prices([replace(price("EUR-USD", "2"), scope="desk")], keeper)
    set_prices([price("EUR-USD", "3")], ada)
    assert rates_long_after(book) == {Decimal(3)}
    assert rates_long_after(theirs) == {Decimal(2)}


@pytest.mark.django_db
@pytest.mark.parametrize("many", [1, 4])
def test_what_it_costs_to_ask(many, ada, book, django_assert_num_queries):
    set_prices([price("EUR-USD", "1.25", -1)], ada)
    books = [create_book(NewBook(f"b{i}", "USD"), ada) for i in range(many)]
    with django_assert_num_queries(3):
        rates = Rates(NOON, books).load(["EUR", "USD"], "USD")
        assert rates.convert(books[-1].pk, Decimal(2), "EUR", "USD") == Decimal("2.5")
    with django_assert_num_queries(0):
        assert rates.rate(books[0].pk, "EUR", "USD") == Decimal("1.25")
        assert rates.rate(books[0].pk, "USD", "USD") == 1
        same = Rates(NOON, books).load(["USD"], "USD")
        assert same.rate(books[0].pk, "USD", "USD") == 1
    nothing = BookRates(book, NOON, NOON + 50 * HOUR)
    with django_assert_num_queries(3):
        for hours in range(50):
            assert nothing.at("XXX", "USD", NOON + hours * HOUR) is None


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [("USD", "USD", "1"), ("EUR", "USD", "1.25"), ("USD", "EUR", "0.8")],
)
def test_the_rule_itself(source, target, expected):
    marks = {"EUR-USD": Mark(price=Decimal("1.25"), at=NOON)}
    rate = exchange_rate(source, target, marks.get)
    assert rate
    assert rate.value == Decimal(expected)
    assert exchange_rate("EUR", "CHF", marks.get) is None

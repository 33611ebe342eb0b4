"""What facts were worth at their time is kept beside them."""

from decimal import Decimal

import pytest

from tests.trades.conftest import START
from trades.domain.facts import NewPrice
from trades.models import Valuation
from trades.services.fills import book_fills
from trades.services.prices import set_prices

pytestmark = pytest.mark.django_db


@pytest.fixture
def euro(ada, book):
    """One EUR is 1.25 USD."""
    price = NewPrice(symbol="EUR-USD", at=START, price=Decimal("1.25"))
    set_prices([price], ada)


@pytest.mark.parametrize(
    ("fee", "currency", "worth"),
    [
        ("4", "EUR", [(5, "USD")]),
        ("4", "USD", []),
        ("0.5", "BTC", []),
        ("0", "EUR", []),
    ],
)
def test_a_fee_in_something_else_than_quote_and_base_is_valued(
    ada, make_fill, euro, fee, currency, worth
):
    fill = make_fill("f1", "buy", "2", "100", fee=Decimal(fee), fee_currency=currency)
    book_fills([fill], ada)
    assert [(row.value, row.currency) for row in Valuation.objects.all()] == worth


def test_a_fee_without_a_rate_has_no_value_yet(ada, book, make_fill):
    fill = make_fill("f1", "buy", "2", "100", fee=Decimal(1), fee_currency="CHF")
    book_fills([fill], ada)
    assert not Valuation.objects.exists()


def test_a_repeated_fill_is_valued_once(ada, make_fill, euro):
    fill = make_fill("f1", "buy", "2", "100", fee=Decimal(4), fee_currency="EUR")
    book_fills([fill], ada)
    book_fills([fill], ada)
    assert Valuation.objects.count() == 1

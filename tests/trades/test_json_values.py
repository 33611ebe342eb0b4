"""A body of JSON: what is a text, and what stands for nothing."""

import pytest

from tests.trades.test_refusals import BALANCE, PRICE, TRADE, TRANSFER, pointers

pytestmark = pytest.mark.django_db


@pytest.fixture
def post(client_of, ada):
    """post("/api/trades", {...}) -> (status, body), as Ada."""
    client = client_of(ada)

    def send(path, body):
        answer = client.post(path, body, content_type="application/json")
        return answer.status_code, answer.json()

    return send


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/api/trades", {**TRADE, "external_id": 7}, "/external_id"),
        ("/api/trades", {"trades": [TRADE, {**TRADE, "note": 1.5}]}, "/trades/1/note"),
        ("/api/transfers", {**TRANSFER, "strategy": 0}, "/strategy"),
        ("/api/balances", {**BALANCE, "asset": 1}, "/asset"),
        ("/api/prices", {"prices": [{**PRICE, "source": 3}]}, "/prices/0/source"),
        ("/api/trades/1/void", {"reason": 1}, "/reason"),
        ("/api/prices/1/void", {"reason": 1}, "/reason"),
        ("/api/balances/1/void", {"reason": 0}, "/reason"),
        ("/api/balances/1/correct", {"reason": 0, "amount": "1"}, "/reason"),
    ],
)
def test_a_number_is_no_text(post, book, path, body, pointer):
    """It was written out, so that 7 and "7" were one id and 1.50 lost its nought."""
    status, problem = post(path, body)
    assert (status, pointers(problem)) == (422, [pointer])


@pytest.mark.parametrize("nothing", [None, ""])
def test_what_a_trade_can_do_without_may_be_null_or_empty(post, book, nothing):
    left = dict.fromkeys(("fee", "note", "order_id", "liquidity", "strategy"), nothing)
    status, trade = post("/api/trades", {**TRADE, **left})
    assert (status, trade["fee"], trade["note"], trade["liquidity"]) == (
        201,
        "0",
        "",
        "",
    )

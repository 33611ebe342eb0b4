"""The figures of a two-year book equal sums that share no code with the product, for
each filter; and its tear sheet draws every chart."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.portfolio import two_years as told
from tests.portfolio.conftest import price
from trades.domain.facts import NewSplit
from trades.services.splits import record_split

NAMES = {"Main": True, "Side": False}  # whether it was emptied for a month
FILTERS = {
    "everything": {},
    "one book, emptied for a month": {"book": "Main"},
    "the other book": {"book": "Side"},
    "a strategy": {"strategy": "trend"},
    "a strategy of one book": {"strategy": "fade", "book": "Main"},
    "a symbol that was split": {"symbol": "AAPL-USD"},
    "a symbol that was sold short": {"symbol": "TSLA-USD", "book": "Side"},
    "strategy and symbol": {"strategy": "trend", "symbol": "BTC-USD"},
    "a year of days": {"from": told.day_of(180), "to": told.day_of(545)},
    "a strategy in a quarter": {
        "strategy": "fade",
        "from": told.day_of(500),
        "to": told.day_of(600),
    },
    "the days around the empty month": {
        "book": "Main",
        "from": told.day_of(380),
        "to": told.day_of(470),
    },
}


@pytest.fixture(scope="module")
def stories():
    return {
        name: told.story(name, 100_000, emptied=emptied)
        for name, emptied in NAMES.items()
    }


@pytest.fixture
def client(ada, client_of, record, stories):
    at = price("X", "1", told.at(told.SPLIT_ON, "00:00:00")).at
    record([], prices=told.prices(), allow_short=True, computed=False)
    record_split(
        NewSplit(symbol="AAPL-USD", at=at, numerator=told.RATIO, denominator=1), ada
    )
    for name, story in stories.items():
        record(
            story.fills, story.transfers, name=name, allow_short=True, computed=False
        )
    record([], name="Side")
    return client_of(ada)


def asked(client, query):
    last = {"to": told.day_of(told.LENGTH - 1).isoformat()}
    given = {name: str(value) for name, value in query.items()}
    found = client.get(
        "/api/performance", {**last, **given, "benchmark": "IDX-USD"}
    ).json()
    figures = {name: metric["value"] for name, metric in found["metrics"].items()}
    return {**figures, "pnl": found["total_return"]}


def expected(stories, query):
    books = [
        story for name, story in stories.items() if query.get("book", name) == name
    ]
    first = (query["from"] - told.FIRST).days if "from" in query else 0
    last = (query["to"] - told.FIRST).days if "to" in query else told.LENGTH - 1

    def holds(symbol: str, strategy: str) -> bool:
        wanted = (query.get("symbol", symbol), query.get("strategy", strategy))
        return bool(wanted == (symbol, strategy))

    whole = "symbol" not in query and "strategy" not in query
    return told.oracle(books, first, last, holds, whole=whole)


def test_every_figure_of_every_filter_equals_the_oracles(client, stories):
    compared = 0
    for what, query in FILTERS.items():
        found = asked(client, query)
        for name, value in expected(stories, query).items():
            assert found[name] is not None, (what, name)
            assert float(Decimal(found[name])) == pytest.approx(
                float(value), rel=1e-7, abs=1e-9
            ), (what, name)
            compared += 1
    assert compared > 200


def test_its_sheet_draws_every_chart_in_a_bounded_number_of_queries(
    client, django_assert_max_num_queries
):
    client.get("/performance/?period=all")
    with django_assert_max_num_queries(25):
        page = client.get("/performance/?period=all&benchmark=IDX-USD").content.decode()
    for name in (
        "equity",
        "distribution",
        "rolling",
        "exposure",
        "strategies",
        "trips",
    ):
        assert f'aria-labelledby="{name}-wide-t {name}-wide-d"' in page, name
    assert page.count("chart__spot--") <= 2 * 250
    assert "Net P&amp;L by hour of closing" in page

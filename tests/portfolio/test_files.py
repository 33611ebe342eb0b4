"""Every table as CSV: all rows, plain numbers, text that no spreadsheet runs."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from kernel.sheets import cell
from portfolio.pages.files import PERFORMANCE_FILES
from tests.csv_files import csv_rows
from tests.portfolio.conftest import deposit, fill, price
from tests.portfolio.test_portfolio_api import days_ago
from trades.domain.facts import NewBalance
from trades.services.statements import state_balance

D = Decimal


@pytest.fixture
def client(ada, client_of, record):
    record(
        [
            fill("a1", "buy", "2", "100", days_ago(30), strategy="=1+1"),
            fill("a2", "sell", "2", "93.123456789", days_ago(20), strategy="=1+1"),
            fill("b1", "sell", "3", "10", days_ago(9), symbol="ETH-USD"),
        ],
        [deposit("cash", "1000000", days_ago(40))],
        [price("ETH-USD", "0.00000001", days_ago(2))],
        allow_short=True,
    )
    return client_of(ada)


def read(client, name, **query):
    return csv_rows(
        client, f"/performance/files/{name}.csv", {"period": "all", **query}
    )


@pytest.mark.parametrize("name", PERFORMANCE_FILES)
def test_every_file_has_its_columns_in_each_row(client, name):
    for row in read(client, name, benchmark="ETH-USD"):
        assert list(row) == list(PERFORMANCE_FILES[name].columns)
        assert None not in row.values()


def test_days_are_whole_and_exact(client):
    days = read(client, "days")
    assert len(days) == 41
    told = client.get("/api/performance", {"period": "all"}).json()
    assert sum(D(day["pnl"]) for day in days) == D(told["total_return"])
    assert days[-1]["gross"] == "0.00000003"
    assert days[-1]["net"] == "-0.00000003"
    assert days[0]["paid_in"] == "1000000"


def test_figures_are_those_of_the_answer_with_their_reasons(client):
    told = client.get("/api/performance", {"period": "all"}).json()["metrics"]
    for row in read(client, "figures"):
        assert (row["value"] or None, row["reason"] or None) == (
            told[row["name"]]["value"],
            told[row["name"]]["reason"],
        )


def test_a_filter_holds_in_each_file(client):
    assert [row["symbol"] for row in read(client, "symbols", symbol="ETH-USD")] == [
        "ETH-USD"
    ]
    assert len(read(client, "round-trips", symbol="BTC-USD")) == 1
    assert read(client, "round-trips", symbol="ETH-USD") == []


def test_text_is_no_formula_and_a_loss_stays_a_number(client):
    [trip] = read(client, "round-trips")
    assert trip["strategy"] == "'=1+1"
    assert trip["net"] == "-13.753086422"


def test_positions_stand_in_their_file(client):
    [row] = csv_rows(client, "/portfolio/positions.csv")
    assert (row["symbol"], row["side"], row["quantity"]) == ("ETH-USD", "short", "-3")
    assert row["mark"] == "0.00000001"


def test_lots_stand_in_their_file_with_what_opened_them(client):
    [row] = csv_rows(client, "/portfolio/lots.csv")
    assert (row["symbol"], row["side"]) == ("ETH-USD", "short")
    assert (row["remaining_quantity"], row["remaining_amount"]) == ("3", "30")
    assert row["trade_external_id"] == "b1"
    assert csv_rows(client, "/portfolio/lots.csv", {"symbol": "BTC-USD"}) == []
    assert client.get("/portfolio/lots.csv?book=nobody's").status_code == 404


def test_every_stated_balance_stands_beside_what_was_booked(client, ada):
    for amount in ("-3", "-2.999999999999999999"):
        said = NewBalance(
            asset="ETH", amount=D(amount), at=timezone.now(), book="Main", source=amount
        )
        state_balance(said, ada)
    rows = csv_rows(client, "/portfolio/reconciliation/balances.csv")
    told = {row["stated"]: (row["booked"], row["difference"]) for row in rows}
    assert told == {
        "-3": ("-3", "0"),
        "-2.999999999999999999": ("-3", "0.000000000000000001"),
    }


def test_hours_and_strategies_add_up_to_the_round_trips_and_the_profit(client):
    nets = [D(row["net"]) for row in read(client, "round-trips")]
    assert sum(D(row["net"]) for row in read(client, "hours")) == sum(nets) != 0
    days = read(client, "days")
    parts = [D(row["pnl"]) for row in read(client, "strategy-days")]
    assert sum(parts) == sum(D(day["pnl"]) for day in days)


def test_pages_lead_to_their_files(client):
    page = client.get("/portfolio/").content.decode()
    position = page.partition('href="/portfolio/positions/')[2].partition('"')[0]
    lots = client.get(f"/portfolio/positions/{position}").content.decode()
    assert "&amp;symbol=ETH-USD" in lots
    assert "/portfolio/lots.csv?book=" in lots
    stated = client.get("/portfolio/reconciliation/?book=Main").content.decode()
    assert "/portfolio/reconciliation/balances.csv?book=Main" in stated


def test_a_file_that_there_is_not_is_a_404(client):
    assert client.get("/performance/files/nothing.csv").status_code == 404


def test_the_page_leads_to_each_of_them(client):
    page = client.get("/performance/?period=all&book=Main").content.decode()
    for name in set(PERFORMANCE_FILES):
        assert f"/performance/files/{name}.csv?period=all&amp;book=Main" in page, name


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (D("-1E+3"), "-1000"),
        (D("1E-8"), "0.00000001"),
        (-1, "-1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("plain, with comma", "plain, with comma"),
        (True, "true"),
        ({"commit": "=1", "n": 2}, "commit =1, n 2"),
    ],
)
def test_a_cell_reads(value, shown):
    assert cell(value) == shown

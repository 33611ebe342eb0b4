"""Every table as CSV: all rows, plain numbers, text that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest

from kernel.sheets import cell
from portfolio.pages.files import PERFORMANCE_FILES
from tests.portfolio.conftest import deposit, fill, price
from tests.portfolio.test_portfolio_api import days_ago

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


def rows_of(answer):
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer["Content-Disposition"]
    content = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(content)))


def read(client, name, **query):
    return rows_of(
        client.get(f"/performance/files/{name}.csv", {"period": "all", **query})
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
    [row] = rows_of(client.get("/portfolio/positions.csv"))
    assert (row["symbol"], row["side"], row["quantity"]) == ("ETH-USD", "short", "-3")
    assert row["mark"] == "0.00000001"


def test_a_file_that_there_is_not_is_a_404(client):
    assert client.get("/performance/files/nothing.csv").status_code == 404


def test_the_page_leads_to_each_of_them(client):
    page = client.get("/performance/?period=all&book=Main").content.decode()
    for name in set(PERFORMANCE_FILES) - {"rolling"}:
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
    ],
)
def test_a_cell_reads(value, shown):
    assert cell(value) == shown

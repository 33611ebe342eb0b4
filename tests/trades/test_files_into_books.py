"""A small file of each format, booked by a client and on the page, and the portfolio
that it makes, worked out by hand; and what is entered beside files."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kernel.numbers import text
from tests.domain.test_activities_format import activity
from tests.domain.test_binance_format import HEAD as BINANCE
from tests.domain.test_binance_format import row
from tests.domain.test_ccxt_format import trade
from tests.domain.test_coinbase_format import HEAD as COINBASE
from tests.domain.test_freqtrade_format import export, ladder
from tests.domain.test_kraken_format import HEAD as KRAKEN
from trades.models import Book, Fill, Transfer
from trades.services.rebuilding import differences

pytestmark = pytest.mark.django_db
# Bought 2 for 2,000 and 5, so that one costs 1,002.50; one sold for 1,200 less 3.
KRAKEN_FILE = "\n".join(
    [
        KRAKEN,
        "T1,O1,XETHZEUR,2026-02-03 04:05:06.7,buy,limit,1000,2000,5,2,0,,L1",
        "T2,O2,XETHZEUR,2026-02-04 04:05:06,sell,limit,1200,1200,3,1,0,,L2",
    ]
)
# The fee of 0.1 BNB is worth 30 and leaves a lot that cost 30.
BINANCE_FILE = "\n".join(
    [
        BINANCE,
        row("Deposit", "USDT", "1000"),
        row("Transaction Buy", "BNB", "2", 2),
        row("Transaction Spend", "USDT", "-600", 2),
        row("Transaction Buy", "SOL", "2", 3),
        row("Transaction Spend", "USDT", "-300", 3),
        row("Transaction Fee", "BNB", "-0.1", 3),
    ]
)
# Of 2.5 bought for 250 half a coin is the fee: 2 are there, at 125 each.
BOUGHT = {"amount": 2.5, "price": 100, "cost": 250}
SOLD = {"id": "n2", "side": "sell", "amount": 1, "price": 160, "cost": 160}
CCXT_FILE = json.dumps(
    [
        trade(**BOUGHT, fee={"cost": 0.5, "currency": "SOL"}),
        trade(
            **SOLD,
            timestamp=1767409445678,
            datetime="2026-01-03T03:04:05.678Z",
            fee={"cost": 0.5, "currency": "USDC"},
        ),
    ]
)
# 4 for 40 and 2: one of them, 10.50, is sold for 13 less 1.
ACTIVITIES_FILE = json.dumps(
    {
        "activities": [
            activity(quantity=4, unitPrice=10, fee=2),
            activity(type="SELL", quantity=1, unitPrice=13, date="2026-02-01T10:00Z"),
            activity(
                type="DIVIDEND",
                quantity=2,
                unitPrice=0.5,
                fee=0,
                date="2026-02-02T10:00Z",
            ),
            activity(
                type="FEE",
                symbol="Depot",
                quantity=0,
                unitPrice=0,
                fee=6.5,
                date="2026-02-03T10:00Z",
            ),
        ]
    }
)
DAYS = [f"2026-01-0{day}T00:00:00Z" for day in range(1, 6)]
# 4 for 400 and 4; a reward of one, worth 100; two of the first leave, worth 200.
COINBASE_FILE = "\n".join(
    [
        COINBASE,
        f"default,deposit,{DAYS[0]},1000,1000,USD,d1,,",
        f"default,match,{DAYS[1]},-400,600,USD,,7,o1",
        f"default,match,{DAYS[1]},4,4,BTC,,7,o1",
        f"default,fee,{DAYS[1]},-4,596,USD,,7,o1",
        f"default,reward,{DAYS[2]},1,5,BTC,r1,,",
        f"default,withdrawal,{DAYS[3]},-2,3,BTC,w1,,",
    ]
)
FREQTRADE_FILE = export(ladder(), starting_balance=1000)
NAMES = (
    "cash_balance",
    "implied_funding",
    "realized_pnl",
    "unrealized_pnl",
    "income",
    "transferred",
    "total_pnl",
    "total_equity",
)
FILES = {
    "kraken.csv": (
        KRAKEN_FILE,
        "EUR",
        (2, 0),
        [("ETH-EUR", "1", "1002.5")],
        ("1197", "2005", "194.5", "197.5", "0", "0", "392", "2397"),
    ),
    "binance.csv": (
        BINANCE_FILE,
        "USDT",
        (2, 1),
        [("BNB-USDT", "1.9", "570"), ("SOL-USDT", "2", "330")],
        ("100", "0", "0", "-30", "0", "0", "-30", "970"),
    ),
    "ccxt.json": (
        CCXT_FILE,
        "USDC",
        (2, 0),
        [("SOL-USDC", "1", "125")],
        ("159.5", "250", "34.5", "35", "0", "0", "69.5", "319.5"),
    ),
    "activities.json": (
        ACTIVITIES_FILE,
        "EUR",
        (2, 2),
        [("OAK", "3", "31.5")],
        ("6.5", "42", "1.5", "7.5", "-5.5", "0", "3.5", "45.5"),
    ),
    "coinbase.csv": (
        COINBASE_FILE,
        "USD",
        (1, 3),
        [("BTC-USD", "3", "302")],
        ("596", "0", "0", "-2", "100", "-2", "96", "896"),
    ),
    "freqtrade.json": (
        FREQTRADE_FILE,
        "USDT",
        (4, 1),
        [],
        ("1020.676", "0", "20.676", "0", "0", "0", "20.676", "1020.676"),
    ),
}


def by_client(client, name, content, **fields):
    file = SimpleUploadedFile(name, content.encode())
    answer = client.post("/api/trades/import", {"file": file, "book": "own", **fields})
    return answer.status_code, answer.json()


def on_the_page(client, name, content):
    file = SimpleUploadedFile(name, content.encode())
    given = {"file": file, "book": "own"}
    looked = client.post("/trades/import/", given, follow=True)
    assert looked.status_code == 200
    assert not Fill.objects.exists()
    return client.post(f"{looked.redirect_chain[-1][0]}commit/", {}, follow=True)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("way", ["client", "page"])
def test_a_file_makes_its_book(ada, client_of, name, way):
    content, base, facts, held, figures = FILES[name]
    client = client_of(ada)
    if way == "client":
        assert by_client(client, name, content)[0] == 201
    else:
        assert on_the_page(client, name, content).status_code == 200
    assert (Fill.objects.count(), Transfer.objects.count()) == facts
    answer = client.get("/api/portfolio?book=own").json()
    assert answer["base_currency"] == base
    assert tuple(answer[figure] for figure in NAMES) == figures
    assert answer["incomplete"] == {}
    positions = client.get("/api/portfolio/positions?book=own").json()["positions"]
    told = [(row["symbol"], row["size"], row["cost"]) for row in positions]
    assert sorted(told) == held
    assert differences(Book.objects.get()) == []
    again = by_client(client, name, content)
    assert (again[0], again[1]["new"]) == (200, 0)


def test_what_a_statement_lacks_books_nothing_unless_ticked(ada, client_of):
    """50 went out that no row tells of: they part at the trade behind it."""
    gap = COINBASE_FILE.replace("-400,600,", "-400,550,").replace("-4,596,", "-4,546,")
    client = client_of(ada)
    status, problem = by_client(client, "coinbase.csv", gap)
    assert status == 422
    assert "line 3" in json.dumps(problem)
    assert not Fill.objects.exists()
    assert by_client(client, "coinbase.csv", gap, accept_differences="true")[0] == 201
    assets = client.get("/api/portfolio/reconciliation").json()["assets"]
    [usd] = [row for row in assets if row["asset"] == "USD"]
    assert (usd["booked"], usd["stated"], usd["difference"]) == ("596", "546", "-50")
    assert usd["parts_at"]["external_id"] == "coinbase:7"


def test_coins_that_came_before_a_split_are_sold_behind_it(ada, client_of, book):
    """Two worth 200 each for 300; ten for one; five sold at 25."""
    client = client_of(ada)

    def post(path, **body):
        answer = client.post(f"/api/{path}", body, content_type="application/json")
        assert answer.status_code == 201, answer.content

    post(
        "prices",
        prices=[{"symbol": "FIG-USD", "at": DAYS[0], "price": "200"}],
    )
    post(
        "transfers",
        external_id="in",
        kind="deposit",
        asset="FIG",
        symbol="FIG-USD",
        amount="2",
        cost="300",
        at=DAYS[1],
    )
    post("splits", symbol="FIG-USD", at=DAYS[2], numerator=10, denominator=1)
    post(
        "trades",
        external_id="out",
        symbol="FIG-USD",
        side="sell",
        quantity="5",
        price="25",
        executed_at=DAYS[3],
    )
    answer = client.get("/api/portfolio").json()
    figures = ("125", "0", "50", "150", "0", "-100", "100", "500")
    assert tuple(answer[figure] for figure in NAMES) == figures
    [held] = client.get("/api/portfolio/positions").json()["positions"]
    assert (held["size"], held["cost"], held["current_price"]) == ("15", "225", "25")
    assert text(Transfer.objects.get().amount) == "2"
    assert differences(book) == []

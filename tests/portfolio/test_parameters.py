"""What a query may say, and how anything else is refused: never ignored."""

from __future__ import annotations

import pytest

from tests.portfolio.conftest import deposit, fill, price
from tests.portfolio.test_portfolio_api import days_ago
from trades.models import Book

URN = "urn:rrr:problem"
PAGED = {"limit", "cursor"}
RANGE = {
    "period",
    "from",
    "to",
    "book",
    "strategy",
    "symbol",
    "benchmark",
    "known_at",
}
RANGED = [
    "performance",
    "performance/monthly",
    "performance/drawdowns",
    "performance/by-strategy",
    "performance/by-symbol",
]
ALL = [
    "portfolio",
    "portfolio/positions",
    "portfolio/lots",
    "portfolio/allocation",
    "portfolio/reconciliation",
    *RANGED,
    "performance/equity-curve",
    "stats",
]
# What each of them knows; the rest of the names is refused there.
KNOWN = {
    "portfolio": {"book", "strategy", "known_at"},
    "portfolio/positions": {"book", "strategy", "known_at", *PAGED},
    "portfolio/lots": {"book", "symbol", *PAGED},
    "portfolio/allocation": {"book", "known_at", *PAGED},
    "portfolio/reconciliation": {"book", *PAGED},
    **{path: {*RANGE, *PAGED} for path in RANGED},
    "performance": RANGE,
    "performance/equity-curve": {
        "period",
        "from",
        "to",
        "book",
        "interval",
        "known_at",
    },
    "stats": set(),
}
NAMES = {
    "book": "Main",
    "strategy": "trend",
    "symbol": "BTC-USD",
    "period": "30d",
    "from": "2026-01-01",
    "to": "2026-01-31",
    "interval": "1h",
    "limit": "3",
    "cursor": "",
    "as_of": "2026-01-01T00:00:00Z",
    "known_at": "2026-01-01T00:00:00Z",
    "benchmark": "BTC-USD",
    "offset": "0",
}


@pytest.fixture
def client(ada, client_of, record):
    record(
        [
            fill("f1", "buy", "2", "100", days_ago(3), strategy="trend"),
            fill("f2", "buy", "3", "10", days_ago(2), symbol="ETH-USD"),
        ],
        [deposit("d1", "1000", days_ago(4))],
        [price("BTC-USD", "130", days_ago(1))],
    )
    return client_of(ada)


@pytest.mark.parametrize("path", ALL)
def test_a_parameter_is_known_or_refused(client, path):
    for name, given in NAMES.items():
        answer = client.get(f"/api/{path}", {name: given})
        if name in KNOWN[path]:
            assert answer.status_code == 200, name
            continue
        problem = answer.json()
        assert answer.status_code == 400, name
        assert problem["type"] == f"{URN}:unknown_parameter"
        assert problem["errors"] == [
            {"pointer": f"?{name}", "code": "unknown", "detail": "not known here"}
        ]


NO_PERIODS = {
    "not one of ours": "2d",
    "capital letters": "30D",
    "a number": "30",
    "two of them": "1h,4h",
    "a space before": " all",
    "other letters": "ällé",
}


@pytest.mark.parametrize("path", [*RANGED, "performance/equity-curve"])
def test_a_period_is_one_of_the_table(client, path):
    for what, given in NO_PERIODS.items():
        answer = client.get(f"/api/{path}", {"period": given})
        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (400, f"{URN}:period"), what
        assert problem["errors"][0]["pointer"] == "?period"
        assert "1h, 4h, 1d, 7d, 30d, 90d, wtd, ytd, 1y, all" in problem["detail"]


@pytest.mark.parametrize("given", ["1m", "1D", "60", "1d,1h", "day"])
def test_an_interval_is_one_of_the_table(client, given):
    answer = client.get("/api/performance/equity-curve", {"interval": given})
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (400, f"{URN}:interval")
    assert problem["errors"][0]["pointer"] == "?interval"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param({}, ("30d", "1d"), id="nothing said"),
        pytest.param({"period": "", "interval": ""}, ("30d", "1d"), id="said empty"),
        pytest.param({"period": "7d"}, ("7d", "1d"), id="a period"),
        pytest.param({"interval": "4h"}, ("30d", "4h"), id="an interval"),
    ],
)
def test_without_words_the_curve_is_of_thirty_days(client, query, expected):
    found = client.get("/api/performance/equity-curve", query).json()
    assert (found["period"], found["interval"]) == expected


NO_BOOKS = {
    "no such name": "Nobody's",
    "no such id": "999999",
    "an id beyond every database": "9" * 40,
    "another case": "main",
    "a sign": "-1",
    "SQL": "' OR 1=1 --",
}


@pytest.mark.parametrize("path", [path for path in ALL if "book" in KNOWN[path]])
def test_a_book_that_is_not_there_is_a_404(client, path):
    for what, given in NO_BOOKS.items():
        answer = client.get(f"/api/{path}", {"book": given})
        refused = (answer.status_code, answer.json()["type"])
        assert refused == (404, f"{URN}:book"), what


@pytest.mark.parametrize("path", ["/portfolio/", "/performance/"])
def test_a_page_of_a_book_that_is_not_there_is_a_404(client, path):
    assert client.get(path, {"book": "Nobody's"}).status_code == 404


@pytest.mark.parametrize("by", ["id", "name"])
def test_a_book_is_named_by_id_or_name(client, by):
    book = Book.objects.get()
    found = client.get("/api/portfolio", {"book": book.pk if by == "id" else "Main"})
    assert found.json()["positions_count"] == 2


@pytest.mark.parametrize("given", ["0", "501", "-1", "1.5", "ten", "", "٣"])
def test_a_limit_is_one_to_five_hundred(client, given):
    answer = client.get("/api/portfolio/lots", {"limit": given})
    assert (answer.status_code, answer.json()["type"]) == (400, f"{URN}:limit")


@pytest.mark.parametrize("given", ["x", "????", "W10", "WzEsMl0", "e30"])
def test_a_cursor_is_one_of_ours(client, given):
    answer = client.get("/api/portfolio/lots", {"cursor": given})
    assert (answer.status_code, answer.json()["type"]) == (400, f"{URN}:cursor")


def test_lots_are_paged_without_loss(client):
    first = client.get("/api/portfolio/lots", {"limit": 1})
    second = client.get(
        "/api/portfolio/lots", {"limit": 1, "cursor": first.json()["next_cursor"]}
    )
    symbols = [page.json()["lots"][0]["symbol"] for page in (first, second)]
    assert symbols == ["ETH-USD", "BTC-USD"]
    assert second.json()["next_cursor"] is None
    assert 'rel="next"' in first["Link"]
    assert "Link" not in second


@pytest.mark.parametrize(
    ("path", "query", "noun"),
    [
        ("portfolio/positions", {"strategy": "nobody's"}, "positions"),
        ("portfolio/lots", {"symbol": "NO-SUCH"}, "lots"),
        ("performance/drawdowns", {"symbol": "NO-SUCH"}, "drawdowns"),
    ],
)
def test_a_name_that_nothing_has_is_an_empty_list(client, path, query, noun):
    assert client.get(f"/api/{path}", query).json()[noun] == []


@pytest.mark.parametrize("query", [{"strategy": "nobody's"}, {"symbol": "NO-SUCH"}])
def test_performance_of_what_is_not_there_earned_nothing(client, query):
    found = client.get("/api/performance", {"period": "all", **query}).json()
    assert (found["total_return"], found["total_trades"]) == ("0", 0)
    assert found["metrics"]["win_rate"]["reason"] == "no_trades"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_answers_are_only_read(client, method):
    for path in ALL:
        answer = getattr(client, method)(f"/api/{path}")
        assert answer.status_code in {403, 405}, path


@pytest.mark.parametrize("given", ["2d", "", "ALL", "<script>"])
def test_a_page_shows_the_year_for_a_range_it_does_not_know(client, given):
    page = client.get("/performance/", {"period": given}).content.decode()
    assert "/api/performance?period=1y" in page
    assert "<script>" not in page.split("<main")[1].split("</main")[0]


def test_a_page_keeps_what_was_chosen_in_every_link(client):
    page = client.get(
        "/performance/", {"period": "all", "book": "Main", "strategy": "trend"}
    ).content.decode()
    assert "?period=7d&amp;book=Main&amp;strategy=trend" in page
    assert "/api/performance?period=all&amp;book=Main&amp;strategy=trend" in page
    assert (
        "/performance/metrics/sharpe/?period=all&amp;book=Main&amp;strategy=trend"
        in page
    )

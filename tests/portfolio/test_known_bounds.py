"""As known at a time: which times may be asked for, how much is told again, what pages
keep of it, and the time that an answer names."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from portfolio.services import equity
from tests.portfolio.conftest import deposit, fill, price
from tests.portfolio.test_known_at import JADE, make_desk, moment, move
from tests.portfolio.test_portfolio_api import days_ago
from trades.models import Fill, Price
from trades.queries.known_times import known_time, newest_recorded
from trades.services.fills import book_fills
from trades.services.mending_prices import void_price


@pytest.fixture(autouse=True)
def settled_at_once(monkeypatch):
    """Nobody else writes here: what was recorded is settled (see known_times)."""
    monkeypatch.setattr("trades.queries.known_times.SETTLED_AFTER", timedelta())


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2026-01-02T03:04:05.123456Z", 'type="text"'),
        ("2026-01-02T03:04:05.120000Z", 'type="datetime-local"'),
        ("2026-01-02T03:04:05Z", 'type="datetime-local"'),
        ("2026-01-02", 'type="datetime-local"'),
    ],
)
@pytest.mark.parametrize("page", ["portfolio", "performance"])
def test_the_field_asks_for_the_very_time_again(
    ada, client_of, record, page, at, shown
):
    record([])
    html = client_of(ada).get(f"/{page}/", {"known_at": at}).content.decode()
    field = html[html.index('id="known-at"') :].partition(">")[0]
    assert shown in field
    value = field.partition('value="')[2].partition('"')[0]
    assert known_time(value, timezone.now()) == known_time(at, timezone.now())


def test_every_link_to_more_of_it_is_of_the_same_time(ada, client_of, record):
    """Periods, parts, other books and JSON: none leads to what is known now."""
    record(
        [fill("f", "buy", "1", "100", days_ago(2), strategy="trend")],
        [deposit("d", "900", days_ago(3))],
    )
    asked = {"known_at": moment(), "book": "Main", "strategy": "trend"}
    client = client_of(ada)
    pages = {
        "/performance/": [],
        "/performance/metrics/sharpe/": [],
        "/portfolio/": ["/api/portfolio/positions"],
    }
    for path, also in pages.items():
        html = client.get(path, asked).content.decode()
        main = html[html.index("<main") : html.index("</main>")]
        links = re.findall(r'href="([^"]*)"', main)
        mine = [
            link
            for link in links
            if link.startswith(("?", "/performance", "/api/performance", *also))
        ]
        assert mine
        [now] = [link for link in mine if "known_at" not in link]  # "as known now"
        assert now.startswith("?")


def test_what_may_still_change_is_refused_with_when_to_ask_again(
    ada, client_of, record, monkeypatch
):
    record([])
    monkeypatch.setattr(
        "trades.queries.known_times.SETTLED_AFTER", timedelta(seconds=60)
    )
    young = (timezone.now() - timedelta(seconds=20)).isoformat()
    old = (timezone.now() - timedelta(seconds=61)).isoformat()
    for path in ("portfolio", "portfolio/positions", "performance", "trades"):
        answer = client_of(ada).get(f"/api/{path}", {"known_at": young})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "?known_at"
        assert 0 < int(answer["Retry-After"]) <= 41
        assert client_of(ada).get(f"/api/{path}", {"known_at": old}).status_code == 200
    page = client_of(ada).get("/portfolio/", {"known_at": young})
    assert page.status_code == 422
    assert "is too recent" in page.content.decode()


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("trades.queries.known_sizes.MOST_FACTS", "trades and transfers"),
        ("portfolio.queries.sizes.MOST_PRICES", "prices"),
        ("portfolio.queries.sizes.MOST_VALUES", "days times holdings"),
    ],
)
def test_whatever_makes_it_long_is_bounded_and_named(
    ada, client_of, record, monkeypatch, limit, said
):
    """Two transfers, two prices, or five days of one holding and one currency."""
    record(
        [fill("f", "buy", "1", "100", days_ago(1))],
        [deposit("d", "900", days_ago(4)), deposit("e", "1", days_ago(3))],
        [price("BTC-USD", "1", days_ago(3)), price("BTC-USD", "2", days_ago(2))],
    )
    most = {"MOST_FACTS": 3, "MOST_PRICES": 2, "MOST_VALUES": 15}[limit.split(".")[-1]]
    for bound, status in ((most, 200), (most - 1, 422)):
        monkeypatch.setattr(limit, bound)
        answer = client_of(ada).get("/api/performance", {"known_at": moment()})
        assert answer.status_code == status, answer.content
    assert said in answer.json()["detail"]


def test_a_sender_counts_with_what_it_sent_alone(ada, client_of, record, monkeypatch):
    """Vault is told however much Main trades of something else."""
    desk = make_desk(ada, "ada")
    for number in range(5):
        desk.add(
            f"x{number}",
            fill(f"x{number}", "buy", "1", "5", days_ago(9), symbol="ONYX-USD"),
        )
    desk.add("f", fill("f", "buy", "3", "40", days_ago(8), symbol=JADE))
    desk.add("p", price(JADE, "40", days_ago(8)))
    desk.add("t", move("t", "transfer", "JADE", "-2", 3, to_book="the vault"))
    desk.settle()
    at, client = moment(), client_of(ada)
    told = client.get("/api/portfolio", {"book": desk.vault.name}).json()
    monkeypatch.setattr("trades.queries.known_sizes.MOST_FACTS", 3)
    again = client.get("/api/portfolio", {"book": desk.vault.name, "known_at": at})
    assert again.status_code == 200
    assert again.json()["total_equity"] == told["total_equity"] == "80"
    monkeypatch.setattr("trades.queries.known_sizes.MOST_FACTS", 2)
    again = client.get("/api/portfolio", {"book": desk.vault.name, "known_at": at})
    assert again.status_code == 422


@pytest.mark.parametrize("path", ["portfolio", "performance"])
def test_an_answer_names_the_time_at_which_it_is_told_again(
    ada, client_of, record, path
):
    record(
        [fill("f", "buy", "1", "100", days_ago(2))],
        [deposit("d", "900", days_ago(3))],
        [price("BTC-USD", "130", days_ago(1))],
    )
    client = client_of(ada)
    first = client.get(f"/api/{path}").json()
    newest = max(
        at
        for rows in (Fill.objects.all(), Price.objects.all())
        for at in rows.values_list("recorded_at", flat=True)
    )
    assert first["known_at"] == newest.isoformat().replace("+00:00", "Z")
    void_price(Price.objects.get().pk, "a typo", ada)
    book_fills([fill("g", "buy", "1", "77", days_ago(1), book="Main")], ada)
    equity.catch_up(timezone.now())
    second = client.get(f"/api/{path}").json()
    assert second["known_at"] > first["known_at"]
    again = client.get(f"/api/{path}", {"known_at": first["known_at"]}).json()
    for answer in (first, second, again):
        for name in ("timestamp", "as_of"):
            answer.pop(name, None)
    assert again == first
    assert again != second


@pytest.mark.parametrize("path", ["portfolio", "performance"])
def test_while_days_are_missing_no_time_tells_the_same(ada, client_of, record, path):
    record([fill("f", "buy", "1", "100", days_ago(2))], computed=False)
    assert client_of(ada).get(f"/api/{path}").json()["known_at"] is None


def test_a_fact_that_waits_or_came_meanwhile_has_no_time(ada, record):
    book = record([fill("f", "buy", "1", "100", days_ago(2))])
    book.refresh_from_db()
    now = timezone.now()
    assert newest_recorded([book], now) == book.recorded_at
    assert newest_recorded([], now) is None
    Fill.objects.update(status="rematching", becomes="booked")
    assert newest_recorded([book], now) is None
    Fill.objects.update(status="booked", becomes="")
    book_fills([fill("g", "buy", "1", "77", days_ago(1), book="Main")], ada)
    assert newest_recorded([book], timezone.now()) is None

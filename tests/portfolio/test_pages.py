"""The pages: few queries at any size, a poll that costs nothing, reasons in words."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.portfolio.conftest import deposit, fill, price
from tests.portfolio.test_portfolio_api import days_ago
from trades.models import Position

QUERIES = 15


@pytest.fixture
def story(record):
    return record(
        [
            fill("f1", "buy", "2", "100", days_ago(3), fee="1", strategy="trend"),
            fill("f2", "sell", "1", "120", days_ago(2), fee="1", strategy="trend"),
        ],
        [deposit("d1", "10000", days_ago(4))],
        [price("BTC-USD", "130", days_ago(1))],
    )


def shown(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def queries(client: Client, path: str) -> list[str]:
    shown(client, path)  # curves are brought up to date once
    with CaptureQueriesContext(connection) as seen:
        shown(client, path)
    return [one["sql"] for one in seen]


def test_the_portfolio_page_asks_at_most_so_many_times(ada, client_of, story):
    asked = queries(client_of(ada), "/portfolio/")
    assert len(asked) <= QUERIES, "\n".join(asked)


def test_two_hundred_fills_without_prices_stay_within_as_many(
    ada, client_of, story, record
):
    client = client_of(ada)
    record(
        [
            fill(
                f"m{n}",
                "buy" if n % 2 else "sell",
                "0.1",
                "100",
                days_ago(1),
                symbol=f"C{n % 7}-USD",
            )
            for n in range(1, 200)
        ]
    )
    # One more than with few: these instruments have no price, so the last fill is asked.
    assert len(queries(client, "/portfolio/")) <= QUERIES


def test_it_shows_value_positions_and_their_age(ada, client_of, story):
    page = shown(client_of(ada), "/portfolio/")
    for words in (
        "$10,048.00",
        "$9,918.00",
        "BTC-USD",
        "$130.00",
        "+$29.50",
        "+$18.50",
    ):
        assert words in page


def test_a_poll_of_an_unchanged_page_is_a_304(ada, client_of, story, record):
    client = client_of(ada)
    first = client.get("/portfolio/")
    held = {
        "HX-Request": "true",
        "HX-Request-Type": "partial",
        "HX-Target": "div#board",
    }
    again = client.get("/portfolio/", headers={**held, "HX-PTag": first["HX-PTag"]})
    assert again.status_code == 304
    with_fill = [
        fill("f3", "sell", "1", "140", days_ago(0, "00:00:00"), strategy="trend")
    ]
    record(with_fill)


@pytest.mark.django_db(transaction=True)
def test_a_new_fill_ends_the_304_and_the_answer_is_the_board_alone(
    ada, client_of, story, record
):
    client = client_of(ada)
    first = client.get("/portfolio/")
    record([fill("f3", "sell", "1", "140", days_ago(0, "00:00:00"), strategy="trend")])
    held = {
        "HX-Request": "true",
        "HX-Request-Type": "partial",
        "HX-Target": "div#board",
    }
    again = client.get("/portfolio/", headers={**held, "HX-PTag": first["HX-PTag"]})
    assert again.status_code == 200
    assert "<html" not in again.content.decode()
    assert "$10,058.00" in again.content.decode()


def test_lots_open_by_a_link_and_name_their_fill(ada, client_of, story):
    pk = Position.objects.get().pk
    page = shown(client_of(ada), f"/portfolio/?open={pk}")
    assert "1 open lot" in page
    assert "f1</a>" in page
    alone = shown(client_of(ada), f"/portfolio/positions/{pk}/")
    assert "f1</a>" in alone


def test_somebody_elses_position_is_not_there(ada, person, client_of, story):
    pk = Position.objects.get().pk
    mallory = client_of(person("mallory", "Trader"))
    assert mallory.get(f"/portfolio/positions/{pk}/").status_code == 404


def test_an_empty_portfolio_says_what_to_do(ada, client_of):
    page = shown(client_of(ada), "/portfolio/")
    assert "Nothing is held yet" in page
    assert "/trades/import/" in page
    empty = shown(client_of(ada), "/performance/")
    assert "Nothing to measure in this range" in empty


def test_performance_shows_eight_figures_with_reasons_in_words(ada, client_of, story):
    page = shown(client_of(ada), "/performance/?period=all")
    assert page.count('class="kpi"') == 8
    assert "too few days in this range" in page
    assert "Computed from 2 fills, 1 transfer and 1 price" in page
    assert "/api/performance?period=all" in page


def test_the_link_that_reproduces_gives_the_same_digest(ada, client_of, story):
    client = client_of(ada)
    page = shown(client, "/performance/?period=all&strategy=trend")
    link = re.search(r'href="(/api/performance\?[^"]+)"', page)
    digest = re.search(r'<code title="([0-9a-f]{64})"', page)
    assert link is not None
    assert digest is not None
    answer = client.get(link[1].replace("&amp;", "&")).json()
    assert answer["inputs"]["sha256"] == digest[1]


def test_both_drawings_have_their_own_ids(ada, client_of, story):
    page = shown(client_of(ada), "/performance/?period=all")
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert "equity-wide-t" in ids
    assert "equity-narrow-t" in ids


@pytest.mark.parametrize(
    "name", ["sharpe", "win_rate", "max_drawdown", "simple_return"]
)
def test_a_metric_shows_formula_inputs_and_numbers(ada, client_of, story, name):
    page = shown(client_of(ada), f"/performance/metrics/{name}/?period=all")
    assert "formula" in page
    assert "Reproduce these numbers" in page


def test_a_metric_that_is_not_one_is_not_there(ada, client_of):
    assert client_of(ada).get("/performance/metrics/luck/").status_code == 404


def test_no_page_writes_styles_or_handlers_into_the_markup(ada, client_of, story):
    for path in ("/portfolio/", "/performance/?period=all"):
        page = shown(client_of(ada), path)
        assert not re.search(r"\sstyle=|\son[a-z]+=", page)


def test_a_stranger_logs_in_first(db):
    answer = Client().get("/portfolio/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


def test_a_few_positions_have_no_pages(ada, client_of, story):
    html = client_of(ada).get("/portfolio/").content.decode()
    assert "Pages of positions" not in html

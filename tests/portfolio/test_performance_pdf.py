"""Performance as a document to hand on: what the page says, on paper."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from kernel.pdf import PdfDocument, PdfTable, render
from kernel.pdf_chart import PdfChart
from portfolio.pages.document import performance_document
from portfolio.queries.books import scope
from portfolio.queries.curves import curves_of
from portfolio.queries.performance import performance
from portfolio.queries.selection import selection_asked
from tests.kernel.test_pdf import contents, pages
from tests.portfolio.conftest import deposit, fill, price
from tests.portfolio.test_portfolio_api import days_ago
from trades.models import Book

URL = "/api/performance/pdf"


@pytest.fixture
def desk(ada, record):
    record(
        [
            fill("a1", "buy", "2", "100", days_ago(50), strategy="trend"),
            fill("a2", "sell", "2", "93.123456789", days_ago(20), strategy="trend"),
            fill("b1", "buy", "3", "10", days_ago(9), symbol="ETH-USD"),
        ],
        [deposit("cash", "1000", days_ago(60))],
        [price("ETH-USD", "11", days_ago(2)), price("BTC-USD", "120", days_ago(40))],
    )
    return ada


def document(person, **query: str) -> PdfDocument:
    now = timezone.now()
    books = scope(person, query.get("book", ""))
    chosen = selection_asked(query, query.get("period", "all"), books.day(now))
    told = performance(books, chosen, curves_of(books, now), now, detailed=True)
    return performance_document(told, "ada", now)


def table(made: PdfDocument, title: str) -> PdfTable:
    return next(
        part
        for part in made.parts
        if isinstance(part, PdfTable) and part.title == title
    )


def charts(made: PdfDocument) -> list[PdfChart]:
    return [part for part in made.parts if isinstance(part, PdfChart)]


def test_its_figures_are_those_of_the_answer_with_their_formulas(desk, client_of):
    answer = client_of(desk).get("/api/performance?period=all").json()
    made = document(desk)
    pnl, *rows = table(made, "Figures").rows
    assert Decimal(pnl[2]) == Decimal(answer["total_return"])
    assert len(rows) == len(answer["metrics"])
    for row, metric in zip(rows, answer["metrics"].values(), strict=True):
        assert row[4] == metric["formula"]
        if metric["value"] is not None:
            assert row[2] == metric["value"]
        else:
            assert row[1] == "–"
            assert row[2]
    assert dict(made.facts)["Inputs (SHA-256)"] == answer["inputs"]["sha256"]


def test_every_curve_and_every_part_stands_in_it(desk):
    made = document(desk, benchmark="ETH-USD")
    assert [part.title for part in charts(made)] == [
        "Equity, USD",
        "Return",
        "Drawdown",
    ]
    assert {line.name for line in charts(made)[1].lines} == {
        "Return without deposits",
        "ETH-USD",
    }
    assert {row[0] for row in table(made, "By symbol").rows} >= {"BTC-USD", "ETH-USD"}
    assert "-13.753086422" in {row[3] for row in table(made, "By strategy").rows}


def test_a_filter_holds_in_it(desk):
    made = document(desk, symbol="ETH-USD", strategy="none")
    assert (dict(made.facts)["Symbol"], dict(made.facts)["Strategy"]) == (
        "ETH-USD",
        "none",
    )
    assert charts(document(desk, symbol="ETH-USD"))[0].title == "P&L so far, USD"


def test_the_same_document_gives_the_same_bytes(desk):
    made = document(desk)
    assert render(made) == render(made)
    assert pages(render(made)) >= 2


def test_demo_stands_on_every_page_while_it_is_demo(desk, monkeypatch):
    assert not document(desk).demo
    Book.objects.update(demo=True)
    assert document(desk).demo
    Book.objects.update(demo=False)
    monkeypatch.setattr(settings, "RRR_ENV", "demo")
    drawn = contents(render(document(desk)))
    assert drawn
    assert all(b"(DEMO DATA)" in page for page in drawn)


def test_a_reader_downloads_it_and_holds_it(desk, client_of):
    client = client_of(desk)
    answer = client.get(URL, {"period": "all"})
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    held = client.get(URL, {"period": "all"}, headers={"If-None-Match": answer["ETag"]})
    assert (held.status_code, held.content) == (304, b"")
    other = client.get(
        URL, {"period": "30d"}, headers={"If-None-Match": answer["ETag"]}
    )
    assert other.status_code == 200


def test_an_empty_book_says_why_there_is_no_number(ada, record, client_of):
    record([])
    made = document(ada)
    assert made.verdict == "No number: nothing to measure in this range."
    assert not charts(made)
    assert client_of(ada).get(URL).content.startswith(b"%PDF-")


def test_one_day_is_a_dot(ada, record):
    record([], [deposit("cash", "1000", days_ago(0))])
    assert render(document(ada)).startswith(b"%PDF-")


def test_somebody_elses_book_is_a_404_and_strangers_log_in(
    desk, person, client_of, settings
):
    other = client_of(person("mallory", "Trader"))
    assert other.get(URL, {"book": "Main"}).status_code == 404
    assert Client().get(URL).status_code == 401
    settings.PUBLIC_READ = True
    assert Client().get(URL).content.startswith(b"%PDF-")


def test_the_page_leads_to_it_with_its_filters(desk, client_of):
    page = client_of(desk).get("/performance/?period=all&symbol=ETH-USD")
    link = f"{URL}?period=all&amp;symbol=ETH-USD"
    assert link in page.content.decode()

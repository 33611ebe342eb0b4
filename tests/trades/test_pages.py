"""The trades pages: what they show, with and without htmx, and to whom."""

import re
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.html import strip_tags

from tests.trades.conftest import START
from trades.domain.facts import NewDecision, NewPrice
from trades.models import Decision, Fill, ImportPart
from trades.services.recording import record_history

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "div#trades"}
DECISION = NewDecision(
    external_id="D-8841",
    model="momentum",
    symbol="BTC-USD",
    direction="long",
    decided_at=START,
    model_version="2.3.1",
    confidence=Decimal("0.71"),
    features={"trend_20d": "0.92"},
    inputs_digest="5d" * 32,
    reasoning="Momentum turned up.",
    risk_checks=[
        {"name": "Position limit", "passed": True, "value": "3", "limit": "4"}
    ],
)


@pytest.fixture
def history(ada, book, make_fill):
    """A buy with a decision, and a sale of half of it."""
    return record_history(
        book,
        [
            make_fill("f1", "buy", "2", "100", decision="D-8841", order_id="o1"),
            make_fill("f2", "sell", "1", "130", day=1, fee=Decimal(3), strategy="slow"),
        ],
        [],
        [
            NewPrice(symbol="BTC-USD", at=START, price=Decimal(100)),
            NewPrice(symbol="BTC-USD", at=START.replace(day=6), price=Decimal(130)),
        ],
        [DECISION],
        ada,
    ).fills


def page(client, path, **headers):
    response = client.get(path, headers=headers)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def test_the_list_shows_every_fact_of_a_fill(client_of, ada, history):
    shown = page(client_of(ada), "/trades/")
    for words in (
        "BTC-USD",
        "Sell",
        "130.00 USD",
        "3.00 USD",
        "+27.00",
        "slow",
        "D-",
    ):
        assert words in shown


def test_htmx_gets_the_list_alone_and_a_clean_url(client_of, ada, history):
    response = client_of(ada).get("/trades/?q=&side=sell&symbol=", headers=HTMX)
    shown = response.content.decode()
    titled, _, listed = shown.partition("</title>")
    assert titled.lstrip().startswith("<title>Trades")
    assert listed.lstrip().startswith('<div id="trades">')
    assert response["HX-Replace-Url"] == "/trades/?side=sell"
    # Links, not ids of two letters: the nonce of the policy may hold any of those.
    links = {fill: f'href="/trades/{fill.pk}/' in shown for fill in Fill.objects.all()}
    assert {fill.side for fill, is_shown in links.items() if is_shown} == {"sell"}
    assert {fill.side for fill, is_shown in links.items() if not is_shown} == {"buy"}


def test_no_match_offers_to_clear_and_an_empty_desk_to_import(client_of, ada, book):
    assert "No trades yet" in page(client_of(ada), "/trades/")
    assert "Clear the filters" in page(client_of(ada), "/trades/?side=buy")


def test_a_date_that_is_none_is_said_and_the_page_stays(client_of, ada, history):
    assert "is no time" in page(client_of(ada), "/trades/?from=soon")


def test_the_pager_leads_through_all_trades_and_back(client_of, ada, book, make_fill):
    fills = [make_fill(f"f{i}", "buy", "1", "1", day=i / 10) for i in range(120)]
    record_history(book, fills, [], [], [], ada)
    client, path, seen = client_of(ada), "/trades/?side=buy", []
    for _ in range(3):
        shown = page(client, path)
        seen += re.findall(r"Buy (f\d+)</span>", shown)
        older = re.search(r'rel="next" href="([^"]+)"', shown)
        path = "" if older is None else older[1].replace("&amp;", "&")
    assert seen == [f"f{i}" for i in reversed(range(120))]
    newer = re.search(r'rel="prev" href="([^"]+)"', shown)
    assert newer is not None
    assert "f69</span>" in page(client, newer[1].replace("&amp;", "&"))


def test_a_trade_shows_why_it_was_made(client_of, ada, history):
    shown = page(client_of(ada), f"/trades/{history[0].pk}/")
    for words in (
        "Momentum turned up.",
        "momentum 2.3.1",
        "0.71",
        "5d" * 32,
        "trend_20d",
        "1 of 1 passed",
        "2 stored prices",
        "closed by f2",
        "trades.rows.imported",
        " by ada",
    ):
        assert words in shown


def test_what_a_model_saw_stands_in_words(client_of, ada, history):
    Decision.objects.update(
        features={
            "move_7d_percent": "1.5",
            "is_open": True,
            "seen": None,
            "at": [1, 2],
        },
        risk_checks=[{"name": "max_order_size", "passed": True, "value": False}],
    )
    shown = strip_tags(page(client_of(ada), f"/trades/{history[0].pk}/"))
    shown = " ".join(shown.partition("Raw JSON")[0].split())
    for words in ("Move 7d percent 1.5", "Is open yes", "Seen –", "At 1, 2"):
        assert words in shown
    assert "Max order size passed no" in shown
    assert "_" not in shown.partition("Signals")[2]


def test_a_sale_shows_net_gross_fees_and_its_lots(client_of, ada, history):
    shown = page(client_of(ada), f"/trades/{history[1].pk}/")
    for words in (
        "27.00",
        "+30.00",
        "No decision recorded",
        f"/trades/{history[0].pk}/",
    ):
        assert words in shown


def test_the_drawer_keeps_the_list_and_its_query(client_of, ada, history):
    path = f"/trades/{history[1].pk}/?side=sell"
    shown = client_of(ada).get(path, headers=HTMX).content.decode()
    assert "<html" not in shown
    assert 'href="/trades/?side=sell"' in shown
    assert 'class="table__row--selected"' in shown


def test_what_is_not_ones_own_is_404(client_of, mallory, history):
    client = client_of(mallory)
    assert client.get(f"/trades/{history[0].pk}/").status_code == 404
    assert "No trades yet" in page(client, "/trades/")


def test_the_number_of_queries_does_not_grow_with_the_rows(
    steady_counts, client_of, ada, history, book, make_fill, django_assert_num_queries
):
    client = client_of(ada)
    count = len(_queries(client, "/trades/"))
    record_history(
        book, [make_fill(f"m{i}", "buy", "1", "1") for i in range(45)], [], [], [], ada
    )
    assert len(_queries(client, "/trades/")) == count
    assert count <= 20


def _queries(client, path):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    page(client, path)  # warms caches of the shell
    with CaptureQueriesContext(connection) as caught:
        page(client, path)
    return caught.captured_queries


GOOD = "symbol,side,quantity,price,executed_at\nBTC-USD,buy,1,10,2025-01-01T00:00:00Z\n"


def send(client, words, **fields):
    file = SimpleUploadedFile("mine.csv", words.encode())
    data = {"file": file, "book": "ada-main", **fields}
    return client.post("/trades/import/", data)


def test_a_file_is_staged_looked_at_and_booked_without_javascript(client_of, ada, book):
    client = client_of(ada)
    assert "Look at it" in page(client, "/trades/import/")
    staged = send(client, GOOD)
    assert staged.status_code == 302
    shown = page(client, staged["Location"])
    assert "Book 1 trade" in shown
    assert not Fill.objects.exists()
    booked = client.post(staged["Location"] + "commit/", follow=True)
    assert "Booked 1 trade or transfer" in booked.content.decode()
    assert Fill.objects.count() == 1
    assert not ImportPart.objects.exists()
    assert client.post(staged["Location"] + "commit/").status_code == 409
    assert "known already" in page(client, staged["Location"])


def test_broken_rows_are_shown_with_line_and_reason_and_cannot_be_booked(
    client_of, ada, book
):
    client = client_of(ada)
    staged = send(client, GOOD + "BTC-USD,buy,one,10,2025-01-01T00:00:00Z\n")
    shown = page(client, staged["Location"])
    assert "one&#x27; is not a number" in shown
    assert "Leave the 1 broken row out" in shown
    assert client.post(staged["Location"] + "commit/").status_code == 422
    assert not Fill.objects.exists()


def test_what_is_no_file_of_trades_is_said_on_the_form(client_of, ada, book):
    response = send(client_of(ada), "hello")
    assert response.status_code == 422
    assert "neither our CSV" in response.content.decode()


def test_a_staged_file_is_only_its_owners(client_of, ada, mallory, book):
    staged = send(client_of(ada), GOOD)
    assert client_of(mallory).get(staged["Location"]).status_code == 404
    assert send(client_of(mallory), GOOD).status_code == 422


def test_a_viewer_reads_trades_and_imports_nothing(client_of, person, history):
    client = client_of(person("vera", "Viewer"))
    assert "BTC-USD" in page(client, "/trades/")
    assert client.get("/trades/import/").status_code == 403


def test_books_are_listed(client_of, ada, book):
    assert "ada-main" in page(client_of(ada), "/books/")


def test_a_filter_of_trades_is_kept_under_a_name_and_forgotten(client_of, ada):
    client = client_of(ada)
    form = {"name": "Bitcoin bought", "query": "symbol=BTC-USD&side=buy"}
    here = {"next": "/trades/?side=buy"}
    answer = client.post("/settings/filters/trades/", {**form, **here})
    assert answer["Location"] == here["next"]
    page = client.get("/trades/").content.decode()
    assert 'href="/trades/?symbol=BTC-USD&amp;side=buy"' in page
    assert "Bitcoin bought" in page
    lines = ada.__class__.objects.get(pk=ada.pk).preferences.get("filters", {})
    assert lines == {}
    client.post("/settings/filters/trades/", {**form, "do": "forget"})
    assert "Bitcoin bought" not in client.get("/trades/").content.decode()


def test_filters_are_kept_for_lists_that_there_are(client_of, ada):
    answer = client_of(ada).post(
        "/settings/filters/people/", {"name": "x", "query": "y"}
    )
    assert answer.status_code == 404


def test_a_kept_filter_leads_nowhere_else(client_of, ada):
    client = client_of(ada)
    form = {"name": "<b>x</b>", "query": "a=1&b=<script>", "next": "//evil.example"}
    assert client.post("/settings/filters/trades/", form)["Location"] == "/"
    page = client.get("/trades/").content.decode()
    assert "<script>&" not in page
    assert "<b>x</b>" not in page


def test_what_a_filter_found_is_a_status(client_of, ada, book, make_fill):
    record_history(book, [make_fill("s1", "buy", "1", "2", 1)], [], [], [], ada)
    client = client_of(ada)
    found = client.get("/trades/?side=buy").content.decode()
    assert re.search(r'role="status">\s*1 trade\s*</p>', found)
    none = client.get("/trades/?side=sell").content.decode()
    assert re.search(r'role="status">\s*No trade matches\s*</p>', none)
    all_of_them = client.get("/trades/").content.decode()
    assert re.search(r'role="status">\s*</p>', all_of_them)


def test_a_chip_names_the_book(client_of, ada, book, make_fill):
    page = client_of(ada).get(f"/trades/?book={book.pk}").content.decode()
    assert "book: ada-main" in page

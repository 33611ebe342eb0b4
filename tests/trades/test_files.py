"""All trades that fit a filter as a file, streamed page by page."""

from __future__ import annotations

import csv
import io
import json

import pytest

from trades.queries.trades import trade_page
from trades.services.recording import record_history
from trades.views import files

pytestmark = pytest.mark.django_db
MANY = 1_100  # more than two pages of a file


@pytest.fixture
def client(client_of, ada, book, make_fill):
    rows = [
        make_fill(f"f{n}", ("buy", "sell")[n % 2], "1", "0.00000001", n / 900)
        for n in range(MANY)
    ]
    noted = make_fill("n", "buy", "2", "90", 2, symbol="ETH-USD", note="=cmd()")
    record_history(book, [*rows, noted], [], [], [], ada)
    return client_of(ada)


def csv_rows(client, query=""):
    answer = client.get(f"/trades/trades.csv{query}")
    assert answer.streaming
    assert answer["Content-Disposition"] == 'attachment; filename="trades.csv"'
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode())))


def test_every_trade_stands_there_once_newest_first(client):
    rows = csv_rows(client)
    assert len({row["id"] for row in rows}) == len(rows) == MANY + 1
    times = [row["timestamp"] for row in rows]
    assert times == sorted(times, reverse=True)
    assert rows[-1]["price"] == "0.00000001"


def test_filters_of_the_page_narrow_the_file(client):
    [row] = csv_rows(client, "?symbol=ETH-USD&side=buy&book=ada-main")
    assert (row["quantity"], row["note"]) == ("2", "'=cmd()")
    assert csv_rows(client, "?symbol=NONE") == []


def test_lines_of_json_are_what_the_api_answers(client):
    lines = client.get("/trades/trades.jsonl?symbol=ETH-USD").getvalue().splitlines()
    assert [json.loads(line) for line in lines] == client.get(
        "/api/trades?symbol=ETH-USD"
    ).json()["trades"]


def test_a_page_is_in_memory_at_a_time(client, monkeypatch):
    asked = []

    def watched(*args, **named):
        asked.append(named["limit"])
        return trade_page(*args, **named)

    monkeypatch.setattr(files, "trade_page", watched)
    answer = client.get("/trades/trades.csv")
    next(iter(answer))
    assert asked == [files.AT_ONCE]
    answer.getvalue()
    assert asked == [files.AT_ONCE] * 3


def test_the_page_leads_to_both_with_its_filters(client):
    page = client.get("/trades/?symbol=ETH-USD").content.decode()
    for form in ("csv", "jsonl"):
        assert f"/trades/trades.{form}?symbol=ETH-USD" in page

"""Positions come in pages, the largest first."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from accounts.models import User
from portfolio.services import equity
from tests.portfolio.conftest import deposit, fill
from tests.portfolio.test_portfolio_api import days_ago
from tests.shared_world import undone_at_the_end
from trades.services.books import NewBook, create_book
from trades.services.recording import record_history


@pytest.fixture(scope="module")
def many(django_db_setup, django_db_blocker):
    """250 positions, from the largest value to the smallest: S250, S249 and so on."""
    with undone_at_the_end(django_db_blocker):
        ada = User.objects.create_user("ada", email="ada@example.test")
        ada.groups.set([Group.objects.get(name="Trader")])
        book = create_book(NewBook("Main", "USD"), ada)
        fills = [
            fill(f"m{n}", "buy", "1", str(n), days_ago(1), symbol=f"S{n}-USD")
            for n in range(1, 251)
        ]
        moved = [deposit("d1", "100000", days_ago(4))]
        record_history(book, fills, moved, [], [], ada)
        equity.catch_up(timezone.now())
        yield ada


@pytest.fixture
def client(many, db, client_of):
    return client_of(many)


def shown(client: Client, query: str = "") -> tuple[list[str], str]:
    """The symbols of the table, and what its pager says."""
    html = client.get(f"/portfolio/{query}").content.decode()
    table = html[html.index('id="positions"') :]
    table = table[: table.index("</section>")]
    span = re.search(r"showing ([^<]*), largest", table)
    return re.findall(r'aria-label="Lots of (S\d+)-USD', table), span[1] if span else ""


def test_positions_come_a_hundred_at_a_time_largest_first(client):
    symbols, span = shown(client)
    assert (symbols[0], symbols[-1], len(symbols)) == ("S250", "S151", 100)
    assert span == "1–100 of 250"
    symbols, span = shown(client, "?start=200")
    assert (symbols[0], symbols[-1], len(symbols)) == ("S50", "S1", 50)
    assert span == "201–250 of 250"


def test_the_pages_of_positions_lead_to_one_another(client):
    html = client.get("/portfolio/?start=100&book=Main").content.decode()
    links = re.findall(r'rel="(?:prev|next)" href="([^"]*)"', html)
    assert links == [
        "?book=Main#positions",
        "?book=Main&amp;start=200#positions",
    ]


@pytest.mark.parametrize("start", ["-1", "9999", "1e3", "x", "0"])
def test_a_start_that_is_none_is_the_first_page(client, start):
    symbols, _ = shown(client, f"?start={start}")
    assert symbols[0] == "S250"

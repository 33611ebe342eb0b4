"""As known at a time: portfolio and performance are told again as they were, whatever
was booked, voided, corrected, priced or split since.

Two witnesses: what the product said at each time, and an oracle that shares no code with
what is asked: books of somebody else in which nothing but the facts of that time were
ever booked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from kernel.registry import JOBS
from portfolio.services import equity
from tests.portfolio.conftest import deposit, fill, price, when
from tests.portfolio.test_portfolio_api import days_ago
from trades.domain.facts import NewFill, NewPrice, NewSplit, NewTransfer
from trades.models import Book, Fill, Price, Transfer
from trades.services.amending import correct_fill, void_fill, void_transfer
from trades.services.between_books import book_between
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.mending_prices import void_price
from trades.services.prices import set_prices
from trades.services.splits import record_split
from trades.services.transfers import book_transfers

D = Decimal
JADE = "JADE-USD"
ASKED = (
    "portfolio",
    "portfolio/positions",
    "performance",
    "performance/drawdowns",
    "performance/by-symbol",
    "performance/equity-curve",
)
Fact = NewFill | NewTransfer | NewPrice | NewSplit


@pytest.fixture(autouse=True)
def settled_at_once(monkeypatch):
    """Nobody else writes here: what was recorded is settled (see known_times)."""
    monkeypatch.setattr("trades.queries.known_times.SETTLED_AFTER", timedelta())


@dataclass
class Desk:
    """A person with two books, and what stands in them as the test has it."""

    owner: User
    main: Book
    vault: Book
    facts: dict[str, Fact] = field(default_factory=dict)

    def add(self, name: str, fact: Fact) -> None:
        self.facts[name] = fact
        if isinstance(fact, NewFill):
            book_fills([replace(fact, book=self.main.name)], self.owner)
        elif isinstance(fact, NewPrice):
            set_prices([fact], self.owner)
        elif isinstance(fact, NewSplit):
            record_split(fact, self.owner)
        elif fact.to_book:
            between = replace(fact, book=self.main.name, to_book=self.vault.name)
            book_between(between, self.owner)
        else:
            book_transfers([replace(fact, book=self.main.name)], self.owner)

    def void(self, name: str) -> None:
        fact = self.facts.pop(name)
        if isinstance(fact, NewFill):
            void_fill(self.fill(name).pk, "never was", self.owner)
        elif isinstance(fact, NewTransfer):
            row = Transfer.objects.standing().get(book=self.main, external_id=name)
            void_transfer(row.pk, "never was", self.owner)
        else:
            void_price(Price.objects.get(symbol=JADE).pk, "a typo", self.owner)

    def correct(self, name: str, value: str) -> None:
        fact = self.facts[name]
        assert isinstance(fact, NewFill)
        self.facts[name] = replace(fact, price=D(value))
        correct_fill(self.fill(name).pk, {"price": value}, "a slip", self.owner)

    def fill(self, name: str) -> Fill:
        return Fill.objects.standing().get(book=self.main, external_id=name)

    def settle(self) -> None:
        for book in (self.main, self.vault):
            JOBS["trades-valuations"].function({"book": str(book.pk)})
        equity.catch_up(timezone.now())


def move(name: str, kind: str, asset: str, amount: str, day: int, **more: Any):
    return replace(deposit(name, amount, days_ago(day), asset), kind=kind, **more)


CHARGED = fill(
    "e", "buy", "1", "60", days_ago(7), symbol="ONYX-USD", fee="2", fee_currency="EUR"
)
STEPS: list[Callable[[Desk], None]] = [
    lambda desk: desk.add("d", deposit("d", "900", days_ago(11))),
    lambda desk: desk.add(
        "f1", fill("f1", "buy", "6", "40", days_ago(8), symbol=JADE, fee="0.7")
    ),
    lambda desk: desk.add(
        "f2", fill("f2", "sell", "2", "47", days_ago(4), symbol=JADE, strategy="fade")
    ),
    lambda desk: desk.add("p", price(JADE, "52", days_ago(1))),
    lambda desk: desk.correct("f1", "38"),
    lambda desk: desk.add("f0", fill("f0", "buy", "1", "30", days_ago(9), symbol=JADE)),
    lambda desk: desk.add("e", CHARGED),
    lambda desk: desk.add("r", price("EUR-USD", "1.25", days_ago(10))),
    lambda desk: desk.add(
        "t", move("t", "transfer", "JADE", "-2", 3, to_book="the vault")
    ),
    lambda desk: desk.add(
        "late", fill("late", "buy", "1", "20", days_ago(10), symbol=JADE)
    ),
    lambda desk: desk.add("i", move("i", "dividend", "USD", "4.5", 5, symbol=JADE)),
    lambda desk: desk.add(
        "c", move("c", "deposit", "JADE", "1.5", 6, cost=D("50"), symbol=JADE)
    ),
    lambda desk: desk.void("f2"),
    lambda desk: desk.add(
        "s", NewSplit(symbol=JADE, at=when(days_ago(2)), numerator=3, denominator=1)
    ),
    lambda desk: desk.void("p"),
    lambda desk: desk.void("t"),
]
TOLD = (4, 6, 9, 12, 14)  # after a correction, without a rate, late, voids


def make_desk(owner: User, name: str) -> Desk:
    main, vault = (
        create_book(NewBook(f"{name} {part}", "USD"), owner)
        for part in ("main", "vault")
    )
    return Desk(owner, main, vault)


def said(client, desk: Desk, **query: str) -> dict[str, Any]:
    """Every answer, without times, digests and the names and ids of books."""
    answers = {
        path: client.get(
            f"/api/{path}",
            {**query, "period": "all"} if path.startswith("performance") else query,
        ).json()
        for path in ASKED
    }
    for answer in answers.values():
        assert answer.get("status") is None, answer
        for name in ("timestamp", "known_at", "as_of"):
            answer.pop(name, None)
        answer.get("inputs", {}).pop("sha256", None)
    curve = answers["performance/equity-curve"]
    curve["data"] = [point["equity"] for point in curve["data"]]
    for row in answers["portfolio/positions"]["positions"]:
        del row["id"], row["price_age_seconds"]
        row["book"] = row["book"].removeprefix(desk.main.name.split()[0])
    return answers


def moment() -> str:
    return timezone.now().isoformat().replace("+00:00", "Z")


def differing(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    return {p: (left[p], right[p]) for p in ASKED if left[p] != right[p]}


def test_what_was_said_is_said_again_and_by_an_empty_book_with_the_facts_of_then(
    ada, person, client_of
):
    desk, client = make_desk(ada, "ada"), client_of(ada)
    told = []
    for number, step in enumerate(STEPS):
        step(desk)
        if number in TOLD:
            desk.settle()
            told.append((number, moment(), said(client, desk), dict(desk.facts)))
    assert len({str(answers) for _, _, answers, _ in told}) == len(told)
    for number, at, answers, facts in told:
        again = said(client, desk, known_at=at)
        assert differing(again, answers) == {}, number
        olive = person(f"olive{number}", "Trader")
        oracle = make_desk(olive, f"olive{number}")
        for name, fact in sorted(facts.items(), key=lambda item: order(item[1])):
            oracle.add(name, fact)
        oracle.settle()
        assert differing(again, said(client_of(olive), oracle)) == {}, number


def order(fact: Fact) -> tuple[int, datetime]:
    """Prices and splits first, then by time."""
    if isinstance(fact, NewPrice | NewSplit):
        return 0, fact.at
    return 1, fact.executed_at if isinstance(fact, NewFill) else fact.at


def test_before_the_first_fact_there_was_nothing(ada, client_of, record):
    record([fill("f1", "buy", "1", "100", days_ago(2))])
    client = client_of(ada)
    held = client.get("/api/portfolio", {"known_at": "2020-01-01"}).json()
    assert (held["total_equity"], held["positions_count"]) == ("0", 0)
    measured = client.get("/api/performance", {"known_at": "2020-01-01"}).json()
    assert (measured["total_return"], measured["reason"]) == (None, None)
    assert measured["known_at"] == "2020-01-01T00:00:00Z"


@pytest.mark.parametrize("path", ["portfolio", "portfolio/positions", "performance"])
@pytest.mark.parametrize("at", ["yesterday", "2999-01-01", "0001-01-01"])
def test_a_time_that_is_none_or_to_come_is_refused(ada, client_of, record, path, at):
    record([])
    answer = client_of(ada).get(f"/api/{path}", {"known_at": at})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "?known_at"


@pytest.mark.parametrize("page", ["portfolio", "performance"])
def test_the_page_says_that_it_is_of_then_and_leads_back_to_now(
    ada, client_of, record, page
):
    record(
        [fill("f1", "buy", "1", "100", days_ago(2))], [deposit("d", "900", days_ago(3))]
    )
    before = moment()
    book_fills([fill("f2", "buy", "1", "77", days_ago(1), book="Main")], ada)
    equity.catch_up(timezone.now())
    client = client_of(ada)
    then = client.get(f"/{page}/", {"known_at": before, "book": "Main"})
    html = then.content.decode()
    assert "As it was known at" in html
    assert 'href="?book=Main' in html.replace("period=1y&amp;", "")
    assert f'value="{before}"' in html
    assert "As it was known at" not in client.get(f"/{page}/").content.decode()
    found = then.context["found"]
    figure = found.equity if page == "portfolio" else found.days[-1].equity
    assert figure == 900


def test_the_page_of_a_figure_says_so_too(ada, client_of, record):
    record(
        [fill("f1", "buy", "1", "100", days_ago(2))], [deposit("d", "900", days_ago(3))]
    )
    path, client = "/performance/metrics/sharpe/", client_of(ada)
    then = client.get(path, {"known_at": moment()})
    assert then.status_code == 200
    assert "As it was known at" in then.content.decode()
    assert "As it was known at" not in client.get(path).content.decode()


def test_books_of_too_many_fills_say_so(ada, client_of, record, monkeypatch):
    monkeypatch.setattr("trades.queries.known_sizes.MOST_FACTS", 1)
    record([fill(f"f{n}", "buy", "1", "1", days_ago(n)) for n in (1, 2)])
    for path in ("/api/portfolio", "/api/performance"):
        answer = client_of(ada).get(path, {"known_at": moment()})
        assert (answer.status_code, answer.json()["type"][-8:]) == (422, "too_many")

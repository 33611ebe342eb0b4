"""Everything that a kept answer depends on, changed one by one: each is computed anew.
And what it does not depend on, which must cost nobody an answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group

from accounts.models import User
from kernel import remembered
from kernel.versions import BELIEVED_SECONDS
from rrr_dashboard.reads import answers, marks
from rrr_dashboard.reads.gate import HotReads
from tests.reads.conftest import Desk
from trades.domain.facts import NewFill, NewPrice, NewSplit, NewTransfer
from trades.models import Book
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.prices import set_prices
from trades.services.splits import record_split
from trades.services.transfers import book_transfers

pytestmark = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 3, 2, tzinfo=UTC)
PATH = "/api/portfolio"


@dataclass
class Case:
    """One read, and how the next differs from it."""

    desk: Desk
    reader: User
    other: User
    token: str
    path: str = PATH
    headers: dict[str, str] | None = None

    def ask(self) -> str:
        return self.desk.hot(self.path, self.token, **self.headers or {}).etag


class Clock:
    passed = 0.0

    @classmethod
    def monotonic(cls) -> float:
        return time.monotonic() + cls.passed


def fill(who: User, name: str) -> None:
    new = NewFill(
        external_id=name,
        symbol="BTC-USD",
        side="buy",
        quantity=Decimal(1),
        price=Decimal(100),
        executed_at=AT,
        book=f"{who.username}-main",
    )
    book_fills([new], who)


def of_the_book(case: Case) -> None:
    fill(case.reader, "n1")


def of_its_cash(case: Case) -> None:
    new = NewTransfer(
        external_id="d1",
        kind="deposit",
        asset="USD",
        amount=Decimal(5),
        at=AT,
        book="ada-main",
    )
    book_transfers([new], case.reader)


def of_its_symbols_price(case: Case) -> None:
    new = NewPrice(symbol="BTC-USD", at=AT, price=Decimal(90))
    set_prices([new], case.reader)


def of_its_symbols_units(case: Case) -> None:
    new = NewSplit(symbol="BTC-USD", at=AT, numerator=2, denominator=1)
    record_split(new, case.reader)


def of_the_books(case: Case) -> None:
    create_book(NewBook("another", "USD"), case.reader)


def of_rights(case: Case) -> None:
    case.reader.groups.add(Group.objects.get(name="Viewer"))
    Clock.passed += BELIEVED_SECONDS


def of_the_query(case: Case) -> None:
    case.path = f"{PATH}?book=ada-main"


def of_the_path(case: Case) -> None:
    case.path = "/api/portfolio/positions"


def of_the_form(case: Case) -> None:
    case.headers = {"Accept-Encoding": "gzip"}


def of_time(case: Case) -> None:
    Clock.passed += answers.KEPT_SECONDS


def of_the_release(case: Case) -> None:
    """Templates, code and the API's version are a process': a new one keeps nothing."""
    case.desk.gate = HotReads(case.desk.gate.application)


CHANGES = (
    of_the_book,
    of_its_cash,
    of_its_symbols_price,
    of_its_symbols_units,
    of_the_books,
    of_rights,
    of_the_query,
    of_the_path,
    of_the_form,
    of_time,
    of_the_release,
)


def in_anothers_book(case: Case) -> None:
    fill(case.other, "n1")


def in_who_else_asks(case: Case) -> None:
    case.headers = {"User-Agent": "curl/9", "X-Request-ID": "mine"}


NOTHING = (in_anothers_book, in_who_else_asks)


@pytest.fixture
def case(
    desk: Desk,
    ada: User,
    book: Book,
    person: Callable[..., User],
    token_of: Callable[[User], str],
    monkeypatch: pytest.MonkeyPatch,
) -> Case:
    monkeypatch.setattr(marks, "time", Clock)
    monkeypatch.setattr(remembered, "time", Clock)
    other = person("mallory", "Trader")
    create_book(NewBook("mallory-main", "USD"), other)
    fill(ada, "f1")
    case = Case(desk, ada, other, token_of(ada))
    case.ask()
    assert [case.ask() for _ in range(2)] == [case.ask()] * 2
    assert desk.computed == 1
    return case


@pytest.mark.parametrize("change", CHANGES)
def test_it_is_computed_anew(case: Case, change: Callable[[Case], None]) -> None:
    change(case)
    told = case.ask()
    assert case.desk.computed == 2
    fresh = case.desk.fresh(case.path, case.token, **case.headers or {})
    assert told == fresh.etag


@pytest.mark.parametrize("change", NOTHING)
def test_it_is_kept(case: Case, change: Callable[[Case], None]) -> None:
    change(case)
    case.ask()
    assert case.desk.computed == 1

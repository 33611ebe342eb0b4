"""What an answer costs does not grow with what is kept: queries, rows and bytes are
counted, not seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from kernel.remembered import forget_everything
from readiness.services.evidence import collecting
from readiness.services.reviews import NewReview, open_review
from rrr_dashboard import badges, shell
from tests.readiness.conftest import make_version
from trades.domain.facts import NewFill
from trades.models import Book
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 5, 12, tzinfo=UTC)
FEW, MANY = 20, 200
READS = (
    "/api/trades?limit=20",
    "/api/portfolio",
    "/api/portfolio/positions",
    "/api/performance",
    "/trades/",
    "/portfolio/",
)


@pytest.fixture(autouse=True)
def _steady(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the shell counts is not read again in the middle of a count."""
    monkeypatch.setattr(shell, "counts", dict)
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def ada(person: Callable[..., User]) -> User:
    return person("ada", "Trader")


@pytest.fixture
def desk(ada: User, client_of: Callable[[User], Client]) -> Client:
    create_book(NewBook("main", "USD"), ada)
    return client_of(ada)


def book(ada: User, first: int, last: int) -> None:
    main = Book.objects.get(name="main")
    book_fills(
        [
            NewFill(
                external_id=f"f{number}",
                book=main.name,
                symbol="BTC-USD",
                side="sell" if number % 3 == 2 else "buy",
                quantity=Decimal(1),
                price=Decimal(100 + number % 7),
                executed_at=START + timedelta(hours=number),
            )
            for number in range(first, last)
        ],
        ada,
    )


def queries(client: Client, path: str) -> int:
    """Of a first reading, which nothing cached makes cheaper."""
    cache.clear()
    forget_everything()
    badges.counts()
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


@pytest.mark.parametrize("path", READS)
def test_ten_times_the_trades_cost_no_query_more(
    desk: Client, ada: User, path: str
) -> None:
    book(ada, 0, FEW)
    desk.get(path)
    before = queries(desk, path)
    book(ada, FEW, MANY)
    assert queries(desk, path) <= before


def test_a_page_of_a_list_is_no_longer_for_ten_times_the_trades(
    desk: Client, ada: User
) -> None:
    book(ada, 0, FEW + 1)
    few = len(desk.get("/api/trades?limit=20").content)
    book(ada, FEW + 1, MANY)
    many = desk.get("/api/trades?limit=20")
    assert len(many.json()["trades"]) == 20
    assert len(many.content) <= few * 1.2


def test_booking_many_at_once_costs_less_a_trade(desk: Client, ada: User) -> None:
    """A query for each would make it as dear."""
    with CaptureQueriesContext(connection) as small:
        book(ada, 0, 10)
    with CaptureQueriesContext(connection) as large:
        book(ada, 10, 110)
    assert len(large) <= len(small) * 3


def checklist(lines: int) -> dict[object, list[tuple[object, ...]]]:
    rows: list[tuple[object, ...]] = [
        (f"S-{number:03}", None, f"Line {number}", "blocking", "cors", False)
        for number in range(lines)
    ]
    return {("security", "Security", "checks"): rows}


@pytest.fixture
def opened(person: Callable[..., User]) -> Callable[[int], str]:
    """opened(200) -> the address of a review of so many lines."""
    developer = person("dev", "Developer")

    def review(lines: int) -> str:
        version = make_version(checklist(lines), slug=f"desk-{lines}")
        new = NewReview(
            version=version, release="1", commit="ab" * 20, environment="development"
        )
        return f"/readiness/reviews/{open_review(new, developer).uuid}/"

    return review


def test_ten_times_the_lines_of_a_review_cost_no_query_more(
    opened: Callable[[int], str], client_of: Callable[[User], Client]
) -> None:
    few, many = opened(FEW), opened(MANY)
    client = client_of(User.objects.get(username="dev"))
    client.get(few)
    assert queries(client, many) <= queries(client, few)


def test_the_round_of_evidence_asks_once_for_all_lines(
    opened: Callable[[int], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Judging ten times as many checks of one probe asks nothing more."""
    counts = []
    for lines in (FEW, MANY):
        opened(lines)
        with CaptureQueriesContext(connection) as seen:
            collecting.collect(timezone.now())
        counts.append(len(seen))
    assert counts[1] <= counts[0]


def test_a_second_reading_asks_the_database_less(desk: Client, ada: User) -> None:
    book(ada, 0, FEW)
    first = queries(desk, "/api/performance")
    with CaptureQueriesContext(connection) as again:
        desk.get("/api/performance")
    assert len(again) <= first

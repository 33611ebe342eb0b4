"""Find anything: what the palette and /search/ name to whom, and what they do not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import User
from operations.models import Alert
from readiness.models import Review
from readiness.services.reviews import NewReview, open_review
from rrr_dashboard.search import search
from rrr_dashboard.shell import NavEntry
from tests import breaches
from tests.readiness.conftest import COMMIT, make_version
from trades.domain.facts import NewFill
from trades.models import Book, Decision
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills

pytestmark = pytest.mark.django_db
Person = Callable[..., User]
ClientOf = Callable[[User], Client]
AT = datetime(2026, 1, 2, tzinfo=UTC)
PLACES = [
    NavEntry(
        name="audit:index",
        label="Audit log",
        path="/audit/",
        icon="hist",
        key="",
        current=False,
        count=0,
        count_id="",
        count_words="",
    )
]


def decide(book: Book, strategy: str) -> Decision:
    return Decision.objects.create(
        book=book,
        external_id="why-1",
        model="trend",
        strategy=strategy,
        symbol="BTC-USD",
        direction="long",
        decided_at=AT,
        recorded_at=AT,
    )


def trade(owner: User, book: str) -> Book:
    made = create_book(NewBook(book, "USD"), owner, owner)
    fill = NewFill(
        book=book,
        external_id="fill-77",
        symbol="BTC-USD",
        side="buy",
        quantity=Decimal(1),
        price=Decimal(100),
        executed_at=AT,
        strategy="momentum-4h",
    )
    book_fills([fill], owner)
    return made


@pytest.fixture
def review(person: Person) -> Review:
    new = NewReview(
        version=make_version(),
        release="7.1.0",
        commit=COMMIT,
        environment="development",
    )
    return open_review(new, person("dan", "Developer"))


def found(user: User, text: str) -> list[tuple[str, str]]:
    return [(hit.kind, hit.title) for hit in search(user, text, PLACES)]


def test_a_trader_finds_what_is_theirs_by_name_and_by_id(person: Person) -> None:
    tom, tina = person("tom", "Trader"), person("tina", "Trader")
    decision = decide(trade(tom, "alpha"), "momentum-4h")
    asked = {
        f"D-{decision.pk}": ("Decision", f"D-{decision.pk} BTC-USD"),
        f"d-{decision.pk}": ("Decision", f"D-{decision.pk} BTC-USD"),
        "momentum": ("Strategy", "momentum-4h"),
        "fill-77": ("Trade", "fill-77: Buy BTC-USD"),
        "btc": ("Position", "BTC-USD"),
        "alpha": ("Book", "alpha"),
        "audit": ("Page", "Audit log"),
    }
    for text, hit in asked.items():
        kinds = {kind: title.lower() for kind, title in found(tom, text)}
        assert kinds.get(hit[0]) == hit[1].lower(), (text, kinds)
        assert hit not in found(tina, text) or hit[0] == "Page", text


def test_reviewers_find_lines_reviews_and_what_to_do_with_them(
    person: Person, review: Review
) -> None:
    dan, vera = User.objects.get(username="dan"), person("vera", "Viewer")
    assert ("Item", "SEC-02 Rate limits") in found(dan, "rate limits")
    assert ("Item", "SEC-02 Rate limits") in found(dan, "SEC-02")
    assert ("Review", "7.1.0 in development") in found(dan, "7.1.0")
    assert ("Action", "Sign as Developer") in found(dan, "sign as developer")
    assert ("Action", "Collect all evidence") in found(dan, "collect all")
    [sign] = [hit for hit in search(dan, "sign as", PLACES) if hit.kind == "Action"]
    assert sign.href == f"/readiness/reviews/{review.uuid}/sign/"
    assert "Action" not in dict(found(vera, "sign as developer"))
    assert "Action" not in dict(found(vera, "collect all"))


def test_operators_find_alerts_and_may_acknowledge_those_that_fire(
    person: Person,
) -> None:
    olga, vera = person("olga", "Operator"), person("vera", "Viewer")
    breaches.look(datetime.now(UTC), seconds=60)
    assert ("Acknowledge", "P2 High memory usage") in found(olga, "acknowledge")
    assert ("Alert", "P2 High memory usage") in found(vera, "memory")
    assert "Acknowledge" not in dict(found(vera, "acknowledge"))
    assert ("Runbook", "High memory usage") in found(olga, "runbook memory")
    Alert.objects.update(state="resolved", resolved_at=datetime.now(UTC))
    assert "Acknowledge" not in dict(found(olga, "acknowledge"))


def test_only_who_manages_people_finds_them(person: Person) -> None:
    ada, tom = person("ada", "Administrator"), person("tom", "Trader")
    assert ("Person", "tom") in found(ada, "tom")
    assert "Person" not in dict(found(tom, "tom"))


def test_one_letter_is_too_little_and_nothing_found_is_said(
    person: Person, client_of: ClientOf
) -> None:
    tom = person("tom", "Trader")
    trade(tom, "alpha")
    assert found(tom, "b") == []
    olga = person("olga", "Operator")
    assert found(olga, "no such thing") == []
    page = client_of(olga).get("/search/", {"q": "no such thing"}).content.decode()
    assert "Nothing found" in page

"""A checklist of a thousand lines: one section is open at a time, and all can be reached."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from readiness.models import Review, ReviewItem
from readiness.pages.board import FEW
from readiness.services.claims import claim_item
from readiness.services.reviews import NewReview, open_review
from rrr_dashboard import shell
from tests.html import flat
from tests.queries import at_most
from tests.readiness.conftest import COMMIT, make_version
from tests.shared_world import undone_at_the_end

ClientOf = Callable[[User], Client]
SECTIONS = {"alpha": 60, "beta": 490, "gamma": 450}
LONG: dict[Any, Any] = {
    (slug, slug.capitalize(), "checks"): [
        (f"{slug[:1].upper()}-{n:03}", None, f"Line {n}", "blocking", "cors", False)
        for n in range(1, many + 1)
    ]
    for slug, many in SECTIONS.items()
}


@pytest.fixture(scope="module")
def long_review(django_db_setup: None, django_db_blocker: Any) -> Iterator[Review]:
    with undone_at_the_end(django_db_blocker):
        ada = User.objects.create_user("ada", email="ada@example.test")
        ada.groups.set([Group.objects.get(name="Developer")])
        new = NewReview(make_version(LONG, "long"), "9.0.0", COMMIT, "development")
        yield open_review(new, ada)


@pytest.fixture
def ada(long_review: Review, db: None) -> User:
    return User.objects.get(username="ada")


@pytest.fixture
def client(ada: User, client_of: ClientOf) -> Client:
    return client_of(ada)


def page(client: Client, review: Review, query: str = "") -> str:
    answer = client.get(f"/readiness/reviews/{review.uuid}/{query}")
    assert answer.status_code == 200
    return flat(answer.content.decode())


def shown(html: str) -> list[str]:
    return re.findall(r'<li class="item[^"]*" id="([^"]+)"', html)


def test_the_section_of_the_first_blocker_is_open(
    client: Client, long_review: Review
) -> None:
    html = page(client, long_review)
    assert shown(html) == [f"A-{n:03}" for n in range(1, 61)]
    assert 'data-blocker href="?section=beta#B-001">490 blockers' in html
    assert 'href="?section=gamma#gamma"' in html


def test_each_line_is_reached_by_links_alone(
    client: Client, long_review: Review
) -> None:
    keys = []
    query = "?section=beta"
    while query:
        html = page(client, long_review, query)
        assert len(shown(html)) <= FEW
        keys += shown(html)
        later = re.search(r'href="(\?[^"#]+)#beta">Next lines', html)
        query = later[1].replace("&amp;", "&") if later else ""
    assert keys == [f"B-{n:03}" for n in range(1, 491)]


def test_a_filter_goes_along(client: Client, long_review: Review) -> None:
    html = page(client, long_review, "?state=blocker&section=gamma")
    assert shown(html)[0] == "G-001"
    assert 'href="?state=blocker&amp;section=beta#beta"' in html


def test_few_lines_that_a_filter_left_are_all_shown(
    client: Client, long_review: Review, ada: User
) -> None:
    rows = ReviewItem.objects.filter(review=long_review, item__key__endswith="-007")
    for row in rows:
        claim_item(row.pk, done=True, revision=row.revision, note="", by=ada)
    html = page(client, long_review, "?state=claimed")
    assert shown(html) == ["A-007", "B-007", "G-007"]


@pytest.mark.parametrize("query", ["?section=nowhere", "?section=alpha&after=Z-1"])
def test_an_address_of_nothing_shows_the_beginning(
    client: Client, long_review: Review, query: str
) -> None:
    assert shown(page(client, long_review, query))[0] == "A-001"


def test_without_javascript_a_tick_leads_back_to_its_section(
    client: Client, long_review: Review
) -> None:
    line = ReviewItem.objects.get(review=long_review, item__key="G-002")
    answer = client.post(
        f"/readiness/reviews/{long_review.uuid}/items/{line.pk}/claim/",
        {"done": "true", "revision": 1},
    )
    query, _, anchor = answer["Location"].partition("?")[2].partition("#")
    assert anchor in shown(page(client, long_review, f"?{query}"))


def test_a_poll_keeps_the_section_that_is_open(
    client: Client, long_review: Review
) -> None:
    html = page(client, long_review, "?section=gamma&after=G-200")
    (asked,) = re.findall(r'<div id="board"[^>]* hx-get="([^"]+)"', html)
    assert asked.endswith("/?section=gamma&amp;after=G-200")


def test_it_is_as_light_as_a_page_of_a_thousand_lines_may_be(
    client: Client, long_review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell, "counts", dict)  # the badge's own board
    url = f"/readiness/reviews/{long_review.uuid}/?section=beta"
    client.get(url)
    with at_most("readiness.review"):
        answer = client.get(url)
    html = answer.content.decode()
    assert len(answer.content) <= 300_000
    assert len(re.findall(r"<[a-z]", html)) <= 3_000

"""A review's pages: verdict first, every line with one state, filters as links."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from kernel import build
from kernel.build import Build
from readiness.domain.exemptions import NewWaiver
from readiness.models import Review, ReviewItem, Waiver
from readiness.queries.board import board
from readiness.services.exemptions import approve, ask_not_applicable, ask_waiver
from tests.html import flat

Person = Callable[..., User]
ClientOf = Callable[[User], Client]
MakeReview = Callable[..., Review]
POLL = {
    "HX-Request": "true",
    "HX-Request-Type": "partial",
    "HX-Target": "div#board",
}


@pytest.fixture
def grace(person: Person) -> User:
    return person("grace", "Technical Lead")


@pytest.fixture
def client(ada: User, client_of: ClientOf) -> Client:
    return client_of(ada)


@pytest.fixture
def here(review: Review, monkeypatch: pytest.MonkeyPatch) -> None:
    """The product runs the commit under review."""
    mine = Build(review.commit, clean=True)
    monkeypatch.setattr(build, "running", lambda: mine)


def page(client: Client, review: Review, query: str = "") -> str:
    answer = client.get(f"/readiness/reviews/{review.uuid}/{query}")
    assert answer.status_code == 200
    return flat(answer.content.decode())


def line(review: Review, key: str) -> ReviewItem:
    return ReviewItem.objects.get(review=review, item__key=key)


def shown(html: str) -> list[str]:
    return re.findall(r'<li class="item[^"]*" id="([^"]+)"', html)


def test_the_verdict_comes_first_and_says_why_it_is_held_back(
    client: Client, review: Review, here: None
) -> None:
    html = page(client, review)
    assert "Not ready: 5 blockers" in html
    assert html.index('id="verdict"') < html.index('id="SEC-01"')
    assert 'href="#SEC-01">SEC-01</a>: Not measured for this commit yet' in html
    assert "and 3 more" in html


def test_every_line_shows_one_state_and_why(
    client: Client, review: Review, here: None
) -> None:
    html = page(client, review)
    rows = re.findall(r'<li class="item.*?</li>', html)
    assert len(rows) == 9
    assert all(row.count('<b class="chip') == 1 for row in rows)
    assert '<b class="chip">Open</b> Not measured for this commit yet.' in rows[0]


def test_markdown_of_a_title_is_drawn_and_a_label_is_plain(
    client: Client, review: Review
) -> None:
    html = page(client, review)
    assert "<strong>CORS</strong> limited" in html
    assert 'aria-label="Claim SEC-01 CORS limited to named origins"' in html


def test_a_filter_is_a_link_and_keeps_only_its_lines(
    client: Client, review: Review
) -> None:
    url = f"/readiness/reviews/{review.uuid}/"
    row = line(review, "SEC-03")
    client.post(f"{url}items/{row.pk}/claim/", {"done": "true", "revision": 1})
    assert f'href="{url}?state=claimed"' in page(client, review)
    assert shown(page(client, review, "?state=claimed")) == ["SEC-03"]


def test_a_filtered_page_does_not_poll_its_rows_away(
    client: Client, review: Review
) -> None:
    assert 'hx-trigger="every 15s"' in page(client, review)
    assert 'hx-trigger="every 15s"' not in page(client, review, "?state=unclaimed")


def test_an_unknown_filter_is_refused(client: Client, review: Review) -> None:
    answer = client.get(f"/readiness/reviews/{review.uuid}/?state=green")
    assert answer.status_code == 400


def test_the_second_poll_is_a_304_until_something_changes(
    client: Client, review: Review
) -> None:
    url = f"/readiness/reviews/{review.uuid}/"
    first = client.get(url, headers=POLL)
    assert flat(first.content.decode()).startswith('<div id="board"')
    held = {**POLL, "HX-PTag": first["HX-PTag"]}
    assert client.get(url, headers=held).status_code == 304


@pytest.mark.django_db(transaction=True)
def test_a_tick_ends_the_304(client: Client, review: Review) -> None:
    url = f"/readiness/reviews/{review.uuid}/"
    held = {**POLL, "HX-PTag": client.get(url, headers=POLL)["HX-PTag"]}
    row = line(review, "SEC-01")
    client.post(f"{url}items/{row.pk}/claim/", {"done": "true", "revision": 1})
    assert client.get(url, headers=held).status_code == 200


def test_a_waiver_never_looks_like_a_pass(
    client: Client, review: Review, ada: User, person: Person
) -> None:
    now = timezone.now()
    ends = now + timedelta(days=3)
    new = NewWaiver("new certificate on Monday", "low", ends)
    (waiver,) = ask_waiver([line(review, "SEC-03")], new, ada)
    approve(waiver, person("olive", "Administrator"))
    row = board(review, now).by_key["SEC-03"]
    assert (row.state, row.derived.reason) == ("waived", "new certificate on Monday")
    html = page(client, review)
    assert "Waived</b> until" in html
    assert "1 waived" in html
    later = board(review, now + timedelta(days=3))
    assert later.by_key["SEC-03"].state == "unclaimed"


@pytest.mark.parametrize("flaw", ["approved_by", "revoked_at"])
def test_an_unapproved_or_revoked_waiver_covers_nothing(
    review: Review, ada: User, grace: User, flaw: str
) -> None:
    now = timezone.now()
    values = {"approved_by": grace, "approved_at": now, "revoked_at": None}
    values[flaw] = None if flaw == "approved_by" else now
    Waiver.objects.create(
        review_item=line(review, "SEC-03"),
        reason="later",
        risk="low",
        requested_by=ada,
        ends=now + timedelta(days=3),
        **values,
    )
    assert board(review, now).by_key["SEC-03"].state == "unclaimed"


def test_what_two_persons_call_not_applicable_leaves_the_meters(
    review: Review, ada: User, grace: User
) -> None:
    before = board(review, timezone.now()).proven.of
    (asked,) = ask_not_applicable([line(review, "SEC-03")], "no TLS here", ada)
    approve(asked, grace)
    after = board(review, timezone.now())
    assert after.by_key["SEC-03"].state == "not_applicable"
    assert after.proven.of == before - 1


def item_url(review: Review, key: str) -> str:
    return f"/readiness/reviews/{review.uuid}/items/{line(review, key).pk}/"


def test_a_blank_is_filled_and_stays_visible(client: Client, review: Review) -> None:
    url = item_url(review, "SEC-03")
    assert 'name="field:Expiry"' in client.get(url).content.decode()
    answer = client.post(
        f"{url}fields/", {"revision": 1, "field:Expiry": "2027-01-31"}, follow=True
    )
    assert 'value="2027-01-31"' in answer.content.decode()
    assert line(review, "SEC-03").revision == 2


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"revision": 7, "field:Expiry": "2027-01-31"}, "(revision 1)"),
        ({"revision": 1, "field:Color": "red"}, "no such blank here"),
    ],
)
def test_a_blank_is_not_filled_blindly(
    client: Client, review: Review, fields: dict[str, object], words: str
) -> None:
    url = item_url(review, "SEC-03")
    answer = client.post(f"{url}fields/", fields, follow=True)
    assert words in answer.content.decode()
    assert line(review, "SEC-03").values == {}


def test_comments_are_shown_as_text(client: Client, review: Review) -> None:
    url = item_url(review, "SEC-01")
    client.post(f"{url}comments/", {"text": "<b>bold</b> words"})
    assert "&lt;b&gt;bold&lt;/b&gt; words" in client.get(url).content.decode()


def test_the_list_shows_each_review_with_its_verdict(
    client: Client, make_review: MakeReview, ada: User
) -> None:
    make_review(ada)
    make_review(ada, release="1.1.0", environment="staging")
    html = client.get("/readiness/").content.decode()
    assert html.index("1.1.0 to staging") < html.index("1.0.0 to development")
    assert html.count("Not ready: 5 blockers") == 2


def test_an_empty_list_says_how_to_begin(client: Client) -> None:
    html = client.get("/readiness/").content.decode()
    assert "No review yet" in html
    assert "import_checklist" in html


def test_the_form_opens_a_review(client: Client, make_review, version) -> None:
    fields = {
        "template": version.pk,
        "release": "3.0.0",
        "commit": "CD" * 20,
        "environment": "staging",
    }
    answer = client.post("/readiness/reviews/new/", fields)
    review = Review.objects.get(release="3.0.0")
    assert answer["Location"] == f"/readiness/reviews/{review.uuid}/"
    assert (review.commit, review.imported_ticks) == ("cd" * 20, False)
    again = client.post("/readiness/reviews/new/", fields)
    assert again.status_code == 409


def test_a_trader_reads_and_may_open_nothing(
    person: Person, client_of: ClientOf, review: Review
) -> None:
    trader = client_of(person("tom", "Trader"))
    assert trader.get("/readiness/").status_code == 200
    assert trader.get("/readiness/reviews/new/").status_code == 403

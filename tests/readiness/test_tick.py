"""A tick is a claim: by htmx, without JavaScript, and never over somebody else's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from audit.models import AuditEvent
from readiness.models import Review, ReviewItem
from tests.html import flat
from tests.readiness.conftest import became

Person = Callable[..., User]
ClientOf = Callable[[User], Client]
MakeReview = Callable[..., Review]
HTMX = {
    "HX-Request": "true",
    "HX-Request-Type": "partial",
    "HX-Target": "li#SEC-02.1",
}


@pytest.fixture
def grace(person: Person) -> User:
    return person("grace", "Security Engineer")


def line(review: Review, key: str) -> ReviewItem:
    return ReviewItem.objects.get(review=review, item__key=key)


def claim_url(row: ReviewItem) -> str:
    return f"/readiness/reviews/{row.review.uuid}/items/{row.pk}/claim/"


def tick(
    client: Client, row: ReviewItem, done: str = "true", revision: int = 1, headers=None
):
    return client.post(
        claim_url(row), {"done": done, "revision": revision}, headers=headers
    )


def test_without_javascript_a_tick_leads_back_to_the_line(
    ada: User, client_of: ClientOf, review: Review
) -> None:
    row = line(review, "SEC-02.1")
    answer = tick(client_of(ada), row)
    assert answer.status_code == 302
    assert answer["Location"].endswith("#SEC-02.1")


def test_the_claim_names_who_and_when(
    ada: User, client_of: ClientOf, review: Review
) -> None:
    tick(client_of(ada), line(review, "SEC-01"))
    row = line(review, "SEC-01")
    assert (row.claimed, row.claimed_by, row.revision) == (True, ada, 2)
    assert row.claimed_at is not None


def test_taking_it_back_leaves_no_trace_in_the_claim(
    ada: User, client_of: ClientOf, review: Review
) -> None:
    row = line(review, "SEC-01")
    tick(client_of(ada), row)
    tick(client_of(ada), row, "false", 2)
    row.refresh_from_db()
    assert (row.claimed, row.claimed_by, row.claimed_at) == (False, None, None)


def test_every_tick_is_one_event(
    ada: User, client_of: ClientOf, review: Review
) -> None:
    before = AuditEvent.objects.count()
    tick(client_of(ada), line(review, "SEC-01"))
    event = AuditEvent.objects.order_by("-seq")[0]
    assert AuditEvent.objects.count() == before + 1
    assert (event.kind, event.actor) == ("readiness.item.claimed", ada.actor)
    assert json.loads(bytes(event.body))["data"]["key"] == "SEC-01"


def test_by_htmx_the_answer_brings_the_row_and_all_that_it_moved(
    ada: User, client_of: ClientOf, review: Review
) -> None:
    answer = tick(client_of(ada), line(review, "SEC-02.1"), headers=HTMX)
    html = flat(answer.content.decode())
    assert answer.status_code == 200
    assert html.startswith('<li class="item item--depth-2" id="SEC-02.1"')
    oob = re.findall(r'<\w+[^>]*?id="([^"]+)"[^>]*hx-swap-oob', html)
    assert oob[0] == "SEC-02"
    assert {
        "verdict",
        "head-security",
        "toc-security",
        "counts",
        "signoffs",
        "activity",
        "say",
    } <= set(oob)


def test_the_filter_in_use_stays_in_use(
    ada: User, client_of: ClientOf, review: Review
) -> None:
    here = {**HTMX, "HX-Current-URL": "http://testserver/r/?state=blocker"}
    answer = tick(client_of(ada), line(review, "SEC-02.1"), headers=here)
    html = flat(answer.content.decode())
    assert re.search(r'\?state=blocker"\s*aria-current="true"', html)


def test_a_stale_tick_names_who_changed_it(
    ada: User, grace: User, client_of: ClientOf, review: Review
) -> None:
    row = line(review, "SEC-01")
    tick(client_of(grace), row)
    answer = tick(client_of(ada), row, "false")
    assert answer.status_code == 409
    assert "grace" in answer.content.decode()
    assert line(review, "SEC-01").claimed


def test_a_stale_tick_by_htmx_redraws_the_row_as_it_is(
    ada: User, grace: User, client_of: ClientOf, review: Review
) -> None:
    row = line(review, "SEC-02.1")
    tick(client_of(grace), row)
    answer = tick(client_of(ada), row, "false", headers=HTMX)
    html = flat(answer.content.decode())
    assert answer.status_code == 409
    assert html.startswith('<li class="item item--depth-2" id="SEC-02.1"')
    assert "grace" in html
    assert 'name="revision" value="2"' in html


def test_a_viewer_may_not_tick(
    person: Person, client_of: ClientOf, review: Review
) -> None:
    row = line(review, "SEC-01")
    assert tick(client_of(person("vera", "Viewer")), row).status_code == 403
    assert not line(review, "SEC-01").claimed


def test_a_viewer_sees_no_tick_forms(
    person: Person, client_of: ClientOf, review: Review
) -> None:
    page = client_of(person("vera", "Viewer")).get(f"/readiness/reviews/{review.uuid}/")
    assert page.status_code == 200
    assert 'name="done"' not in page.content.decode()


def test_an_ended_review_takes_no_ticks(
    ada: User, client_of: ClientOf, review: Review
) -> None:
    became(review, "closed")
    answer = tick(client_of(ada), line(review, "SEC-01"))
    assert answer.status_code == 409


def test_the_tick_form_works_for_scripts_as_it_stands(
    ada: User, client_of: ClientOf, review: Review
) -> None:
    answer = client_of(ada).get(f"/readiness/reviews/{review.uuid}/")
    page = flat(answer.content.decode())
    form = re.findall(r"<form\b.*?</form>", page, re.DOTALL)
    tick_form = next(f for f in form if 'name="done"' in f)
    assert re.search(r'<form method="post" action="[^"]+"', tick_form)
    assert re.search(r'<button[^>]*name="done" value="true"', tick_form)


def test_lines_outside_readiness_have_no_tick(
    ada: User, client_of: ClientOf, review: Review
) -> None:
    answer = client_of(ada).get(f"/readiness/reviews/{review.uuid}/")
    page = flat(answer.content.decode())
    assert claim_url(line(review, "SGN-01")) not in page
    assert "SGN-01" in page

"""What a reviewer works with on the page of a review besides its lines."""

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
from operations.models import JobRun
from readiness.models import Evidence, Review, ReviewItem, Standing
from tests.html import flat, text_of
from tests.readiness.conftest import log_verdict, until

Person = Callable[..., User]
ClientOf = Callable[[User], Client]
RECORD = {
    "HX-Request": "true",
    "HX-Request-Type": "partial",
    "HX-Target": "div#record",
}


@pytest.fixture
def client(ada: User, client_of: ClientOf) -> Client:
    return client_of(ada)


@pytest.fixture
def here(review: Review, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Build(review.commit, clean=True)
    monkeypatch.setattr(build, "running", lambda: mine)


def measured(review: Review, key: str, verdict: str, minutes: int = 60) -> Evidence:
    """A record that counts for so many minutes yet."""
    line = ReviewItem.objects.get(review=review, item__key=key)
    check = line.item.checks.get()
    whole = timedelta(seconds=check.freshness + check.grace)
    now = timezone.now() - whole + timedelta(minutes=minutes)
    record = Evidence.objects.create(
        review_item=line,
        check_of=check,
        kind="metric",
        verdict=verdict,
        summary="seen",
        reason=f"it did {verdict}",
        probe=check.probe,
        commit=review.commit,
        environment=review.environment,
        collector="j:readiness-evidence",
        observed_at=now,
        valid_until=until(check, verdict, now),
    )
    log_verdict(line, check, verdict)
    Standing.objects.create(
        review_item=line, check_of=check, latest=record, conclusive=record
    )
    return record


def page(client: Client, review: Review) -> str:
    answer = client.get(f"/readiness/reviews/{review.uuid}/")
    return flat(answer.content.decode())


def item_url(review: Review, key: str) -> str:
    line = ReviewItem.objects.get(review=review, item__key=key)
    return f"/readiness/reviews/{review.uuid}/items/{line.pk}/"


def test_what_expires_next_stands_beside_the_lines(
    client: Client, review: Review
) -> None:
    measured(review, "PRF-01", "pass", 30)
    measured(review, "SEC-01", "pass", 90)
    measured(review, "SEC-02", "fail")
    html = page(client, review)
    aside = html[html.index('id="collecting"') :]
    assert re.findall(r'href="#([^"]+)">\1</a> out of date', aside) == [
        "PRF-01",
        "SEC-01",
    ]


def test_a_page_brings_no_record_and_a_row_asks_for_its_own(
    client: Client, review: Review
) -> None:
    record = measured(review, "SEC-01", "fail")
    assert 'class="facts"' not in page(client, review)
    answer = client.get(item_url(review, "SEC-01"), headers=RECORD)
    html = answer.content.decode()
    assert "<html" not in html
    assert "Failed: it did fail" in text_of(html)
    assert "Foreign web origins get no grant" in text_of(html)
    assert record.commit in html
    assert "HX-Target" in answer["Vary"]


def test_a_line_without_a_record_says_so(client: Client, review: Review) -> None:
    answer = client.get(item_url(review, "SEC-03"), headers=RECORD)
    assert "Nothing has been collected or filed" in answer.content.decode()


def test_a_record_of_no_line_is_not_there(client: Client, review: Review) -> None:
    url = f"/readiness/reviews/{review.uuid}/items/999999/"
    assert client.get(url, headers=RECORD).status_code == 404


def test_a_row_is_drawn_once_and_never_with_anothers_token(
    ada: User, person: Person, client_of: ClientOf, review: Review
) -> None:
    grace = client_of(person("grace", "Developer"))
    tokens = [
        set(re.findall(r'csrfmiddlewaretoken" value="(\w+)"', page(client, review)))
        for client in (client_of(ada), grace)
    ]
    assert all(len(own) == 1 for own in tokens)
    assert tokens[0] != tokens[1]


def asked_for() -> set[str]:
    return set(JobRun.objects.values_list("job__name", flat=True))


def collect(client: Client, review: Review, what: str) -> str:
    answer = client.post(
        f"/readiness/reviews/{review.uuid}/collect/", {"what": what}, follow=True
    )
    assert answer.status_code == 200
    return text_of(answer.content.decode())


@pytest.mark.usefixtures("here")
def test_all_that_can_be_seen_is_asked_for_at_once(
    client: Client, review: Review
) -> None:
    assert "Asked for 2 probes: the lines follow." in collect(client, review, "all")
    assert asked_for() == {"probe:cors", "probe:ratelimit"}


@pytest.mark.usefixtures("here")
def test_only_what_did_not_pass_is_run_again(client: Client, review: Review) -> None:
    measured(review, "SEC-01", "pass")
    assert "There is nothing to collect." in collect(client, review, "failed")
    Standing.objects.all().delete()
    measured(review, "SEC-01", "fail")
    assert "Asked for 1 probe" in collect(client, review, "failed")


def test_of_another_commit_nothing_is_collected(client: Client, review: Review) -> None:
    assert "it can see nothing of" in collect(client, review, "all")
    assert asked_for() == set()


def test_collecting_names_what(client: Client, review: Review) -> None:
    url = f"/readiness/reviews/{review.uuid}/collect/"
    assert client.post(url, {"what": "some"}).status_code == 400


def test_who_may_run_nothing_sees_no_button(
    person: Person, client_of: ClientOf, review: Review
) -> None:
    html = page(client_of(person("vera", "Viewer")), review)
    assert "Collect all" not in html
    assert "Collect all" in page(client_of(person("otto", "Operator")), review)

"""Several lines at once, who is to do them, filters, notes, and what changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from audit.models import AuditEvent
from readiness.models import Review, ReviewItem, ReviewNote
from readiness.pages import work
from readiness.services import notes
from readiness.services.claims import claim_item
from tests.readiness.conftest import became

pytestmark = pytest.mark.django_db
Person = Callable[..., User]
ClientOf = Callable[[User], Client]


@pytest.fixture
def client(ada: User, client_of: ClientOf) -> Client:
    return client_of(ada)


def post(client: Client, path: str, body: object = None) -> Any:
    return client.post(f"/api/readiness/{path}", body or {}, "application/json")


def line_of(review: Review, key: str) -> ReviewItem:
    rows = ReviewItem.objects.select_related("item", "review")
    return rows.get(review=review, item__key=key)


def seen(review: Review, *keys: str) -> list[dict[str, int]]:
    rows = [line_of(review, key) for key in keys]
    return [{"item": row.pk, "revision": row.revision} for row in rows]


def test_several_lines_are_claimed_each_by_an_event(
    client: Client, review: Review
) -> None:
    body = {"done": True, "lines": seen(review, "SEC-01", "SEC-02", "PRF-01")}
    answer = post(client, f"reviews/{review.uuid}/claims", body)
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert [row["key"] for row in told["claimed"]] == ["SEC-01", "SEC-02", "PRF-01"]
    assert told["refused"] == []
    assert AuditEvent.objects.filter(kind="readiness.item.claimed").count() == 3


def test_a_line_that_somebody_changed_is_named_and_the_others_are_claimed(
    client: Client, review: Review, person: Person
) -> None:
    body = {"done": True, "lines": seen(review, "SEC-01", "SEC-02")}
    grace = person("grace", "Developer")
    claim_item(line_of(review, "SEC-01").pk, done=True, revision=1, note="", by=grace)
    told = post(client, f"reviews/{review.uuid}/claims", body).json()
    assert [row["key"] for row in told["claimed"]] == ["SEC-02"]
    (refused,) = told["refused"]
    assert refused["key"] == "SEC-01"
    assert "changed by grace" in refused["detail"]


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([], 422),
        ([{"item": 999_999, "revision": 1}], 404),
        ([{"item": 1}], 422),
        ([{"item": 1, "revision": 1, "odd": 1}], 422),
        ([{"item": 1, "revision": 1}] * 2, 422),
        ([{"item": n, "revision": 1} for n in range(1, 502)], 422),
        # As many as the page takes: these are no lines of the review.
        ([{"item": n, "revision": 1} for n in range(10_000, 10_500)], 404),
    ],
)
def test_what_is_no_list_of_lines_is_refused(
    client: Client, review: Review, lines: list[Any], status: int
) -> None:
    body = {"done": True, "lines": lines}
    answer = post(client, f"reviews/{review.uuid}/claims", body)
    assert answer.status_code == status, answer.content
    assert not AuditEvent.objects.filter(kind="readiness.item.claimed").exists()


def test_the_page_claims_the_chosen_and_names_what_it_could_not(
    client: Client, review: Review, person: Person
) -> None:
    url = f"/readiness/reviews/{review.uuid}/lines/"
    page = client.get(url, {"q": "cors", "state": "unclaimed"})
    assert "SEC-01" in page.content.decode()
    assert "SEC-03" not in page.content.decode()
    chosen = [
        f"{row['item']}:{row['revision']}" for row in seen(review, "SEC-01", "SEC-02")
    ]
    form = {"line": chosen, "do": "claim", "query": "q=cors"}
    done = client.post(f"{url}work/", form)
    assert (done.status_code, done["Location"]) == (302, f"{url}?q=cors")
    late = client.post(f"{url}work/", form)
    assert late.status_code == 409
    assert "SEC-01 was changed by ada meanwhile" in late.content.decode()
    assert client.post(f"{url}work/", {"do": "claim"}).status_code == 422


def test_the_page_takes_500_lines_and_drops_none_of_more(
    client: Client, review: Review
) -> None:
    chosen = [f"{number}:1" for number in range(1, 502)]
    address = f"/readiness/reviews/{review.uuid}/lines/work/"
    answer = client.post(address, {"line": chosen, "do": "claim"})
    assert answer.status_code == 422
    assert "at most 500 lines at once" in answer.content.decode()
    assert not ReviewItem.objects.filter(claimed=True).exists()


def test_a_page_shows_as_many_lines_as_it_takes_at_once(
    client: Client, review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "MOST_AT_ONCE", 4)
    url = f"/readiness/reviews/{review.uuid}/lines/"
    page = client.get(url, {"section": "security"}).content.decode()
    assert (page.count('name="line"'), "5 of 9 lines" in page) == (4, True)
    later = "?section=security&amp;after=SEC-02.2"
    assert f'href="{url}{later}"' in page
    rest = client.get(url, {"section": "security", "after": "SEC-02.2"})
    assert rest.content.decode().count('name="line"') == 1
    assert "Next lines" not in rest.content.decode()


def test_the_page_of_the_review_links_to_its_lines(
    client: Client, review: Review
) -> None:
    url = f"/readiness/reviews/{review.uuid}/"
    assert f'href="{url}lines/"' in client.get(url).content.decode()


def test_a_line_is_given_to_somebody_who_works_on_reviews(
    client: Client, review: Review, ada: User, person: Person
) -> None:
    person("vera", "Viewer")
    line = line_of(review, "SEC-01")
    answer = post(client, f"items/{line.pk}/assign", {"assignee": "ada"})
    assert answer.json()["assignee"] == "ada"
    assert answer.json()["revision"] == line.revision
    refused = post(client, f"items/{line.pk}/assign", {"assignee": "vera"})
    assert refused.status_code == 422
    url = f"/api/readiness/reviews/{review.uuid}/items"
    mine = client.get(url, {"assignee": "ada"}).json()["items"]
    assert [row["key"] for row in mine] == ["SEC-01"]
    nobodys = client.get(url, {"assignee": "nobody", "q": "rate"}).json()["items"]
    assert [row["key"] for row in nobodys] == ["SEC-02"]
    post(client, f"items/{line.pk}/assign", {"assignee": None})
    post(client, f"items/{line.pk}/assign", {"assignee": None})
    events = AuditEvent.objects.filter(kind="readiness.item.assigned")
    assert events.count() == 2


def test_the_page_gives_the_chosen_to_somebody(client: Client, review: Review) -> None:
    (row,) = seen(review, "SEC-01")
    form = {
        "line": f"{row['item']}:{row['revision']}",
        "do": "assign",
        "assignee": "ada",
    }
    url = f"/readiness/reviews/{review.uuid}/lines/"
    assert client.post(f"{url}work/", form).status_code == 302
    page = client.get(url, {"assignee": "ada"}).content.decode()
    assert "1 of 9 lines" in page


def test_a_section_has_an_owner_whose_lines_are_theirs(
    client: Client, review: Review, person: Person, client_of: ClientOf
) -> None:
    vera = client_of(person("vera", "Viewer"))
    path = f"reviews/{review.uuid}/sections"
    mine = {"section": "performance", "owner": "ada"}
    told = post(client, path, mine).json()["sections"]
    assert {each["slug"]: each["owner"] for each in told} == {
        "security": None,
        "performance": "ada",
        "first-week": None,
        "technical-review": None,
    }
    assert client.get(f"/api/readiness/{path}").json()["sections"] == told
    assert post(vera, path, mine).status_code == 403
    assert post(client, path, {**mine, "owner": "vera"}).status_code == 422
    assert post(client, path, {**mine, "section": "x"}).status_code == 422
    events = AuditEvent.objects.filter(kind="readiness.section.owned")
    assert events.count() == 1
    post(client, path, mine)
    assert events.count() == 1

    post(client, f"items/{line_of(review, 'SEC-03').pk}/assign", {"assignee": "ada"})
    url = f"/api/readiness/reviews/{review.uuid}/items"
    items = client.get(url, {"assignee": "ada"}).json()["items"]
    assert [row["key"] for row in items] == ["SEC-03", "PRF-01", "PRF-02"]
    others = client.get(url, {"assignee": "nobody"}).json()["items"]
    assert not {row["key"] for row in others} & {"SEC-03", "PRF-01", "PRF-02"}

    became(review, "aborted")
    assert post(client, path, {**mine, "owner": None}).status_code == 409


def test_somebody_who_is_called_nobody_is_somebody(
    client: Client, review: Review, person: Person
) -> None:
    person("nobody", "Developer")
    url = f"/api/readiness/reviews/{review.uuid}/items"

    def keys(assignee: str) -> list[str]:
        items = client.get(url, {"assignee": assignee}).json()["items"]
        return [row["key"] for row in items]

    everything = keys("")
    assert keys("nobody") == keys("(nobody)") == everything, "as it was before"
    line = line_of(review, "SEC-03")
    post(client, f"items/{line.pk}/assign", {"assignee": "nobody"})
    assert keys("nobody") == ["SEC-03"]
    assert keys("(nobody)") == [key for key in everything if key != "SEC-03"]
    page = client.get(
        f"/readiness/reviews/{review.uuid}/lines/", {"assignee": "(nobody)"}
    )
    assert "8 of 9 lines" in page.content.decode()


def test_an_owner_stays_who_they_are_whatever_they_are_called(
    client: Client, review: Review, ada: User, person: Person
) -> None:
    path = f"reviews/{review.uuid}/sections"
    post(client, path, {"section": "performance", "owner": "ada"})
    User.objects.filter(pk=ada.pk).update(username="ada-lovelace")
    person("ada", "Developer")
    told = client.get(f"/api/readiness/{path}").json()["sections"]
    assert {each["owner"] for each in told} == {None, "ada-lovelace"}
    event = AuditEvent.objects.get(kind="readiness.section.owned")
    assert f'"owner":"{ada.actor}"' in bytes(event.body).decode()


def test_an_owner_who_was_kept_by_name_is_shown_by_it(
    client: Client, review: Review
) -> None:
    Review.objects.update(owners={"performance": "somebody-gone"})
    told = client.get(f"/api/readiness/reviews/{review.uuid}/sections").json()
    assert "somebody-gone" in {each["owner"] for each in told["sections"]}


def test_the_page_says_and_changes_who_owns_a_section(
    client: Client, review: Review
) -> None:
    url = f"/readiness/reviews/{review.uuid}/"
    form = {"section": "performance", "owner": "ada"}
    assert client.post(f"{url}sections/", form).status_code == 302
    head = client.get(url).content.decode().partition('id="head-performance"')[2]
    assert "0 of 2 proven · ada" in head.partition("</header>")[0]
    assert "said who owns Performance" in client.get(url).content.decode()
    assert "3 of 9 lines" not in client.get(f"{url}lines/").content.decode()
    mine = client.get(f"{url}lines/", {"assignee": "ada"}).content.decode()
    assert "2 of 9 lines" in mine
    odd = client.post(f"{url}sections/", {**form, "owner": "mallory"})
    assert odd.status_code == 422
    assert client.post(f"{url}sections/", {**form, "owner": ""}).status_code == 302
    assert "· ada" not in client.get(url).content.decode()


def test_a_filter_is_kept_under_a_name_and_forgotten(
    client: Client, review: Review
) -> None:
    url = f"/readiness/reviews/{review.uuid}/lines/"
    form = {"name": "My open ones", "query": "state=unclaimed", "next": url}
    saved = client.post("/settings/filters/lines/", form)
    assert saved["Location"] == url
    assert f"{url}?state=unclaimed" in client.get(url).content.decode()
    client.post("/settings/preferences/", {"theme": "dark", "next": "/"})
    assert "My open ones" in client.get(url).content.decode()
    client.post("/settings/filters/lines/", {**form, "do": "forget"})
    assert "My open ones" not in client.get(url).content.decode()
    elsewhere = {**form, "next": "https://evil.example/"}
    assert client.post("/settings/filters/lines/", elsewhere)["Location"] == "/"
    long = client.post(
        "/settings/filters/lines/", {**form, "name": "x" * 41}, follow=True
    )
    assert "1 to 40 characters" in long.content.decode()


def test_the_difference_from_the_last_review(
    client: Client, review: Review, make_review: Callable[..., Review], ada: User
) -> None:
    claim_item(line_of(review, "SEC-01").pk, done=True, revision=1, note="", by=ada)
    alone = client.get(f"/api/readiness/reviews/{review.uuid}/diff").json()
    assert (alone["against"], alone["changed"]) == (None, [])
    newer = make_review(ada, release="2.0.0")
    told = client.get(f"/api/readiness/reviews/{newer.uuid}/diff").json()
    assert told["against"] == str(review.uuid)
    assert (told["added"], told["removed"]) == ([], [])
    (change,) = told["changed"]
    assert change["key"] == "SEC-01"
    facts = {each["name"]: (each["before"], each["now"]) for each in change["changes"]}
    assert facts["claim"] == ("ada", "nobody")
    page = client.get(f"/readiness/reviews/{newer.uuid}/diff/").content.decode()
    assert "1 line changed" in page
    assert "Claimed → Open" in page
    assert "unclaimed" not in page
    first = client.get(f"/readiness/reviews/{review.uuid}/diff/").content.decode()
    assert "no earlier review" in first
    odd = client.get(f"/api/readiness/reviews/{newer.uuid}/diff?against=x")
    assert odd.status_code == 400


def test_a_known_issue_stands_until_it_is_resolved(
    client: Client, review: Review
) -> None:
    path = f"reviews/{review.uuid}/notes"
    issue = post(client, path, {"kind": "issue", "text": "Exports are slow"})
    assert issue.status_code == 201, issue.content
    assert post(client, path, {"kind": "note", "text": " "}).status_code == 422
    note = post(client, path, {"kind": "note", "text": "Frozen until Monday"}).json()
    assert post(client, f"notes/{note['id']}/resolve").status_code == 409
    became(review, "closed")
    done = post(client, f"notes/{issue.json()['id']}/resolve")
    assert done.json()["resolved_by"] == "ada"
    assert post(client, f"notes/{issue.json()['id']}/resolve").status_code == 409
    listed = client.get(f"/api/readiness/{path}").json()["notes"]
    assert [row["text"] for row in listed] == [
        "Frozen until Monday",
        "Exports are slow",
    ]
    events = AuditEvent.objects.filter(kind__startswith="readiness.note.")
    assert not any(b"slow" in bytes(event.body) for event in events)


def test_the_page_takes_notes(client: Client, review: Review) -> None:
    url = f"/readiness/reviews/{review.uuid}/"
    empty = client.post(f"{url}notes/", {"kind": "issue", "text": " "})
    assert empty.status_code == 422
    assert 'value="issue" selected' in empty.content.decode()
    assert f'maxlength="{notes.LONGEST}"' in empty.content.decode()
    client.post(f"{url}notes/", {"kind": "issue", "text": "Exports are slow"})
    note = ReviewNote.objects.get()
    assert "Exports are slow" in client.get(f"{url}lifecycle/").content.decode()
    client.post(f"{url}notes/{note.pk}/resolve/")
    assert "resolved by ada" in client.get(f"{url}lifecycle/").content.decode()

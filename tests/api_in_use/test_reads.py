"""What every read of the API shares: an ETag that means what it says, and a query
of which nothing is ignored."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from rrr_dashboard.api import document
from tests.accounts.limited import Clock
from tests.api_schema.operations import NOBODY, Operation, getter, operations, urls

# Every read of the demo, twice: seconds on a machine of its own.
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1_800)]
# Of every kind of id one that a URL may hold; whether it is there comes later.
SOME = {
    **dict.fromkeys(("item", "evidence", "template", "number"), "1"),
    **dict.fromkeys(("waiver", "exemption", "follow_up", "note"), "1"),
    **dict.fromkeys(("uid", "review", "signoff"), NOBODY),
    "name": "memory",
}
SOME_ID = re.compile(r"\{(\w+)\}")
OWN = ("/api/trades/imports", "/api/tokens")
# Whose senders are not ours: they take what they know.
LAX = {"/api/csp-report"}
REVISED = "/api/readiness/items/{item}"


def first_url(operation: Operation, client: Client) -> str:
    return urls(operation, getter(client))[0]


def read_twice(client: Client, url: str, tag: str = "") -> tuple[Any, Any]:
    """An answer, and the one to whoever holds it: `tag` puts its ETag into words."""
    first = client.get(url)
    held = tag.format(first["ETag"]) if tag else first["ETag"]
    return first, client.get(url, headers={"If-None-Match": held})


def test_every_read_has_an_etag_and_answers_304_to_its_holder(
    desk: dict[str, Client], clock: Clock
) -> None:
    """Asked by the Administrator, who reads everything but the trader's own files."""
    wrong = []
    for path, operation in operations().items():
        clock.forward(60)  # exports are six a minute
        client = desk["trader" if path.startswith(OWN) else "admin"]
        first, again = read_twice(client, first_url(operation, client))
        if (first.status_code, again.status_code) != (200, 304):
            wrong.append((path, first.status_code, again.status_code))
        if again.content or first["ETag"] != again["ETag"]:
            wrong.append((path, again.content, again["ETag"]))
    assert wrong == []


@pytest.mark.parametrize("tag", ['"other", {}', "*"])
def test_other_spellings_of_the_same_tag_are_held_too(
    desk: dict[str, Client], tag: str
) -> None:
    assert read_twice(desk["trader"], "/api/portfolio", tag)[1].status_code == 304


def test_a_tag_that_compression_or_a_proxy_changed_is_the_same(
    desk: dict[str, Client],
) -> None:
    bare = desk["trader"].get("/api/stats")["ETag"].removeprefix("W/").strip('"')
    for spelling in (f'"{bare}"', f'W/"{bare};gzip"', f'"{bare};gzip"'):
        held = desk["trader"].get("/api/stats", headers={"If-None-Match": spelling})
        assert held.status_code == 304, spelling


def test_an_answer_to_another_person_is_never_held(desk: dict[str, Client]) -> None:
    """Rows that both may read word for word alike: the tag is the person's all the
    same, so that nobody who logs in at a shared client is told 'not modified'."""
    tag = desk["developer"].get("/api/operations/jobs")["ETag"]
    held = desk["operator"].get("/api/operations/jobs", headers={"If-None-Match": tag})
    assert held.status_code == 200


def test_a_comment_changes_the_tag_of_a_line_and_not_its_revision(
    desk: dict[str, Client],
) -> None:
    """The tag was the revision alone: whoever held it never saw the comment."""
    client = desk["developer"]
    url = first_url(operations()[REVISED], client)
    before = client.get(url)
    said = client.post(
        f"{url}/comments", {"text": "seen"}, content_type="application/json"
    )
    after = client.get(url, headers={"If-None-Match": before["ETag"]})
    assert (said.status_code, after.status_code) == (201, 200)
    assert after["ETag"] != before["ETag"]
    claim = client.post(
        f"{url}/claim",
        {"done": True, "note": ""},
        content_type="application/json",
        headers={"If-Match": before["ETag"]},
    )
    assert claim.status_code == 200, "a comment is no reason to refuse a claim"


def test_a_head_has_the_headers_of_the_get(desk: dict[str, Client]) -> None:
    for path in ("/api/me", "/api/trades?limit=1", "/api/operations/rules/memory"):
        asked, told = desk["admin"].get(path), desk["admin"].head(path)
        assert (told.status_code, told.content) == (200, b"")
        assert told["ETag"] == asked["ETag"]
        assert told.get("Link") == asked.get("Link")
        held = desk["admin"].head(path, headers={"If-None-Match": told["ETag"]})
        assert held.status_code == 304


def test_a_held_page_still_links_to_the_next(desk: dict[str, Client]) -> None:
    first, again = read_twice(desk["trader"], "/api/trades?limit=1")
    assert again["Link"] == first["Link"]


def url_of(path: str) -> str:
    """With some id for each; imports are known by UUID, other `id`s are numbers."""
    some = {**SOME, "id": NOBODY if "/imports/" in path else "1"}
    return SOME_ID.sub(lambda place: some[place[1]], path)


def test_no_operation_ignores_a_query_parameter(desk: dict[str, Client]) -> None:
    """`format` is DRF's own word for another renderer: it is as unknown as any."""
    taken = []
    for path, item in document()["paths"].items():
        if path in LAX:
            continue
        url = url_of(path)
        for method in item:
            statuses = {
                desk[who].generic(method.upper(), f"{url}?{name}=json").status_code
                for who in ("admin", "trader", "developer", "operator")
                for name in ("nonsense", "format")
            }
            if statuses - {403} != {400}:
                taken.append((method, path, statuses))
    assert taken == []

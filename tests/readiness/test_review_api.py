"""Reviews over HTTP: the shapes that scripts read, and who may do what."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from readiness.models import Review, TemplateVersion
from tests.readiness.conftest import COMMIT

Person = Callable[..., User]
ClientOf = Callable[[User], Client]
MakeReview = Callable[..., Review]


@pytest.fixture
def client(ada: User, client_of: ClientOf) -> Client:
    return client_of(ada)


def items(client: Client, review: Review, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/api/readiness/reviews/{review.uuid}/items{query}")
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def item(client: Client, review: Review, key: str) -> dict[str, Any]:
    return next(one for one in items(client, review) if one["key"] == key)


def claim(client: Client, one: dict[str, Any], body: dict[str, Any], **headers: str):
    return client.post(
        f"/api/readiness/items/{one['id']}/claim",
        body,
        content_type="application/json",
        headers=headers or None,
    )


def test_the_list_names_verdict_counts_and_signatures(
    client: Client, review: Review
) -> None:
    one = client.get("/api/readiness/reviews").json()["reviews"][0]
    assert one["id"] == str(review.uuid)
    assert (one["release"], one["commit"], one["state"]) == ("1.0.0", COMMIT, "open")
    assert one["verdict"] == {"ready": False, "blockers": 5}
    assert one["counts"]["unclaimed"] == 7
    assert one["signatures"] == {"valid": 0, "required": 5}


def test_items_come_in_document_order_with_their_parent(
    client: Client, review: Review
) -> None:
    rows = items(client, review)
    assert [one["key"] for one in rows][:4] == [
        "SEC-01",
        "SEC-02",
        "SEC-02.1",
        "SEC-02.2",
    ]
    assert [one["parent"] for one in rows][:3] == [None, None, "SEC-02"]
    assert {
        "id",
        "key",
        "title",
        "section",
        "section_kind",
        "parent",
        "depth",
        "blocking",
        "state",
        "reason",
        "claimed",
        "claimed_by",
        "claimed_at",
        "revision",
        "evidence",
    } <= set(rows[0])


def test_pages_of_items_follow_one_another(client: Client, review: Review) -> None:
    found: list[str] = []
    cursor = ""
    for _ in range(5):
        answer = client.get(
            f"/api/readiness/reviews/{review.uuid}/items?limit=4{cursor}"
        ).json()
        found += [one["key"] for one in answer["items"]]
        if answer["next_cursor"] is None:
            break
        cursor = f"&cursor={answer['next_cursor']}"
    assert found == [one["key"] for one in items(client, review)]
    assert len(found) == 9


def test_a_claim_and_what_follows_from_it(client: Client, review: Review) -> None:
    one = item(client, review, "SEC-03")
    answer = claim(client, one, {"done": True, "revision": 1, "note": "seen"})
    assert answer.status_code == 200
    assert answer.json()["claimed_by"] == "ada"
    assert answer.json()["state"] == "claimed"
    assert answer["ETag"] == '"2"'
    assert [x["key"] for x in items(client, review, "?state=claimed")] == ["SEC-03"]


def test_stale_by_body_stale_by_header_and_neither(
    client: Client, review: Review
) -> None:
    one = item(client, review, "SEC-01")
    claim(client, one, {"done": True, "revision": 1})
    stale = claim(client, one, {"done": False, "revision": 1})
    assert stale.status_code == 409
    assert stale["Content-Type"] == "application/problem+json"
    current = stale.json()["current"]
    assert (current["revision"], current["claimed"]) == (2, True)
    assert current["claimed_by"] == "ada"
    assert current["claimed_at"].endswith("Z")
    by_header = claim(client, one, {"done": False}, **{"If-Match": '"1"'})
    assert by_header.status_code == 412
    assert claim(client, one, {"done": False}).status_code == 428
    good = claim(client, one, {"done": False}, **{"If-Match": 'W/"2"'})
    assert good.status_code == 200


def test_imported_ticks_are_claims_by_import_only_when_asked(
    client: Client, make_review: MakeReview, ada: User
) -> None:
    plain = make_review(ada)
    taken = make_review(ada, release="1.0.1", imported_ticks=True)
    assert not any(one["claimed"] for one in items(client, plain))
    claimed = [one for one in items(client, taken) if one["claimed"]]
    assert [one["key"] for one in claimed] == ["SEC-01", "SEC-02"]
    assert {one["claimed_by"] for one in claimed} == {"import"}
    assert {one["state"] for one in claimed} == {"claimed", "unclaimed"}


def post_review(client: Client, **over: object):
    body = {
        "template": "desk",
        "release": "2.0.0",
        "commit": COMMIT,
        "environment": "staging",
        **over,
    }
    return client.post("/api/readiness/reviews", body, content_type="application/json")


def test_a_review_is_opened_once(client: Client, version: TemplateVersion) -> None:
    first, second = post_review(client), post_review(client)
    assert (first.status_code, second.status_code) == (201, 409)
    assert first.json()["environment"] == "staging"


@pytest.mark.parametrize(
    ("over", "status"),
    [
        ({"commit": "main"}, 422),
        ({"commit": "z" * 40}, 422),
        ({"environment": "moon"}, 422),
        ({"release": " "}, 422),
        ({"release": "1.0\nBcc: mallory@evil.example"}, 422),
        ({"template": "none-such"}, 404),
        ({"version": 7}, 404),
    ],
)
def test_what_cannot_be_reviewed_is_refused(
    client: Client, version: TemplateVersion, over: dict[str, object], status: int
) -> None:
    assert post_review(client, **over).status_code == status
    assert not Review.objects.exists()


def test_a_draft_is_no_template_for_reviews(
    client: Client, version: TemplateVersion
) -> None:
    TemplateVersion.objects.update(state="draft")
    assert post_review(client).status_code == 404


def test_evidence_is_filed_and_confirmed_over_http(
    client: Client, review: Review, person: Person, client_of: ClientOf
) -> None:
    one = item(client, review, "PRF-02")
    url = f"/api/readiness/items/{one['id']}/evidence"
    filed = client.post(
        url,
        {"kind": "link", "summary": "the report", "link": "https://example.test/r"},
        content_type="application/json",
    )
    assert filed.status_code == 201
    told = filed.json()
    assert told["sha256"] == sha256(b"https://example.test/r").hexdigest()
    came = client.get(told["url"]).getvalue()
    assert came == b"https://example.test/r"
    confirm = f"{url}/{filed.json()['id']}/confirm"
    assert client.post(confirm).status_code == 403
    other = client_of(person("grace", "Technical Lead"))
    assert other.post(confirm).json()["confirmed_by"] == "grace"
    assert item(client, review, "PRF-02")["state"] == "proven"


@pytest.mark.parametrize(
    ("kind", "content", "beside"),
    [
        ("output", {"text": "2,412 passed"}, {"link": "https://example.test/r"}),
        ("link", {"link": "https://example.test/r"}, {"text": "2,412 passed"}),
        ("output", {"text": "2,412 passed"}, {"file": BytesIO(b"more")}),
    ],
)
def test_what_the_kind_does_not_announce_is_refused_and_not_dropped(
    client: Client,
    review: Review,
    kind: str,
    content: dict[str, Any],
    beside: dict[str, Any],
) -> None:
    one = item(client, review, "PRF-02")
    form = {"kind": kind, "summary": "seen", **content, **beside}
    refused = client.post(f"/api/readiness/items/{one['id']}/evidence", form)
    assert refused.status_code == 422
    [fault] = refused.json()["errors"]
    assert fault["pointer"] == f"/{next(iter(beside))}"
    assert fault["detail"] == f"is not what {kind!r} announces"


def test_one_item_tells_checks_history_and_comments(
    client: Client, review: Review
) -> None:
    one = item(client, review, "SEC-01")
    said = client.post(
        f"/api/readiness/items/{one['id']}/comments",
        {"text": "looks fine"},
        content_type="application/json",
    )
    assert said.status_code == 201
    whole = client.get(f"/api/readiness/items/{one['id']}").json()
    assert whole["checks"][0]["probe"] == "cors"
    assert [c["text"] for c in whole["comments"]] == ["looks fine"]
    assert (whole["fields"], whole["history"], whole["waivers"]) == ([], [], [])


def test_running_an_item_without_a_known_probe_says_so(
    client: Client, review: Review
) -> None:
    one = item(client, review, "SEC-03")
    answer = client.post(f"/api/readiness/items/{one['id']}/run")
    assert answer.status_code == 409
    assert "No probe" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("role", "reads", "claims", "opens"),
    [
        ("Trader", 200, 403, 403),
        ("Viewer", 200, 403, 403),
        ("Operator", 200, 403, 403),
        ("Administrator", 200, 403, 201),
        ("Product Owner", 200, 200, 201),
    ],
)
def test_each_role_does_what_it_may(
    person: Person,
    client_of: ClientOf,
    client: Client,
    review: Review,
    role: str,
    reads: int,
    claims: int,
    opens: int,
) -> None:
    one = item(client, review, "SEC-01")
    mine = client_of(person("zoe", role))
    assert mine.get(f"/api/readiness/reviews/{review.uuid}").status_code == reads
    assert claim(mine, one, {"done": True, "revision": 1}).status_code == claims
    assert post_review(mine).status_code == opens


def test_what_is_not_there_is_a_404_and_a_strange_parameter_a_400(
    client: Client, review: Review
) -> None:
    assert client.get("/api/readiness/items/999999").status_code == 404
    nobody = "00000000-0000-0000-0000-000000000000"
    assert client.get(f"/api/readiness/reviews/{nobody}").status_code == 404
    url = f"/api/readiness/reviews/{review.uuid}/items"
    assert client.get(f"{url}?color=red").status_code == 400
    assert client.get(f"{url}?state=green").status_code == 400
    assert client.get(f"{url}?cursor=nonsense").status_code == 400


def test_a_repeated_key_opens_one_review_and_files_one_record(
    client: Client, version: TemplateVersion, make_review: MakeReview, ada: User
) -> None:
    key = {"Idempotency-Key": "once-1"}
    body = {
        "template": "desk",
        "release": "2.0.0",
        "commit": COMMIT,
        "environment": "staging",
    }
    both = [
        client.post(
            "/api/readiness/reviews", body, content_type="application/json", headers=key
        )
        for _ in (1, 2)
    ]
    assert [one.status_code for one in both] == [201, 201]
    assert both[0].json()["id"] == both[1].json()["id"]
    one = item(client, make_review(ada), "PRF-02")
    filed = [
        client.post(
            f"/api/readiness/items/{one['id']}/evidence",
            {"kind": "output", "summary": "seen", "text": "words"},
            content_type="application/json",
            headers=key,
        ).json()["id"]
        for _ in (1, 2)
    ]
    assert filed[0] == filed[1]

"""What the API refuses to answer, and which checklists it does not take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from readiness.models import Review

Person = Callable[..., User]
ClientOf = Callable[[User], Client]
Body = Mapping[str, Any]
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def client(ada: User, client_of: ClientOf) -> Client:
    return client_of(ada)


def post(client: Client, path: str, body: Body, **headers: str) -> Any:
    return client.post(
        f"/api/readiness/{path}", body, content_type="application/json", headers=headers
    )


# --- reading -----------------------------------------------------------------------------

READS = [
    pytest.param("reviews?colour=red", 400, id="an unknown parameter"),
    pytest.param("reviews?limit=0", 400, id="limit nought"),
    pytest.param("reviews?limit=501", 400, id="a limit too large"),
    pytest.param("reviews?cursor=nonsense", 400, id="a foreign cursor"),
    pytest.param(f"reviews/{NOBODY}", 404, id="no such review"),
    pytest.param(f"reviews/{NOBODY}/items", 404, id="items of none"),
    pytest.param(f"reviews/{NOBODY}/signoffs", 404, id="signatures of none"),
    pytest.param(f"reviews/{NOBODY}/markdown", 404, id="Markdown of none"),
    pytest.param(
        f"reviews/{NOBODY}/statement?role=Developer", 404, id="a statement of none"
    ),
    pytest.param("reviews/{review}/statement", 400, id="a statement without a role"),
    pytest.param(
        "reviews/{review}/statement?role=Cook", 404, id="a role that is not asked"
    ),
    pytest.param("reviews/{review}/items?state=odd", 400, id="no such state"),
    pytest.param(
        "reviews/{review}/items?cursor=nonsense", 400, id="a foreign cursor of items"
    ),
    pytest.param(
        "reviews/{review}/signoffs?limit=0", 400, id="limit nought of signatures"
    ),
    pytest.param(
        "reviews/{review}/signoffs?cursor=nonsense",
        400,
        id="a foreign cursor of signatures",
    ),
    pytest.param("items/0", 404, id="no such item"),
    pytest.param("templates?colour=red", 400, id="an unknown parameter of templates"),
    pytest.param("templates/0/versions/1/markdown", 404, id="no such template"),
]


@pytest.mark.parametrize(("path", "status"), READS)
def test_a_question_without_an_answer(
    client: Client, review: Review, path: str, status: int
) -> None:
    answer = client.get(f"/api/readiness/{path.format(review=review.uuid)}")

    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"


# --- checklists -----------------------------------------------------------------------------

REFUSED_CHECKLISTS = [
    pytest.param({}, "required", id="neither file nor text"),
    pytest.param({"text": ""}, "empty", id="an empty text"),
    pytest.param({"text": "# Only a heading"}, "no_items", id="no item in it"),
    pytest.param({"text": "- [ ] a", "name": "n" * 201}, "invalid", id="a long name"),
]


@pytest.mark.parametrize(("body", "code"), REFUSED_CHECKLISTS)
def test_a_checklist_that_is_not_imported(
    person: Person, client_of: ClientOf, body: Body, code: str
) -> None:
    admin = client_of(person("olive", "Administrator"))

    answer = post(admin, "templates/import", body)

    assert (answer.status_code, answer.json()["type"]) == (
        422,
        f"urn:rrr:problem:{code}",
    )


def test_a_published_version_is_not_published_again(
    person: Person, client_of: ClientOf
) -> None:
    admin = client_of(person("olive", "Administrator"))
    draft = post(admin, "templates/import", {"text": "# Desk\n\n- [ ] a\n"}).json()
    where = f"templates/{draft['id']}/publish"
    assert post(admin, where, {}).json()["state"] == "published"

    assert post(admin, where, {}).json()["type"] == "urn:rrr:problem:not_a_draft"
    assert post(admin, where, {"version": 1}).status_code == 409
    assert post(admin, where, {"version": 0}).status_code == 422
    assert post(admin, where, {"version": 9}).status_code == 404
    assert post(admin, "templates/0/publish", {}).status_code == 404

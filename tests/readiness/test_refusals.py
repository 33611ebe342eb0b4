"""What the API and the pages refuse: who, what, and how it is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from readiness.models import Evidence, Review, ReviewItem
from readiness.services.evidence.filing import NewEvidence, file_evidence
from tests.readiness.conftest import COMMIT, became

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


def faults(answer: Any) -> dict[str, str]:
    return {fault["pointer"]: fault["code"] for fault in answer.json()["errors"]}


# --- opening a review -----------------------------------------------------------------

NEW: Body = {
    "template": "desk",
    "release": "2.0.0",
    "commit": COMMIT,
    "environment": "development",
}
REFUSED_REVIEWS = [
    pytest.param({"template": ""}, 422, "/template", id="no template"),
    pytest.param(
        {"template": "d" * 81}, 422, "/template", id="a template's name too long"
    ),
    pytest.param({"template": "nowhere"}, 404, None, id="a template that is not there"),
    pytest.param({"template": "999999"}, 404, None, id="an id that is not there"),
    pytest.param({"version": 0}, 422, "/version", id="version nought"),
    pytest.param({"version": 7}, 404, None, id="a version that is not there"),
    pytest.param({"release": ""}, 422, "/release", id="no release"),
    pytest.param({"template": "9" * 80}, 404, None, id="an id beyond all databases"),
    pytest.param({"release": "r" * 81}, 422, "/release", id="a release too long"),
    pytest.param({"commit": "ab"}, 422, "/commit", id="a short commit"),
    pytest.param({"commit": "g" * 40}, 422, "/commit", id="no hexadecimal commit"),
    pytest.param({"commit": "a" * 41}, 422, "/commit", id="a commit too long"),
    pytest.param(
        {"environment": "moon"}, 422, "/environment", id="no such environment"
    ),
    pytest.param(
        {"imported_ticks": "perhaps"}, 422, "/imported_ticks", id="no boolean"
    ),
]


@pytest.mark.alike  # refused before anything is written
@pytest.mark.parametrize(("change", "status", "pointer"), REFUSED_REVIEWS)
def test_a_review_that_cannot_be_opened(
    client: Client, version: object, change: Body, status: int, pointer: str | None
) -> None:
    answer = post(client, "reviews", {**NEW, **change})

    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert pointer is None or pointer in faults(answer)
    assert not Review.objects.exists()


@pytest.mark.alike  # refused before anything is written
@pytest.mark.parametrize("name", sorted(NEW))
def test_every_field_of_a_review_is_needed(
    client: Client, version: object, name: str
) -> None:
    body = {key: value for key, value in NEW.items() if key != name}

    answer = post(client, "reviews", body)

    assert (answer.status_code, faults(answer)) == (422, {f"/{name}": "required"})


def test_the_same_review_is_open_already(client: Client, version: object) -> None:
    assert post(client, "reviews", NEW).status_code == 201

    answer = post(client, "reviews", NEW)

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:rrr:problem:review_open"


# --- a line ---------------------------------------------------------------------------

REFUSED_CLAIMS = [
    pytest.param({}, 422, id="nothing said"),
    pytest.param({"done": "perhaps", "revision": 1}, 422, id="no boolean"),
    pytest.param({"done": True}, 428, id="no revision"),
    pytest.param({"done": True, "revision": -1}, 422, id="a negative revision"),
    pytest.param({"done": True, "revision": "one"}, 422, id="a revision in words"),
    pytest.param({"done": True, "revision": 99}, 409, id="a revision of the future"),
    pytest.param(
        {"done": True, "revision": 1, "note": "n" * 501}, 422, id="a long note"
    ),
]


@pytest.mark.parametrize(("body", "status"), REFUSED_CLAIMS)
def test_a_claim_that_is_not_taken(
    client: Client, line: ReviewItem, body: Body, status: int
) -> None:
    answer = post(client, f"items/{line.pk}/claim", body)

    assert answer.status_code == status
    line.refresh_from_db()
    assert (line.claimed, line.revision) == (False, 1)


IF_MATCH = [
    pytest.param('"1"', 200, id="plain"),
    pytest.param('W/"1"', 200, id="weak"),
    pytest.param('"1;gzip"', 200, id="as gzip answers name it"),
    pytest.param("1", 200, id="without quotes"),
    pytest.param('"2"', 412, id="stale"),
    pytest.param('"one"', 400, id="no number"),
]


@pytest.mark.parametrize(("tag", "status"), IF_MATCH)
def test_the_revision_in_if_match(
    client: Client, line: ReviewItem, tag: str, status: int
) -> None:
    answer = post(client, f"items/{line.pk}/claim", {"done": True}, **{"If-Match": tag})

    assert answer.status_code == status
    if status == 412:
        assert answer.json()["current"]["revision"] == 1


REFUSED_EVIDENCE = [
    pytest.param(
        {"kind": "metric", "summary": "s"},
        {"/kind": "invalid_choice"},
        id="not a person's kind",
    ),
    pytest.param(
        {"kind": "output", "text": "t"}, {"/summary": "required"}, id="no summary"
    ),
    pytest.param(
        {"kind": "output", "summary": "s"}, {"/content": "empty"}, id="no text"
    ),
    pytest.param(
        {"kind": "link", "summary": "s", "text": "t"},
        {"/text": "kind"},
        id="no link",
    ),
    pytest.param(
        {"kind": "link", "summary": "s", "link": "nowhere"},
        {"/link": "invalid"},
        id="no address",
    ),
    pytest.param(
        {"kind": "link", "summary": "s", "link": "ftp://example.test/x"},
        {"/content": "link"},
        id="an address that browsers do not open",
    ),
    pytest.param(
        {"kind": "output", "summary": "s", "text": "t" * 20_001},
        {"/text": "max_length"},
        id="a long text",
    ),
    pytest.param(
        {"kind": "output", "summary": "s" * 501, "text": "t"},
        {"/summary": "max_length"},
        id="a long summary",
    ),
]


@pytest.mark.alike  # refused before anything is written
@pytest.mark.parametrize(("body", "errors"), REFUSED_EVIDENCE)
def test_evidence_that_is_not_filed(
    client: Client, line: ReviewItem, body: Body, errors: dict[str, str]
) -> None:
    answer = post(client, f"items/{line.pk}/evidence", body)

    assert answer.status_code == 422
    for pointer, code in errors.items():
        assert faults(answer).get(pointer) == code
    assert not Evidence.objects.exists()


@pytest.mark.alike  # refused before anything is written
def test_a_file_must_be_sent_as_a_file(client: Client, line: ReviewItem) -> None:
    answer = post(client, f"items/{line.pk}/evidence", {"kind": "file", "summary": "s"})

    assert answer.status_code == 422
    assert "multipart field `file`" in answer.json()["detail"]


@pytest.mark.alike  # refused before anything is written
@pytest.mark.parametrize("text", ["", "   ", "t" * 5_001])
def test_a_comment_says_something_and_not_too_much(
    client: Client, line: ReviewItem, text: str
) -> None:
    assert post(client, f"items/{line.pk}/comments", {"text": text}).status_code == 422


def test_a_line_without_a_probe_here_cannot_be_run(
    client: Client, line: ReviewItem
) -> None:
    answer = post(client, f"items/{line.pk}/run", {})

    assert (answer.status_code, answer.json()["type"]) == (
        409,
        "urn:rrr:problem:no_probe",
    )


# --- confirming -----------------------------------------------------------------------


@pytest.fixture
def filed(line: ReviewItem, ada: User) -> Evidence:
    return file_evidence(line, NewEvidence("output", "seen", b"it is there"), ada)


def confirm(client: Client, line: ReviewItem, evidence: int) -> Any:
    return post(client, f"items/{line.pk}/evidence/{evidence}/confirm", {})


def test_nobody_confirms_what_they_filed(
    client: Client, line: ReviewItem, filed: Evidence
) -> None:
    answer = confirm(client, line, filed.pk)

    assert (answer.status_code, answer.json()["type"]) == (403, "urn:rrr:problem:own")


def test_evidence_is_confirmed_once(
    line: ReviewItem, filed: Evidence, person: Person, client_of: ClientOf
) -> None:
    grace = client_of(person("grace", "Security Engineer"))

    assert confirm(grace, line, filed.pk).json()["confirmed_by"] == "grace"
    assert confirm(grace, line, filed.pk).status_code == 409


def test_evidence_of_another_line_is_not_here(
    filed: Evidence, review: Review, person: Person, client_of: ClientOf
) -> None:
    other = ReviewItem.objects.get(review=review, item__key="SEC-01")
    grace = client_of(person("grace", "Security Engineer"))

    assert confirm(grace, other, filed.pk).status_code == 404


# --- an ended review --------------------------------------------------------------------

ENDED = [
    pytest.param("claim", {"done": True, "revision": 1}, id="claim"),
    pytest.param(
        "evidence", {"kind": "output", "summary": "s", "text": "t"}, id="evidence"
    ),
    pytest.param("run", {}, id="run"),
]


@pytest.mark.parametrize(("verb", "body"), ENDED)
@pytest.mark.parametrize("state", ["deployed", "closed", "aborted"])
def test_an_ended_review_takes_no_more_changes(
    client: Client, line: ReviewItem, verb: str, body: Body, state: str
) -> None:
    became(line.review, state)

    answer = post(client, f"items/{line.pk}/{verb}", body)

    assert answer.status_code == 409
    detail = answer.json()["detail"]
    assert detail.startswith(f"This review was {state} on ")
    assert detail.endswith("It takes no more changes.")


# --- who may -----------------------------------------------------------------------------

WRITES = [
    pytest.param("reviews", NEW, id="open a review"),
    pytest.param("items/{line}/claim", {"done": True, "revision": 1}, id="claim"),
    pytest.param(
        "items/{line}/evidence",
        {"kind": "output", "summary": "s", "text": "t"},
        id="file evidence",
    ),
    pytest.param("items/{line}/comments", {"text": "hm"}, id="comment"),
    pytest.param("items/{line}/run", {}, id="run probes"),
    pytest.param("reviews/{review}/sign", {}, id="sign"),
    pytest.param("templates/import", {"text": "- [ ] x"}, id="import a checklist"),
    pytest.param("templates/1/publish", {}, id="publish one"),
]


@pytest.mark.alike  # refused before anything is written
@pytest.mark.parametrize(("path", "body"), WRITES)
@pytest.mark.parametrize("role", ["Viewer", "Trader"])
def test_who_only_reads_changes_nothing(
    line: ReviewItem,
    person: Person,
    client_of: ClientOf,
    path: str,
    body: Body,
    role: str,
) -> None:
    client = client_of(person("walt", role))
    where = path.format(line=line.pk, review=line.review.uuid)

    answer = post(client, where, body)

    assert (answer.status_code, answer.json()["type"]) == (403, "urn:rrr:problem:role")


@pytest.mark.alike  # refused before anything is written
@pytest.mark.parametrize(("path", "body"), WRITES)
def test_strangers_are_asked_who_they_are(
    line: ReviewItem, path: str, body: Body
) -> None:
    where = path.format(line=line.pk, review=line.review.uuid)

    assert post(Client(), where, body).status_code == 401

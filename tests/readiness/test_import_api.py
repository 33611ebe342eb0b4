"""Clients import, publish and export checklists; only those who may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from readiness.models import Template, TemplateVersion

pytestmark = pytest.mark.django_db
URL = "/api/readiness/templates"
TEXT = "# Desk\n\n## Security\n\n- [x] **CORS**: set\n  - Status: DRAFT\n- [ ] b\n"


@pytest.fixture
def ada(person: Callable[..., User], client_of: Callable[[User], Client]) -> Client:
    return client_of(person("ada", "Administrator"))


@pytest.fixture
def grace(person: Callable[..., User], client_of: Callable[[User], Client]) -> Client:
    return client_of(person("grace", "Developer"))


def post(client: Client, path: str, body: dict[str, Any]) -> Any:
    return client.post(f"{URL}{path}", body, content_type="application/json")


def test_text_becomes_a_draft(ada: Client) -> None:
    response = post(ada, "/import", {"text": TEXT, "name": "Go-live"})
    answer = response.json()
    assert response.status_code == 201
    assert {k: answer[k] for k in ("version", "state", "headings", "items")} == {
        "version": 1,
        "state": "draft",
        "headings": 2,
        "items": 2,
    }
    assert (answer["ticked"], answer["depth"]) == (1, 1)
    assert (answer["fields"], answer["steps"], answer["repaired"]) == (0, 0, 0)
    assert answer["contradictions"][0]["code"] == "ticked_but_not_done"
    assert answer["checks"][0]["probe"] == "cors"
    assert Template.objects.get().title == "Go-live"


def test_a_file_becomes_a_draft(ada: Client) -> None:
    file = SimpleUploadedFile("list.md", TEXT.encode())
    response = ada.post(f"{URL}/import", {"file": file})
    assert response.status_code == 201
    assert response.json()["title"] == "Desk"


def test_the_same_key_imports_once(ada: Client) -> None:
    answers = [
        ada.post(
            f"{URL}/import",
            {"text": TEXT},
            content_type="application/json",
            headers={"Idempotency-Key": "one"},
        )
        for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    other = ada.post(
        f"{URL}/import",
        {"text": TEXT + "- [ ] c\n"},
        content_type="application/json",
        headers={"Idempotency-Key": "one"},
    )
    assert other.status_code == 422
    assert TemplateVersion.objects.count() == 1


def test_publish_and_export(ada: Client, grace: Client) -> None:
    made = post(ada, "/import", {"text": TEXT}).json()
    assert post(ada, f"/{made['id']}/publish", {}).json()["state"] == "published"
    again = post(ada, f"/{made['id']}/publish", {})
    assert (again.status_code, again.json()["type"]) == (
        409,
        "urn:rrr:problem:not_a_draft",
    )
    exported = grace.get(f"{URL}/{made['id']}/versions/1/markdown")
    assert exported.content == TEXT.encode()
    assert exported["Content-Type"].startswith("text/markdown")


def test_list(ada: Client, grace: Client) -> None:
    post(ada, "/import", {"text": TEXT, "name": "A"})
    post(ada, "/import", {"text": TEXT, "name": "B"})
    answer = grace.get(f"{URL}?limit=1").json()
    assert [row["title"] for row in answer["templates"]] == ["B"]
    rest = grace.get(f"{URL}?limit=1&cursor={answer['next_cursor']}").json()
    assert [row["title"] for row in rest["templates"]] == ["A"]
    assert rest["templates"][0]["versions"][0]["state"] == "draft"
    assert rest["next_cursor"] is None


@pytest.mark.parametrize("path", ["/import", "/1/publish"])
def test_only_who_keeps_templates_may_write(grace: Client, path: str) -> None:
    assert post(grace, path, {"text": TEXT}).status_code == 403
    assert Client().post(f"{URL}{path}").status_code == 401
    assert not TemplateVersion.objects.exists()


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        ({}, 422, "/file"),
        ({"text": ""}, 422, "line 1"),
        ({"text": "# Prose\n"}, 422, "line 2"),
        ({"text": "- [ ] a\n" * 5_001}, 413, "line 5001"),
        ({"text": TEXT, "name": "x" * 201}, 422, "/name"),
    ],
)
def test_bad_input_says_where(
    ada: Client, body: dict[str, Any], status: int, where: str
) -> None:
    response = post(ada, "/import", body)
    assert response.status_code == status
    assert response.json()["errors"][0]["pointer"] == where
    assert not TemplateVersion.objects.exists()


@pytest.mark.parametrize(
    ("lines", "most"), [(100_000, "1,000,000 bytes"), (4_000_000, "50,000,000 bytes")]
)
def test_a_file_that_is_too_large(ada: Client, lines: int, most: str) -> None:
    file = SimpleUploadedFile("big.md", b"- [ ] a line\n" * lines)
    response = ada.post(f"{URL}/import", {"file": file})
    assert response.status_code == 413
    assert most in response.json()["detail"]
    assert not TemplateVersion.objects.exists()


def test_a_binary_file_is_refused(ada: Client) -> None:
    file = SimpleUploadedFile("a.md", b"- [ ] a\n\0\1")
    response = ada.post(f"{URL}/import", {"file": file})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "line 2"
    assert "binary" in response.json()["detail"]


def test_unknown_things_are_404(grace: Client, ada: Client) -> None:
    assert grace.get(f"{URL}/9/versions/1/markdown").status_code == 404
    assert post(ada, "/9/publish", {}).status_code == 404


def test_unknown_query_parameters_are_refused(grace: Client) -> None:
    assert grace.get(f"{URL}?no=1").status_code == 400

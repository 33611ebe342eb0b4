"""Ada imports a checklist on the page: upload, preview, correct, publish."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from readiness.models import Section, TemplateVersion
from readiness.services.builtin import builtin
from readiness.services.importing import import_template

pytestmark = pytest.mark.django_db
UPLOAD = "/readiness/templates/import/"
TEXT = """\
# Desk

## Security

- [x] **CORS <b>bold</b>**: set
  - Status: DRAFT
- [ ] **TLS**: fits
  - Expiry: ______
  - [ ] nested
"""


@pytest.fixture
def ada(person: Callable[..., User], client_of: Callable[[User], Client]) -> Client:
    return client_of(person("ada", "Administrator"))


@pytest.fixture
def grace(person: Callable[..., User], client_of: Callable[[User], Client]) -> Client:
    return client_of(person("grace", "Developer"))


def upload(client: Client, data: bytes, name: str = "") -> str:
    file = SimpleUploadedFile("list.md", data)
    response = client.post(UPLOAD, {"file": file, "name": name}, follow=True)
    return response.content.decode()


def test_the_preview_shows_what_was_found(ada: Client) -> None:
    page = upload(ada, TEXT.encode())
    version = TemplateVersion.objects.get()
    assert version.state == "draft"
    assert version.sha256[:16] in page
    assert "2 top level, 1 nested" in page
    assert "Ticked but not done" in page
    assert "probe cors" in page
    assert "Expiry: date" in page
    assert "Publish v1" in page
    assert "<b>bold</b>" not in page
    assert "&lt;b&gt;bold" in page


def test_a_kind_is_corrected_and_the_draft_published(ada: Client) -> None:
    upload(ada, TEXT.encode())
    version = TemplateVersion.objects.get()
    path = f"/readiness/templates/versions/{version.pk}/decide/"
    ada.post(path, {"kind-security": "notes", "do": "draft"})
    version.refresh_from_db()
    assert version.state == "draft"
    assert Section.objects.get(version=version, slug="security").kind == "notes"
    page = ada.post(path, {"kind-security": "checks", "do": "publish"}, follow=True)
    version.refresh_from_db()
    assert version.state == "published"
    assert "never changes again" in page.content.decode()
    again = ada.post(path, {"do": "publish"}, follow=True).content.decode()
    assert "A published version never changes." in again


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"# Only prose\n", "Line 2: no item such as"),
        (b"\xff\xfe\0\1", "UTF-16"),
        (b"x" * 1_000_001, "more than 1,000,000 bytes"),
    ],
)
def test_what_cannot_be_read_says_why(ada: Client, data: bytes, words: str) -> None:
    file = SimpleUploadedFile("list.md", data)
    response = ada.post(UPLOAD, {"file": file})
    assert response.status_code == 422
    page = response.content.decode()
    assert words in page
    assert "list.md was not imported" in page
    assert not TemplateVersion.objects.exists()


def test_without_a_file(ada: Client) -> None:
    response = ada.post(UPLOAD, {"name": "kept"})
    assert response.status_code == 422
    assert 'value="kept"' in response.content.decode()


def test_readers_see_but_do_not_write(grace: Client) -> None:
    version = import_template(TEXT.encode(), "", None)
    page = grace.get(f"/readiness/templates/versions/{version.pk}/").content.decode()
    assert "CORS" in page
    assert "Publish v1" not in page
    listed = grace.get("/readiness/templates/").content.decode()
    assert "Import checklist" not in listed
    path = f"/readiness/templates/versions/{version.pk}/decide/"
    assert grace.post(path, {"do": "publish"}).status_code == 403
    assert grace.get(UPLOAD).status_code == 403
    assert Client().get("/readiness/templates/").status_code == 302


def test_the_list_without_and_with_templates(ada: Client) -> None:
    assert "No checklist yet" in ada.get("/readiness/templates/").content.decode()
    builtin()
    page = ada.get("/readiness/templates/").content.decode()
    assert "production-readiness" in page
    assert "Published" in page


def test_queries_do_not_grow_with_the_checklist(
    ada: Client, django_assert_max_num_queries: Callable[..., object]
) -> None:
    version = builtin()
    with django_assert_max_num_queries(16):  # type: ignore[attr-defined]
        ada.get(f"/readiness/templates/versions/{version.pk}/")


def test_there_is_no_such_version(ada: Client) -> None:
    assert ada.get("/readiness/templates/versions/999/").status_code == 404

"""Ada imports a checklist on the page: upload, preview, correct, publish."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from readiness.models import Section, TemplateVersion
from readiness.services.builtin import builtin
from readiness.services.importing import Importing, import_template

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
    sent = {"file": file, "name": name, "becomes": "new"}
    response = client.post(UPLOAD, sent, follow=True)
    return response.content.decode()


def test_a_draft_of_more_than_a_thousand_sections_is_decided(ada: Client) -> None:
    """Its form has a field for each."""
    names = [f"Part {number}" for number in range(1_200)]
    upload(
        ada, "\n".join(["# Desk", *(f"## {n}\n- [ ] **A**: b" for n in names)]).encode()
    )
    version = TemplateVersion.objects.get()
    slugs = version.sections.values_list("slug", flat=True)
    kinds = {f"kind-{slug}": "notes" for slug in slugs}
    assert len(kinds) == 1_200
    path = f"/readiness/templates/versions/{version.pk}/decide/"
    assert ada.post(path, kinds).status_code == 302
    assert set(version.sections.values_list("kind", flat=True)) == {"notes"}


LONG = {
    "a heading": (
        "# Desk\n## " + "x" * 301 + "\n- [ ] a\n",
        "line 2: the heading has 301",
    ),
    "a title": ("# " + "x" * 201 + "\n- [ ] a\n", "title has more than 200"),
    "a language": (
        "# Desk\n## S\n- [ ] a\n\n```" + "x" * 41 + "\ncode\n```\n",
        "the language has 41 characters",
    ),
}


@pytest.mark.parametrize("what", LONG)
def test_what_is_too_long_to_be_kept_is_named_and_not_cut(
    ada: Client, what: str
) -> None:
    text, said = LONG[what]
    assert said in upload(ada, text.encode())
    assert not TemplateVersion.objects.exists()


def test_the_preview_shows_what_was_found(ada: Client) -> None:
    page = upload(ada, TEXT.encode())
    version = TemplateVersion.objects.get()
    assert version.state == "draft"
    assert version.sha256[:16] in page
    assert "2 top level, 1 nested" in page
    assert "Ticked but not done" in page
    assert "Foreign web origins get no grant" in page
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
    response = ada.post(UPLOAD, {"file": file, "becomes": "new"})
    assert response.status_code == 422
    page = response.content.decode()
    assert words in page
    assert "list.md was not imported" in page
    assert not TemplateVersion.objects.exists()


def test_the_page_asks_whether_it_is_new(ada: Client) -> None:
    upload(ada, TEXT.encode())
    asked = ada.get(UPLOAD).content.decode()
    assert "choose…" in asked
    assert "a version of “Desk”" in asked
    file = SimpleUploadedFile("list.md", TEXT.encode() + b"- [ ] more\n")
    answer = ada.post(UPLOAD, {"file": file, "becomes": "", "name": ""})
    assert answer.status_code == 422
    assert "Say whether it is new" in answer.content.decode()
    page = upload(ada, TEXT.encode() + b"- [ ] more\n")
    assert "There is a checklist “Desk” already" in page
    file = SimpleUploadedFile("list.md", TEXT.encode() + b"- [ ] more\n")
    ada.post(UPLOAD, {"file": file, "becomes": "desk"})
    assert list(TemplateVersion.objects.values_list("number", flat=True)) == [2, 1]


def test_a_version_takes_no_name_and_unknown_fields_are_refused(ada: Client) -> None:
    upload(ada, TEXT.encode())
    for more in ({"name": "Other"}, {"publish": "true"}):
        file = SimpleUploadedFile("list.md", b"# X\n- [ ] a\n")
        answer = ada.post(UPLOAD, {"file": file, "becomes": "desk", **more})
        assert answer.status_code == 422
    assert TemplateVersion.objects.count() == 1


def test_contradictions_are_decided_in_the_preview(ada: Client) -> None:
    page = upload(ada, TEXT.encode() + b"\n[ ] lost\n")
    assert "Take the tick away" in page
    assert "a box without a list" in page
    version = TemplateVersion.objects.get()
    path = f"/readiness/templates/versions/{version.pk}/decide/"
    chosen = {"decide-ticked_but_not_done-5": "open", "kind-security": "notes"}
    page = ada.post(path, {**chosen, "do": "draft"}, follow=True).content.decode()
    assert '<option value="open" selected>' in " ".join(page.split()).replace(
        '" selected >', '" selected>'
    )
    assert not version.items.get(source_line=5).imported_tick
    assert Section.objects.get(version=version, slug="security").kind == "notes"
    ada.post(path, {**chosen, "do": "publish"})
    seen = ada.get(f"/readiness/templates/versions/{version.pk}/").content.decode()
    assert "take the tick away" in seen


def test_an_offered_repair_is_a_button(ada: Client) -> None:
    hurt = "señal – “hecho”".encode().decode("mac_roman")
    page = upload(ada, f"# Zoë\n\n- [ ] José\n- [x] {hurt}\n".encode())
    assert "Repair 4 runs" in page
    version = TemplateVersion.objects.get()
    path = f"/readiness/templates/versions/{version.pk}/decide/"
    page = ada.post(path, {"do": "repair"}, follow=True).content.decode()
    assert "señal – “hecho”" in page
    assert "Repair 4 runs" not in page


def test_without_a_file(ada: Client) -> None:
    response = ada.post(UPLOAD, {"name": "kept"})
    assert response.status_code == 422
    assert 'value="kept"' in response.content.decode()


def test_readers_see_but_do_not_write(grace: Client) -> None:
    version = import_template(TEXT.encode(), Importing(), None)
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

"""A checklist becomes a draft, is published once and never changes again."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from audit.models import AuditEvent
from kernel.errors import Conflict, Invalid, ProductError
from readiness.domain.builtin import CHECKS
from readiness.models import Check, Item, Section, Template, TemplateVersion
from readiness.queries.templates import numbered, outline
from readiness.services.builtin import BUILTIN, builtin
from readiness.services.importing import import_template
from readiness.services.publishing import publish, set_kinds

pytestmark = pytest.mark.django_db
TEXT = """\
# Go-live

**System**: Desk

## Security

- [x] **CORS**: named origins only
  - Status: CREATED
- [ ] **JWT**: on
  - [ ] JWT_SECRET generated (64+ bytes)
  - Expiry: ______

## Rollback plan

```sh
make rollback
```
"""


def imported(text: str = TEXT, name: str = "") -> TemplateVersion:
    return import_template(text.encode(), name, None)


def test_everything_is_kept() -> None:
    version = imported()
    assert (version.template.title, version.number, version.state) == (
        "Go-live",
        1,
        "draft",
    )
    assert bytes(version.source) == TEXT.encode()
    assert version.header == {"System": "Desk"}
    items = {item.key: item for item in Item.objects.filter(version=version)}
    assert list(items) == ["SEC-01", "SEC-02", "SEC-02.1"]
    assert items["SEC-01"].imported_tick
    assert items["SEC-01"].imported_status == "CREATED"
    assert items["SEC-02.1"].parent == items["SEC-02"]
    assert items["SEC-02"].fields.get().kind == "date"
    assert items["SEC-02.1"].checks.get().probe == "secret_strength"
    assert version.sections.get(kind="rollback").steps.get().body == "make rollback\n"
    assert version.report["contradictions"][0]["code"] == "ticked_but_not_done"


def test_export_is_byte_identical() -> None:
    damaged = TEXT.replace("Desk", "Desk " + "✅".encode().decode("mac_roman"))
    version = import_template(damaged.encode(), "", None)
    stored = numbered(version.template_id, 1)
    assert bytes(stored.source) == TEXT.replace("Desk", "Desk ✅").encode()
    assert stored.report["repaired"] == 1


def test_the_same_draft_is_not_saved_twice() -> None:
    assert imported() == imported()
    assert TemplateVersion.objects.count() == 1


def test_a_new_version_keeps_keys_and_never_uses_one_again() -> None:
    imported()
    imported(TEXT.replace("- [ ] **JWT**: on\n", "- [ ] **New**: line\n"))
    third = imported(TEXT.replace("## Rollback", "- [ ] **Other**: one\n\n## Rollback"))
    keys = dict(third.items.values_list("title", "key"))
    assert keys["CORS"] == "SEC-01"
    assert keys["Other"] not in {"SEC-01", "SEC-02", "SEC-03"}


def test_publishing_once_and_retiring_the_one_before() -> None:
    first = publish(imported(), None)
    with pytest.raises(Conflict):
        publish(first, None)
    second = publish(imported(TEXT + "\nMore words.\n"), None)
    first.refresh_from_db()
    assert (first.state, second.state, second.number) == ("retired", "published", 2)


def test_a_draft_s_section_kind_can_be_corrected(
    person: Callable[..., User],
) -> None:
    ada = person("ada", "Administrator")
    version = imported()
    assert set_kinds(version, {"security": "notes"}, ada) == 1
    assert Section.objects.get(version=version, slug="security").kind == "notes"
    with pytest.raises(Invalid):
        set_kinds(version, {"security": "nonsense"}, ada)
    publish(version, ada)
    with pytest.raises(Conflict):
        set_kinds(version, {"security": "checks"}, ada)


def test_decisions_are_logged(person: Callable[..., User]) -> None:
    ada = person("ada", "Administrator")
    publish(import_template(TEXT.encode(), "", ada), ada)
    events = AuditEvent.objects.filter(kind__startswith="readiness.template.")
    assert [(e.kind, e.actor) for e in events.order_by("seq")] == [
        ("readiness.template.imported", ada.actor),
        ("readiness.template.published", ada.actor),
    ]


def test_what_cannot_be_read_leaves_nothing() -> None:
    with pytest.raises(ProductError):
        imported("# Only prose\n")
    assert not Template.objects.exists()
    assert not AuditEvent.objects.filter(kind__contains="template").exists()


def test_counts_of_parts_are_added_to_their_whole() -> None:
    text = "# T\n## Sign-off\n### A\n- [x] a\n### B\n- [ ] b\n  - Name: ____\n"
    (whole,) = outline(imported(text))
    counts = vars(whole)
    assert (counts["item_count"], counts["ticked_count"]) == (2, 1)
    assert (counts["field_count"], counts["part_count"]) == (1, 2)


def test_the_builtin_checklist_is_published_once() -> None:
    version = builtin()
    assert builtin() == version
    assert TemplateVersion.objects.filter(template=version.template).count() == 1
    assert version.state == "published"
    counted = {k: version.report[k] for k in ("items", "top_level", "depth", "ticked")}
    assert counted == {"items": 101, "top_level": 67, "depth": 2, "ticked": 0}
    assert version.report["contradictions"] == []
    kinds = set(version.sections.values_list("kind", flat=True))
    assert kinds == {kind for kind, _ in Section.Kind.choices}
    assert Item.objects.filter(version=version, section__kind="checks").count() == 79


def test_every_check_of_the_builtin_checklist_has_its_item() -> None:
    version = builtin()
    bound = set(
        Check.objects.filter(item__version=version).values_list("item__key", flat=True)
    )
    assert bound == set(CHECKS)


def test_the_builtin_checklist_comes_anew_when_its_checks_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = builtin()
    fewer = {key: checks for key, checks in CHECKS.items() if key != "SEC-01"}
    monkeypatch.setattr("readiness.services.builtin.CHECKS", fewer)
    second = builtin()
    assert (first.number, second.number) == (1, 2)
    assert not Check.objects.filter(item__version=second, item__key="SEC-01").exists()


def test_command_says_what_it_found(tmp_path: Path) -> None:
    file = tmp_path / "list.md"
    file.write_text(TEXT)
    out = StringIO()
    call_command("import_checklist", str(file), "--publish", stdout=out)
    said = out.getvalue()
    assert "items           3 (2 top level, depth 2)" in said
    assert "published" in said
    assert "its status says only CREATED" in said


def test_command_speaks_json(tmp_path: Path) -> None:
    file = tmp_path / "list.md"
    file.write_text(TEXT)
    out = StringIO()
    call_command("import_checklist", str(file), "--json", stdout=out)
    answer = json.loads(out.getvalue())
    assert (answer["headings"], answer["items"], answer["ticked"]) == (3, 3, 1)
    assert answer["checks"][0]["probe"] == "cors"
    assert answer["state"] == "draft"


@pytest.mark.parametrize("data", [b"", b"\0\1\2", b"# Prose\n", b"x" * 1_000_001])
def test_command_refuses_with_line_and_reason(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "bad.md"
    file.write_bytes(data)
    with pytest.raises(CommandError, match=r"bad\.md: Line \d+: "):
        call_command("import_checklist", str(file), stdout=StringIO())


def test_command_without_file() -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_checklist", "nowhere.md", stdout=StringIO())


def test_builtin_words_are_ours() -> None:
    assert "_" * 4 in BUILTIN.read_text()
    assert "- [x]" not in BUILTIN.read_text()

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
from kernel.errors import Conflict, Invalid, NotFound, ProductError
from readiness.domain.builtin import CHECKS
from readiness.domain.exporting import ItemMark, fill
from readiness.models import Check, Item, Section, Template, TemplateVersion
from readiness.queries.templates import numbered, outline
from readiness.services.builtin import BUILTIN, builtin
from readiness.services.importing import Importing, import_template, read_again
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


def imported(text: str = TEXT, name: str = "", of: str = "") -> TemplateVersion:
    return import_template(text.encode(), Importing(name, of), None)


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
    signs = "✅ – ❌"
    damaged = TEXT.replace("Desk", signs.encode().decode("mac_roman"))
    version = imported(damaged)
    stored = numbered(version.template_id, 1)
    assert bytes(stored.source) == TEXT.replace("Desk", signs).encode()
    assert stored.report["repaired"] == 3


def test_the_same_draft_is_not_saved_twice() -> None:
    assert imported() == imported()
    assert TemplateVersion.objects.count() == 1


def test_a_new_version_keeps_keys_and_never_uses_one_again() -> None:
    imported()
    imported(TEXT.replace("- [ ] **JWT**: on\n", "- [ ] **New**: line\n"), of="go-live")
    other = TEXT.replace("## Rollback", "- [ ] **Other**: one\n\n## Rollback")
    third = imported(other, of="go-live")
    keys = dict(third.items.values_list("title", "key"))
    assert keys["CORS"] == "SEC-01"
    assert keys["Other"] not in {"SEC-01", "SEC-02", "SEC-03"}


def test_publishing_once_and_retiring_the_one_before() -> None:
    first = publish(imported(), None)
    with pytest.raises(Conflict):
        publish(first, None)
    second = publish(imported(TEXT + "\nMore words.\n", of="go-live"), None)
    first.refresh_from_db()
    assert (first.state, second.state, second.number) == ("retired", "published", 2)


def test_a_title_that_is_taken_is_asked_about_never_guessed() -> None:
    first = imported()
    with pytest.raises(Conflict) as refused:
        imported(TEXT + "- [ ] another\n")
    assert refused.value.code == "template_exists"
    assert "“Go-live”" in refused.value.detail
    assert TemplateVersion.objects.get() == first
    second = imported(TEXT + "- [ ] another\n", of=str(first.template_id))
    assert (second.template, second.number) == (first.template, 2)


def test_a_document_without_a_title_needs_a_name() -> None:
    text = "## One\n- [ ] a\n## Two\n- [ ] b\n"
    with pytest.raises(Invalid) as refused:
        imported(text)
    assert [fault.pointer for fault in refused.value.errors] == ["/name"]
    assert not Template.objects.exists()
    assert imported(text, "Night shift").template.title == "Night shift"


def test_a_version_of_a_template_that_is_none_is_refused() -> None:
    for given in ("nothing", "999", "9" * 30):
        with pytest.raises(NotFound):
            imported(of=given)
    assert not TemplateVersion.objects.exists()


def test_an_offered_repair_waits_for_a_person(person: Callable[..., User]) -> None:
    ada = person("ada", "Administrator")
    hurt = "señal – “hecho”".encode().decode("mac_roman")
    text = f"# Zoë’s\n\n- [ ] José\n- [x] {hurt}\n"
    version = imported(text)
    assert bytes(version.source) == text.encode()
    assert sum(each["times"] for each in version.report["offered"]) == 4
    set_kinds(version, {"zoe-s": "notes"}, ada)
    again = read_again(version, ada, decisions={}, repair=True)
    assert bytes(again.source) == text.replace(hurt, "señal – “hecho”").encode()
    assert again.report["offered"] == []
    assert again.report["repaired"] == 4
    assert Section.objects.get(version=version).kind == "notes"
    assert import_template(text.encode(), Importing("B", repair=True), ada).sha256 == (
        again.sha256
    )


CLASHES = """\
# Clashes

## Checks

- [ ] **A**: one
  - Status: VERIFIED
- [x] **B**: two
  - [ ] below
- [x] **C**: three
- [ ] **C**: three
- [ ] **D**: four
  - [ ] a part
- [ ] **D**: four
  - [ ] a part
  - Expiry: ____
"""


def ticks(version: TemplateVersion) -> dict[int, bool]:
    return dict(version.items.values_list("source_line", "imported_tick"))


def test_contradictions_are_decided_and_undecided(person: Callable[..., User]) -> None:
    ada = person("ada", "Administrator")
    version = imported(CLASHES)
    keys = [clash["key"] for clash in version.report["contradictions"]]
    assert keys == [
        "open_but_done-5",
        "parent_ahead-7-8",
        "opposite-9-10",
        "duplicate-11-13",
    ]
    before = ticks(version)
    decisions = {
        "open_but_done-5": "tick",
        "parent_ahead-7-8": "open",
        "opposite-9-10": "tick",
        "duplicate-11-13": "first",
        "no_such-1": "tick",
    }
    version = read_again(version, ada, decisions=decisions)
    del decisions["no_such-1"]
    assert version.report["decisions"] == decisions
    assert ticks(version) == {5: True, 7: False, 8: False, 9: True, 10: True} | {
        11: False,
        12: False,
    }
    assert version.report["items"] == 7
    assert version.report["fields"] == 0
    assert bytes(version.source) == CLASHES.encode()
    assert [clash["key"] for clash in version.report["contradictions"]] == keys
    version = read_again(version, ada, decisions={})
    assert ticks(version) == before
    assert version.report["fields"] == 1


def test_what_was_left_out_decides_nothing_more(person: Callable[..., User]) -> None:
    text = "# T\n\n- [ ] same\n- [x] same\n  - Status: PENDING\n"
    version = imported(text)
    wanted = {"opposite-3-4": "first", "ticked_but_not_done-4": "open"}
    version = read_again(version, person("ada"), decisions=wanted)
    assert version.report["decisions"] == {"opposite-3-4": "first"}
    assert ticks(version) == {3: False}


def test_a_published_version_is_not_read_again(person: Callable[..., User]) -> None:
    version = publish(imported(CLASHES), None)
    with pytest.raises(Conflict):
        read_again(version, person("ada"), decisions={"open_but_done-5": "tick"})
    assert ticks(version)[5] is False


def test_a_proposed_not_applicable_stays_so_in_the_export() -> None:
    version = imported("# T\n\n- [~] not for us\n- [ ] for us\n")
    rows = version.items.values_list("source_line", "imported_aside")
    aside = dict[int, bool](rows)
    assert aside == {3: True, 4: False}
    text = fill(bytes(version.source), [ItemMark(3, False), ItemMark(4, True)])
    assert text == "# T\n\n- [~] not for us\n- [x] for us\n"


def test_what_was_left_out_is_not_ticked_in_the_export() -> None:
    source = b"- [x] a\n- [x] left out\n"
    assert fill(source, [ItemMark(1, True)]) == "- [x] a\n- [ ] left out\n"
    assert fill(source, []) == source.decode()


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
    publish(import_template(TEXT.encode(), Importing(), ada), ada)
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


def test_command_asks_whether_it_is_a_version(tmp_path: Path) -> None:
    file = tmp_path / "list.md"
    imported()
    file.write_text(TEXT + "- [~] more\n\n[ ] lost\n")
    with pytest.raises(CommandError, match=r"already.*--version-of"):
        call_command("import_checklist", str(file), stdout=StringIO())
    out = StringIO()
    call_command("import_checklist", str(file), "--version-of", "go-live", stdout=out)
    assert "Go-live v2 is saved as draft" in out.getvalue()
    assert "a box without a list: [ ] lost" in out.getvalue()


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

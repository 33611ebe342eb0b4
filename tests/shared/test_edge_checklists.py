"""The small checklists at the edges: their counts, and every line of their tables."""

from __future__ import annotations

import pytest

from readiness.domain.parsing.document import Document
from readiness.domain.parsing.reading import parse
from tests.shared.edges import EDGES, table

FILES = EDGES / "checklists"
COUNTS = {row["file"]: row for row in table("Checklists")}
CONTRADICTIONS = {
    "open, but its status says done": "open_but_done",
    "ticked, but its status says drafted": "ticked_but_not_done",
    "ticked, but its status says in progress": "ticked_but_not_done",
    "ticked above an open line": "parent_ahead",
    "open above ticked lines only": "parent_behind",
    "opposite states": "opposite",
    "stands twice": "duplicate",
}


def read(name: str) -> Document:
    return parse((FILES / name).read_bytes())


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_the_counts(name: str) -> None:
    found, told = read(name), COUNTS[name]
    assert {
        "headings": str(found.headings),
        "items": str(len(found.items)),
        "ticked": str(found.ticked),
        "depth": str(found.depth),
        "runs repaired": str(sum(each.times for each in found.repairs)),
        "lines that must be reported": str(len(found.odd_boxes)),
        "contradictions": str(len(found.contradictions)),
    }.items() <= told.items()


@pytest.mark.parametrize("name", sorted(set(COUNTS) - {"macroman_damaged.md"}))
def test_what_is_clean_or_not_sure_is_kept_byte_for_byte(name: str) -> None:
    assert read(name).source.bytes == (FILES / name).read_bytes()


def test_the_damaged_one_becomes_the_clean_one() -> None:
    clean = (FILES / "macroman_clean.md").read_bytes()
    assert read("macroman_damaged.md").source.bytes == clean


def test_a_repair_is_offered_where_it_is_not_sure() -> None:
    found = read("mixed_damage.md")
    assert sum(each.times for each in found.offered) == 5
    assert {line for each in found.offered for line in each.lines} == {7}
    assert found.title == "Shift handover"
    assert not read("clean_portuguese.md").offered


def test_each_odd_box_is_listed_with_its_line_and_kind() -> None:
    listed = [
        (str(odd.line), str(odd.kind), odd.text)
        for odd in read("odd_boxes.md").odd_boxes
    ]
    told = table("odd_boxes.md: must be listed, is no item")
    assert listed == [
        (row["line"], row["kind"], row["what stands there"].replace("`", ""))
        for row in told
    ]


def test_each_contradiction_is_found() -> None:
    found = [
        (", ".join(map(str, clash.lines)), str(clash.code))
        for clash in read("contradictions.md").contradictions
    ]
    told = table("contradictions.md")
    assert found == [
        (row["lines"], CONTRADICTIONS[row["contradiction"]]) for row in told
    ]


def test_a_document_without_a_title_has_none() -> None:
    assert read("no_title.md").title == ""

"""The checklist as it was received: every number, key and proposed probe."""

from __future__ import annotations

import csv
from collections import Counter

import pytest

from readiness.domain.parsing.document import Document
from readiness.domain.parsing.keys import assign
from readiness.domain.parsing.reading import parse
from tests.shared.conftest import SHARED

RECEIVED = SHARED / "seed" / "production_readiness_checklist_as_received.md"
REPAIRED = SHARED / "seed" / "production_readiness_checklist.md"
LINES = SHARED / "seed" / "seed_lines.tsv"


@pytest.fixture(scope="module")
def seed() -> Document:
    document = parse(RECEIVED.read_bytes())
    assign(document.items)
    return document


@pytest.fixture(scope="module")
def lines() -> dict[int, dict[str, str]]:
    with LINES.open(encoding="utf-8") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {int(row["line"]): row for row in rows}


def test_the_counts(seed: Document) -> None:
    assert seed.headings == 35
    assert (len(seed.items), seed.top_level, seed.ticked) == (101, 67, 53)
    assert seed.depth == 2
    assert len(seed.steps) == 19
    assert len(seed.blanks) == 42
    assert len(seed.statuses) == 45
    assert Counter(seed.statuses)["PENDING"] == 16


def test_the_encoding_is_repaired_byte_for_byte(seed: Document) -> None:
    assert seed.source.bytes == REPAIRED.read_bytes()
    assert sum(one.times for one in seed.repairs) == 57


def test_the_repaired_file_passes_unchanged() -> None:
    again = parse(REPAIRED.read_bytes())
    assert again.source.bytes == REPAIRED.read_bytes()
    assert again.repairs == []


def test_every_line_tick_and_depth(
    seed: Document, lines: dict[int, dict[str, str]]
) -> None:
    read = [(item.line, item.depth, item.ticked, item.text) for item in seed.items]
    assert read == [
        (number, int(row["depth"]), row["ticked"] == "x", row["text"])
        for number, row in lines.items()
    ]


def test_every_line_that_a_machine_can_decide_gets_its_probe(
    seed: Document, lines: dict[int, dict[str, str]]
) -> None:
    proposed = {
        item.line: "+".join(check.probe for check in item.checks) for item in seed.items
    }
    wanted = {
        number: row["probe"] if row["class"] in {"A", "P"} else ""
        for number, row in lines.items()
    }
    assert proposed == wanted


def test_what_is_outside_readiness(seed: Document) -> None:
    inside = [item for item in seed.items if item.section.kind == "checks"]
    assert len(inside) == 79


def test_the_contradictions(seed: Document) -> None:
    assert [(one.code, one.lines) for one in seed.contradictions] == [
        ("open_but_done", (61,)),
        ("same_check", (64, 247)),
        ("opposite", (92, 182)),
        ("ticked_but_not_done", (182,)),
        ("open_but_done", (219,)),
    ]


def test_the_fields(seed: Document) -> None:
    labelled = {blank.label: blank for blank in seed.blanks}
    assert labelled["Expiry"].kind == "date"
    assert labelled["Domain"].kind == "domain"
    assert {labelled[name].kind for name in ("RTO", "RPO", "Retention")} == {"duration"}
    where = labelled["Deployment Environment"]
    assert (where.kind, where.choices) == ("choice", ["dev", "staging", "production"])
    in_lists = [blank for blank in seed.blanks if blank.item]
    assert len(in_lists) == 21


def test_keys_and_structure(seed: Document) -> None:
    keys = {item.line: item.key for item in seed.items}
    assert keys[16] == "SEC-01"
    assert keys[22] == "SEC-02.1"
    assert len(set(keys.values())) == 101
    assert seed.header["Phase"] == "10 - Production Hardening"
    assert len(seed.contacts) == 3
    assert [row["level"] for row in seed.escalation] == ["P0", "P1", "P2", "P3"]
    budgets = [s.minutes for s in seed.sections if s.kind in {"steps", "rollback"}]
    assert budgets == [None, 60, 30, 30, None, 5, None]

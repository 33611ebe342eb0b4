"""A checklist document is read as GitHub would draw it, and nothing is lost."""

from __future__ import annotations

import textwrap

import pytest

from kernel.errors import ProductError
from readiness.domain.parsing.deciding import decide
from readiness.domain.parsing.document import Document
from readiness.domain.parsing.keys import Earlier, assign
from readiness.domain.parsing.reading import parse
from readiness.domain.parsing.source import MAX_BYTES


def read(text: str) -> Document:
    document = parse(textwrap.dedent(text).encode())
    assign(document.items)
    return document


def titles(text: str) -> list[str]:
    return [item.title for item in read(text).items]


def test_every_way_to_write_a_box() -> None:
    found = read("- [ ] a\n* [x] b\n+ [X] c\n\n1. [ ] d\n2) [x] e\n")
    assert [(i.title, i.ticked) for i in found.items] == [
        ("a", False),
        ("b", True),
        ("c", True),
        ("d", False),
        ("e", True),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_numbers_hold_whatever_ends_a_line(end: str) -> None:
    text = end.join(["# T", "", "form\ffeed\u2028here", "- [ ] a", "  - [x] b"])
    found = parse(text.encode())
    assert [item.line for item in found.items] == [4, 5]
    assert found.source.bytes == text.encode()


def test_a_byte_order_mark_hides_nothing() -> None:
    found = parse(b"\xef\xbb\xbf# Security\n- [ ] a\n")
    assert found.sections[0].title == "Security"
    assert found.source.bytes.startswith(b"\xef\xbb\xbf")


def test_front_matter_is_not_read_but_kept() -> None:
    text = "---\ntitle: x\ntags:\n  - a\n---\n# S\n- [ ] a\n"
    found = parse(text.encode())
    assert (found.headings, found.items[0].line) == (1, 7)
    assert found.source.bytes == text.encode()


def test_a_rule_on_top_is_no_front_matter() -> None:
    assert titles("---\n- [ ] a\n\n---\n- [ ] b\n") == ["a", "b"]


def test_nothing_from_code_comments_tables_or_quotes() -> None:
    found = read(
        """\
        - [ ] real

        ```
        - [ ] fenced
        ```

        <!--
        - [ ] comment
        -->

        | a | b |
        |---|---|
        | [ ] cell | [x] cell |

        > - [ ] quoted

            - [ ] indented
        """
    )
    assert [item.title for item in found.items] == ["real"]
    assert found.not_imported == {"code": 2, "html": 1}
    assert [(odd.line, odd.kind, odd.text) for odd in found.odd_boxes] == [
        (13, "in a table", "[ ] cell · [x] cell"),
        (15, "in a quotation", "[ ] quoted"),
    ]


def test_title_body_status_and_advisory() -> None:
    item = read(
        """\
        ## Performance
        - [ ] **CDN**: for static assets (optional)
          - File: `x.conf`
          - ⏳ Status: PENDING
        """
    ).items[0]
    assert item.title == "CDN"
    assert item.body == ["for static assets (optional)", "- File: `x.conf`"]
    assert (item.status, item.blocking) == ("PENDING", "advisory")


@pytest.mark.parametrize(
    ("line", "threshold"),
    [
        ("P95 < 100ms", "< 100"),
        ("coverage (target: >70%)", "> 70"),
        ("incidents (target: 0)", "== 0"),
        ("500+ req/sec", ">= 500"),
        ("memory ≤ 80 %", "<= 80"),
        ("no number here", None),
    ],
)
def test_thresholds(line: str, threshold: str | None) -> None:
    assert read(f"- [ ] {line}\n").items[0].threshold == threshold


def test_blanks_get_label_and_kind() -> None:
    found = read(
        """\
        ## Notes
        **Where**: ____ (dev/staging/production)

        **Issues**:
        - ________
        - ________

        - [ ] TLS
          - Expiry: ______
          - `__init__` and `____` are code
        """
    )
    assert [(b.label, b.kind) for b in found.blanks] == [
        ("Where", "choice"),
        ("Issues 1", "text"),
        ("Issues 2", "text"),
        ("Expiry", "date"),
    ]


def test_kinds_of_sections_and_their_parts() -> None:
    found = read(
        """\
        # Go-live
        ## Pre-deployment checklist
        ### Monitoring
        - [ ] a
        ## Rollback plan
        ### Immediate (< 5 min)
        ```sh
        make rollback
        ```
        ## Sign-off
        - [ ] **Owner**: agrees
        """
    )
    kinds = [(s.title, s.kind, s.part_of is not None) for s in found.sections]
    assert kinds == [
        ("Monitoring", "checks", False),
        ("Rollback plan", "rollback", False),
        ("Immediate (< 5 min)", "rollback", True),
        ("Sign-off", "sign-off", False),
    ]
    assert (found.steps[0].minutes, found.steps[0].language) == (5, "sh")


def test_items_without_any_heading() -> None:
    found = read("- [ ] a\n  - [ ] b\n")
    assert found.sections[0].title == "Checklist"
    assert [item.key for item in found.items] == ["CHE-01", "CHE-01.1"]


def test_contradictions() -> None:
    codes = {
        one.code
        for one in read(
            """\
            - [ ] **A**: x
              - Status: DONE
            - [x] **B**: x
              - Status: IN PROGRESS
            - [x] **C**: x
              - [ ] below
            - [ ] **Load Testing**: x
            - [x] **Load Tests**: x
            """
        ).contradictions
    }
    assert codes == {"open_but_done", "ticked_but_not_done", "parent_ahead", "opposite"}


def test_a_clean_list_contradicts_nothing() -> None:
    text = "- [x] **A**: x\n  - Status: DONE\n- [ ] **B**: y\n  - Status: PENDING\n"
    assert read(text).contradictions == []


def test_repairs_name_their_lines() -> None:
    damaged = "✅ – “".encode().decode("mac_roman")
    found = parse(f"# Go\n- [ ] {damaged}\n- [ ] {damaged}\n".encode())
    assert found.items[0].title == "✅ – “"
    assert [(r.repaired, r.times, r.lines) for r in found.repairs] == [
        ("✅", 2, [2, 3]),
        ("–", 2, [2, 3]),
        ("“", 2, [2, 3]),
    ]


def test_a_set_aside_line_is_an_item() -> None:
    found = parse(b"- [~] Not for us\n- [x] done\n")
    assert [(item.title, item.ticked, item.aside) for item in found.items] == [
        ("Not for us", False, True),
        ("done", True, False),
    ]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("- [-] a", "looks like a box"),
        ("- [] a", "looks like a box"),
        ("- [x ] a", "looks like a box"),
        ("- [x]a", "looks like a box"),
        ("- [ ]\u00a0a", "looks like a box"),
        ("- [\u00a0] a", "looks like a box"),
        ("- [✔\ufe0f] a", "looks like a box"),
        ("- - [ ] a", "looks like a box"),
        ("- ☐ a", "a sign instead of a box"),
        ("- ✅ a", "a sign instead of a box"),
        ("- [ ]", "a box without text"),
        ("[ ] a", "a box without a list"),
        ("> - [ ] a", "in a quotation"),
        ("## [ ] a", "in a heading"),
        ("☐ a", "a sign instead of a box"),
    ],
)
def test_what_looks_like_a_box_is_listed(line: str, kind: str) -> None:
    found = parse(f"- [ ] real\n\ntext\n\n{line}\n".encode())
    assert [item.title for item in found.items] == ["real"]
    assert [(odd.line, str(odd.kind)) for odd in found.odd_boxes] == [(5, kind)]


@pytest.mark.parametrize(
    "line",
    [
        "- [1] a footnote",
        "- [TBD] a word",
        "- [a](https://example.test) a link",
        "- `[ ]` code",
        "- Berths[3] stay",
        "- ✅ Status: DONE",
        "✅ in a sentence",
    ],
)
def test_what_is_no_box_is_not_listed(line: str) -> None:
    assert parse(f"- [ ] real\n\n{line}\n".encode()).odd_boxes == []


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# Only\n- [ ] a\n", "Only"),
        ("# Top\n## Part\n- [ ] a\n", "Top"),
        ("## One\n- [ ] a\n## Two\n", ""),
        ("- [ ] a\n", ""),
    ],
)
def test_the_title(text: str, title: str) -> None:
    assert parse(text.encode()).title == title


def test_every_line_of_a_paragraph_is_looked_at() -> None:
    text = "- [ ] real\n  [x] hidden below\n- a bullet\n  ☑ and its sign\n"
    assert [(odd.line, odd.text) for odd in parse(text.encode()).odd_boxes] == [
        (2, "[x] hidden below"),
        (4, "☑ and its sign"),
    ]


def test_a_rule_above_items_is_no_front_matter() -> None:
    text = (
        b"---\nRelease: 4.2\n\n# Security\n\n- [ ] TLS\n- [x] CORS\n\n---\n\n# Rest\n"
    )
    found = parse(text)
    assert [item.title for item in found.items] == ["TLS", "CORS"]


def test_all_open_lines_below_a_ticked_one_are_one_contradiction() -> None:
    found = parse(b"- [x] A\n  - [ ] one\n  - [~] aside\n  - [ ] two\n")
    (clash,) = found.contradictions
    assert (clash.lines, "nor 1 more" in clash.detail) == ((1, 2, 4), True)
    decide(found, {clash.key: "tick"})
    assert [item.ticked for item in found.items] == [True, True, False, True]


def test_a_single_heading_is_a_section_with_its_kind_too() -> None:
    section = parse(b"# Rollback plan\n- [ ] a\n").sections[0]
    assert (section.title, section.kind) == ("Rollback plan", "rollback")


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"", 1, "empty"),
        (b" \n\n", 1, "white space"),
        (bytes(range(256)) * 50, 2, "UTF-8"),
        (b"# a\n- [ ] x\n\0", 3, "binary"),
        ("# a".encode("utf-16"), 1, "UTF-16"),
        (b"# Only prose\n\nNothing to tick here.\n", 4, "no item"),
        (b"x" * (MAX_BYTES + 1), 1, "bytes"),
        (b"a\n" * 20_001, 20_001, "lines"),
        (b"- [ ] a\n" * 5_001, 5_001, "items"),
        (b"".join(b" " * 2 * n + b"- [ ] a\n" for n in range(33)), 33, "deeper"),
        (b"- " * 33 + b"[ ] a\n", 1, "deeper"),
        (b">" * 33 + b" a\n", 1, "deeper"),
    ],
)
def test_what_cannot_be_read_says_where_and_why(
    data: bytes, line: int, reason: str
) -> None:
    with pytest.raises(ProductError) as caught:
        parse(data)
    assert f"Line {line}:" in str(caught.value)
    assert reason in str(caught.value)


def test_the_limits_themselves_are_read() -> None:
    deep = "".join(" " * 2 * n + "- [ ] a\n" for n in range(32))
    assert parse(deep.encode()).depth == 32
    assert len(parse(b"- [ ] a\n" * 5_000).items) == 5_000
    assert len(parse(b"- [ ] a\n" + b"\n" * 19_999).items) == 1


def test_keys_survive_a_new_version() -> None:
    first = read("# Security\n- [ ] CORS is set\n- [ ] Secrets in the environment\n")
    before = [
        Earlier(i.key, "", "security", s)
        for i, s in zip(
            first.items, ["cors-is-set", "secrets-in-the-environment"], strict=True
        )
    ]
    text = (
        "# Security\n- [ ] New\n- [ ] Secrets in the environments\n- [ ] CORS is set\n"
    )
    second = parse(text.encode())
    asked = assign(second.items, before, used={"SEC-07"})
    assert [item.key for item in second.items] == ["SEC-08", "SEC-02", "SEC-01"]
    assert [one[0] for one in asked] == ["SEC-02"]

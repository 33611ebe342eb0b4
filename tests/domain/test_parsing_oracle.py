"""On generated documents we find exactly the boxes that cmark-gfm draws."""

from __future__ import annotations

import cmarkgfm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import ProductError
from readiness.domain.parsing.reading import parse

WORDS = [
    "a",
    "**Key**: v",
    "`[ ]`",
    "[ ]",
    "____",
    "日本 ✅",
    "a | b",
    "Status: OK",
    "",
]
MARKERS = ["- [ ] ", "* [x] ", "+ [X] ", "1. [ ] ", "2) [x] ", "- ", "1. ", "-   [ ] "]
BLOCKS = ["# H", "## Sign-off", "```", "~~~", "---", "> ", "<!-- - [ ] c -->", "|-|-|"]
INDENT = st.integers(0, 7).map(lambda n: " " * n)
LINE = st.one_of(
    st.tuples(INDENT, st.sampled_from(MARKERS), st.sampled_from(WORDS)).map("".join),
    st.tuples(INDENT, st.sampled_from(BLOCKS), st.sampled_from(WORDS)).map("".join),
    st.tuples(INDENT, st.sampled_from(WORDS)).map("".join),
    st.just(""),
)
DOCUMENT = st.tuples(st.lists(LINE, max_size=25), st.sampled_from(["\n", "\r\n"])).map(
    lambda parts: parts[1].join(parts[0]) + parts[1]
)


def drawn(text: str) -> tuple[int, int]:
    html = cmarkgfm.github_flavored_markdown_to_html(text)
    boxes = html.count('<input type="checkbox"')
    return boxes, html.count('<input type="checkbox" checked=""')


def found(text: str) -> tuple[int, int]:
    try:
        document = parse(text.encode())
    except ProductError as error:
        if error.code in {"no_items", "empty"}:
            return 0, 0
        raise
    assert document.source.bytes == text.encode()
    lines = document.source.lines
    assert all("[" in lines[item.line - 1] for item in document.items)
    return len(document.items), document.ticked


@settings(max_examples=400, deadline=None, derandomize=True)
@given(DOCUMENT)
def test_the_same_boxes_and_ticks(text: str) -> None:
    assert found(text) == drawn(text)


@pytest.mark.parametrize(
    "text",
    [
        "- [ ]\n",
        "- [ ] \n",
        "- [ ]a\n",
        "- - [ ] a\n",
        "-\n  [ ] a\n",
        "-     [ ] a\n",
        "- [ ] # h\n",
        "- [ ] a\n  ===\n",
        "- foo\n  [ ] a\n",
        "text\n- [ ] a\n",
        "text\n2. [ ] a\n",
        "10. [x] n\n",
        "-\t[ ] a\n",
        "- x\n  - [ ] b\n",
        "> - [ ] a\n",
    ],
)
def test_the_corners(text: str) -> None:
    assert found(text) == drawn(text)

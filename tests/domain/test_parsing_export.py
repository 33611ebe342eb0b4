"""A filled-in checklist is the same text with ticks, notes and values."""

from __future__ import annotations

import pytest

from readiness.domain.exporting import FilledBlank, ItemMark, fill
from readiness.domain.parsing.reading import parse

TEXT = "# T\n\n- [ ] one\n  goes on\n  - [x] two\n- [x] three\n  - Expiry: ____\n"


def test_untouched_is_byte_identical() -> None:
    for text in (TEXT, TEXT.replace("\n", "\r\n"), "\ufeff" + TEXT, TEXT.rstrip("\n")):
        assert fill(text.encode(), []).encode() == text.encode()


def test_ticks_notes_and_blanks() -> None:
    marks = [
        ItemMark(3, ticked=True, notes=["State: proven", "Evidence:\n# ok"]),
        ItemMark(5, ticked=False),
        ItemMark(6, ticked=True),
    ]
    assert fill(TEXT.encode(), marks, [FilledBlank(7, "2027-01-01")]) == (
        "# T\n\n- [x] one\n  goes on\n  - State: proven\n  - Evidence: # ok\n"
        "  - [ ] two\n- [x] three\n  - Expiry: 2027-01-01\n"
    )


@pytest.mark.parametrize("marker", ["-", "*", "1.", "12)", "-  "])
def test_the_result_reads_as_the_same_items(marker: str) -> None:
    text = f"# T\n\n{marker} [ ] one\n{marker} [x] two"
    done = fill(
        text.encode(),
        [ItemMark(3, True, ["State: a"]), ItemMark(4, False, ["State: b"])],
    )
    items = parse(done.encode()).items
    assert [(i.title, i.ticked) for i in items] == [("one", True), ("two", False)]
    assert [i.body for i in items] == [["- State: a"], ["- State: b"]]


def test_the_second_blank_of_a_line() -> None:
    text = "- [ ] from ____ to ____\n"
    filled = fill(text.encode(), [], [FilledBlank(1, "B", 1)])
    assert filled == "- [ ] from ____ to B\n"

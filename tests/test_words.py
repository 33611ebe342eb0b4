"""What counts as a word for people, and that what does not is found."""

from __future__ import annotations

import pytest

from tests.words import for_machines


@pytest.mark.parametrize(
    "text",
    [
        "probe audit_log failed",
        "1 reviews",
        "12 line of it",
        "1,204 fill",
        "the value is None",
        "<User object (1)>",
        "Decimal('1.50')",
        "it is ['a', 'b']",
        "state: not_applicable",
    ],
)
def test_words_for_machines_are_found(text: str) -> None:
    assert len(for_machines(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "1 review, 2 reviews, 0 lines, 1,204 fills",
        "None of the probes is in this state. None in this range.",
        "POLYGON_API_KEY is not set",
        "tests/security/test_csp_report.py and docs/run_book.md",
        "write to first_last@example.test",
        "a 5-minute window, 11 lines, 1 day",
        "https://desk.example.test/a_b/?c_d=e_f",
        "on line 1 trades are missing",
    ],
)
def test_words_for_people_are_left_alone(text: str) -> None:
    assert for_machines(text) == []

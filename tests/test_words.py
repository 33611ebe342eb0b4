"""What counts as a word for people, and that what does not is found."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO

import pytest
from django import forms
from django.core.management.base import CommandError, OutputWrapper

from kernel import problems
from kernel.errors import NotFound
from operations.services import outbox
from operations.services.outbox import Announcement, Recipient
from tests import spoken
from tests.words import for_machines


@pytest.mark.parametrize(
    "text",
    [
        "probe audit_log failed",
        "1 reviews",
        "12 line of it",
        "1 new prices",
        "1 migrations to apply",
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


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("the probe audit_log failed", 1),
        ("There is no book 'a_b', type `verify_log`", 0),
        ("dry_run: is not a field of this", 0),
        ("in 1 lines", 1),
    ],
)
def test_what_is_told_is_read_but_what_somebody_typed(text: str, number: int) -> None:
    assert len(list(spoken.faults([text, text]))) == number


def test_a_mail_a_message_a_refusal_an_error_and_a_command_are_heard(
    heard: list[str],
) -> None:
    mail = Announcement(kind="x", about="a", level="l", subject="s 1", body="s 2")
    outbox.notice(mail, Recipient(name="olga", address=""), datetime.now(UTC))
    problems.problem(NotFound("s 3"), instance="/", request_id="")
    form = forms.Form({})
    assert form.is_valid()
    form.add_error(None, "s 4")
    CommandError("s 5")
    terminal = OutputWrapper(StringIO())
    terminal.write("s 6")
    terminal.write('{"s": "in 1 lines"}')
    assert "1 lines" not in "".join(heard)
    assert [text for text in heard if text.startswith("s ")] == [
        *("s 1", "s 2", "s 3", "s 4", "s 5", "s 6")
    ]

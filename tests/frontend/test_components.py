"""Components say in words what their colours mean."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from tests.html import text_of


def drawn(name: str, **context: Any) -> str:
    return render_to_string(f"components/{name}.html", context)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("proven", "Proven"),
        ("stale", "Out of date"),
        ("claimed", "Claimed"),
        ("unclaimed", "Open"),
        ("failed", "Failed"),
        ("waived", "Waived"),
        ("not_applicable", "Not applicable"),
    ],
)
def test_each_state_has_words_and_keeps_its_code(state: str, words: str) -> None:
    html = drawn("state", state=state)
    assert f'data-state="{state}"' in html
    assert words in html


def test_an_empty_meter_is_a_dash_not_zero_of_zero() -> None:
    html = drawn("meter", label="Evidence fresh", share={"value": 0, "of": 0})
    assert ">–<" in html
    assert "of 0" not in html


def test_evidence_says_who_when_and_how_long() -> None:
    now = timezone.now()
    html = drawn(
        "evidence",
        evidence={
            "probe": "headers",
            "observed_at": now - timedelta(minutes=2),
            "valid_until": now + timedelta(hours=23, minutes=30),
        },
    )
    assert "Security headers on every answer · 2 min ago" in text_of(html)
    assert "fresh for 23 h" in html


def test_old_evidence_says_that_it_expired() -> None:
    now = timezone.now()
    html = drawn(
        "evidence",
        evidence={
            "probe": "headers",
            "observed_at": now - timedelta(days=2),
            "valid_until": now - timedelta(hours=3),
        },
    )
    assert "expired 3 h ago" in html


def test_sorting_again_turns_the_order_round() -> None:
    html = drawn("sort", label="Time", field="time", order="-time", query="q=a")
    assert 'aria-sort="descending"' in html
    assert 'href="?q=a&amp;order=time"' in html


def test_what_people_typed_is_escaped() -> None:
    assert "<b>" not in drawn("chip", tone="", text="<b>")

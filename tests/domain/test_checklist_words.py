"""The small things that a checklist says in words, one table each."""

from __future__ import annotations

import pytest

from readiness.domain.parsing import words

HEADINGS = [
    ("Security checklist", "checks"),
    ("Pre-deployment", "checks"),
    ("Pre-launch sign-off", "checks"),
    ("Sign-Off", "sign-off"),
    ("Approvals", "sign-off"),
    ("Rollback plan", "rollback"),
    ("Back-out", "rollback"),
    ("Post-Deployment Monitoring", "monitoring"),
    ("Follow-ups", "monitoring"),
    ("Hypercare", "monitoring"),
    ("Emergency contacts", "contacts"),
    ("On-call", "contacts"),
    ("Appendix A", "appendix"),
    ("Quick commands", "appendix"),
    ("Known issues", "notes"),
    ("Deployment steps", "steps"),
    ("Roll-out plan", "steps"),
    ("Security", None),
    ("", None),
]


@pytest.mark.parametrize(("heading", "kind"), HEADINGS)
def test_a_heading_names_its_kind(heading: str, kind: str | None) -> None:
    assert words.kind_of_heading(heading) == kind


LABELS = [
    ("RTO", "duration"),
    ("Retention", "duration"),
    ("Backup frequency", "duration"),
    ("Expiry", "date"),
    ("Due", "date"),
    ("Valid until", "date"),
    ("Domain", "domain"),
    ("Host name", "domain"),
    ("Owner", "person"),
    ("Reviewed by", "person"),
    ("Version", "text"),
    ("", "text"),
]


@pytest.mark.parametrize(("label", "kind"), LABELS)
def test_a_label_names_what_goes_into_the_blank(label: str, kind: str) -> None:
    assert words.kind_of_field(label) == kind


CHOICES = [
    ("(dev/staging/production)", ["dev", "staging", "production"]),
    ("Target ( yes / no ) today", ["yes", "no"]),
    ("(only one)", []),
    ("a/b without brackets", []),
    ("(a/)", []),
]


@pytest.mark.parametrize(("text", "choices"), CHOICES)
def test_choices_stand_in_brackets(text: str, choices: list[str]) -> None:
    assert words.choices(text) == choices


BLANKS = [
    ("Domain: ____", ["____"]),
    ("From ___ to ___", ["___", "___"]),
    ("two __ are none", []),
    ("snake___case is a word", []),
    ("`____` is code", []),
    (r"\____ is escaped", []),
]


@pytest.mark.parametrize(("text", "blanks"), BLANKS)
def test_blanks_are_three_underscores_or_more(text: str, blanks: list[str]) -> None:
    assert [text[start:end] for start, end in words.blank_spans(text)] == blanks


TITLES = [
    ("**CORS**: named origins only", ("CORS", "named origins only")),
    ("**CORS:** named origins only", ("CORS", "named origins only")),
    ("**CORS** – named origins only", ("CORS", "named origins only")),
    ("**CORS**", ("CORS", "")),
    ("plain text", ("plain text", "")),
    ("**  **: nothing", ("**  **: nothing", "")),
]


@pytest.mark.parametrize(("text", "parts"), TITLES)
def test_a_bold_beginning_is_the_title(text: str, parts: tuple[str, str]) -> None:
    assert words.split_title(text) == parts


STATUSES = [
    ("Status: PENDING", "PENDING"),
    ("✅ **Status**: DONE", None),
    ("⏳ Status: IN PROGRESS", "IN PROGRESS"),
    ("status\uff1a完了", "完了"),
    ("Statuses: many", None),
    ("No status here", None),
]


@pytest.mark.parametrize(("text", "status"), STATUSES)
def test_a_status_line(text: str, status: str | None) -> None:
    assert words.status_of(text) == status


BUDGETS = [
    ("Deploy (1 hour)", 60),
    ("Roll back (< 5 min)", 5),
    ("Restore (≤ 2h)", 120),
    ("Wait (about 90 minutes)", 90),
    ("Deploy", None),
    ("Deploy (today)", None),
    ("Deploy (5 days)", None),
]


@pytest.mark.parametrize(("heading", "minutes"), BUDGETS)
def test_a_heading_states_its_budget(heading: str, minutes: int | None) -> None:
    assert words.minutes(heading) == minutes


THRESHOLDS = [
    ("P95 < 100 ms", "< 100"),
    ("at most ≤ 0,5 %", "<= 0.5"),
    ("coverage >= 80 %", ">= 80"),
    ("500+ requests a second", ">= 500"),
    ("Target: 3", "== 3"),
    ("expected 0", "== 0"),
    ("version 2 of it", None),
    ("1.5+1 is a sum, v2.500+ no amount", ">= 1.5"),
]


@pytest.mark.parametrize(("text", "threshold"), THRESHOLDS)
def test_what_a_line_asks_for(text: str, threshold: str | None) -> None:
    assert words.threshold(text) == threshold


BARE = [
    ("**Owner**:", "Owner"),
    ("[x] Owner", "Owner"),
    ("- Owner –", "Owner"),
    ("| Owner |", "Owner"),
    ("   ", ""),
]


@pytest.mark.parametrize(("text", "label"), BARE)
def test_a_label_without_its_dress(text: str, label: str) -> None:
    assert words.bare(text) == label


SIGNS = [("🔒 Security", "Security"), ("Security", "Security"), ("🔒", "🔒")]


@pytest.mark.parametrize(("heading", "plain"), SIGNS)
def test_an_emoji_in_front_is_no_part_of_a_heading(heading: str, plain: str) -> None:
    assert words.without_signs(heading) == plain

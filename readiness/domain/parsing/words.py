"""Small things a checklist says in words: blanks, budgets, statuses, thresholds."""

from __future__ import annotations

import re

from readiness.domain.parsing.document import (
    APPENDIX,
    CHECKS,
    CONTACTS,
    MONITORING,
    NOTES,
    ROLLBACK,
    SIGN_OFF,
    STEPS,
)

BLANK = re.compile(r"(?<![\w_\\])_{3,}(?![\w_])")
CODE_SPAN = re.compile(r"`[^`]*`")
CHOICES = re.compile(r"\(\s*([^()/\s]+(?:\s*/\s*[^()/\s]+)+)\s*\)")
LABELLED = re.compile(
    r"\*\*(?P<label>.+?)\*\*\s*(?:[:\uff1a]|[–—-](?=\s))?\s*(?P<rest>.*)"
)
KEY_VALUE = re.compile(r"\*\*(?P<key>[^*]+?)\s*:?\*\*\s*:?\s*(?P<value>\S.*)")
STATUS = re.compile(r"[^\w]*\bstatus\b\s*[:\uff1a]\s*(?P<status>.+)", re.IGNORECASE)
OPTIONAL = re.compile(r"\(\s*optional\s*\)", re.IGNORECASE)
BUDGET = re.compile(
    r"\(\s*(?:<|≤|<=|under|max\.?|~|about)?\s*(?P<count>\d+)\s*"
    r"(?P<unit>h|hours?|hrs?|m|min|mins|minutes?)\s*\)",
    re.IGNORECASE,
)
PRIORITY = re.compile(
    r"\*\*(?P<level>P\d)\s*(?:\((?P<name>[^)]*)\))?\*\*\s*:?\s*(?P<do>.*)"
)
NUMBER = r"(?P<number>\d+(?:[.,]\d+)?)"
COMPARED = re.compile(rf"(?P<sign><=|>=|≤|≥|<|>)\s*{NUMBER}")
AT_LEAST = re.compile(rf"(?<![\w.]){NUMBER}\s*\+")
EXPECTS = re.compile(r"(?:- )?\W*(?:expected|target)\b", re.IGNORECASE)
EXACTLY = re.compile(rf"\b(?:target|expected)\s*:?\s*{NUMBER}", re.IGNORECASE)

# Read from the top: the first pattern that a heading matches names its kind.
# "checklist" and "pre-deployment" come first, so that the sections below them
# are checks whatever words they use.
KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        (CHECKS, r"check-?list|\bpre-?(deploy|release|launch|flight)"),
        (SIGN_OFF, r"\bsign-?\s?off|\bapprovals?\b|\bsignatures?\b"),
        (ROLLBACK, r"\broll-?\s?back|\bback-?\s?out\b"),
        (MONITORING, r"\bpost-?\w*\W+monitor|\bfollow-?\s?ups?\b|\bhypercare\b"),
        (CONTACTS, r"\bcontacts?\b|\bon-?call\b|\bescalation"),
        (APPENDIX, r"\bappendi(x|ces)\b|\bquick commands\b|\bcheat ?sheet\b"),
        (NOTES, r"\bnotes?\b|\bknown issues\b|\bremarks\b"),
        (STEPS, r"\bsteps\b|\bprocedure\b|\brun-?book steps\b|\broll-?out plan\b"),
    )
)
FIELD_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("duration", r"\b(rto|rpo|retention|frequency|interval|duration|timeout)\b"),
        ("date", r"\b(date|expir\w*|due|deadline|valid until)\b"),
        ("domain", r"\b(domain|host ?name|fqdn)\b"),
        ("person", r"\b(name|owner|primary|backup|assignee|approver)\b|\bby$"),
    )
)


def kind_of_heading(text: str) -> str | None:
    """The kind that a heading's words name, None when they name none."""
    return next((kind for kind, pattern in KINDS if pattern.search(text)), None)


def kind_of_field(label: str) -> str:
    """text, date, duration, domain or person, by the label's words."""
    return next((kind for kind, p in FIELD_KINDS if p.search(label)), "text")


def choices(text: str) -> list[str]:
    """["dev", "staging", "production"] from "(dev/staging/production)"."""
    match = CHOICES.search(text)
    return [part.strip() for part in match.group(1).split("/")] if match else []


def blank_spans(text: str) -> list[tuple[int, int]]:
    """Where the blanks (three or more underscores) of a line of Markdown are."""
    hidden = CODE_SPAN.sub(lambda match: " " * len(match.group()), text)
    return [match.span() for match in BLANK.finditer(hidden)]


def bare(text: str) -> str:
    """A label without its emphasis, list marker, box and colon."""
    return re.sub(r"^\[[ xX]\]\s", "", text.strip()).strip(" \t*_:\uff1a-–—|#").strip()


def without_signs(heading: str) -> str:
    """A heading without the emoji in front of it, unless it is nothing else."""
    plain = bare(heading)
    return re.sub(r"^[^\w(\[\"'“«<&@#`]+", "", plain) or plain


def split_title(text: str) -> tuple[str, str]:
    """("CORS", "named origins only") from "**CORS**: named origins only"."""
    match = LABELLED.fullmatch(text)
    if match and match["label"].strip():
        return match["label"].strip().rstrip(":\uff1a"), match["rest"].strip()
    return text, ""


def status_of(text: str) -> str | None:
    """PENDING of a line such as "Status: PENDING" behind an emoji."""
    match = STATUS.fullmatch(text.strip())
    return match["status"].strip(" *_") if match else None


def minutes(text: str) -> int | None:
    """The budget that a heading states: "(1 hour)" is 60, "(< 5 min)" is 5."""
    match = BUDGET.search(text)
    if match is None:
        return None
    count = int(match["count"][:6])
    return count * 60 if match["unit"].lower().startswith("h") else count


def threshold(text: str) -> str | None:
    """What a line asks for, as "< 100", ">= 500" or "== 0"; None if it does not."""
    if match := COMPARED.search(text):
        sign = {"≤": "<=", "≥": ">="}.get(match["sign"], match["sign"])
        return f"{sign} {match['number'].replace(',', '.')}"
    if match := AT_LEAST.search(text):
        return f">= {match['number'].replace(',', '.')}"
    if match := EXACTLY.search(text):
        return f"== {match['number'].replace(',', '.')}"
    return None

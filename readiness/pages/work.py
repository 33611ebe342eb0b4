"""The page of work on several lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from accounts.models import User
from accounts.services.filters import saved_filters
from readiness.domain.review_diff import LineFacts, ReviewDiff
from readiness.models.reviews import LIVING
from readiness.pages.board import FILTERS
from readiness.pages.states import STATES
from readiness.queries.board import Board
from readiness.queries.people import workers
from readiness.queries.work import LineSearch, kept_lines
from readiness.services.claims import MOST_AT_ONCE


def lines_context(
    today: Board, wanted: LineSearch, person: User, *, query: str, after: str
) -> dict[str, Any]:
    """`query` is the filter as it stands in the address, `after` the key after which its
    lines begin: as many are shown as are taken at once."""
    review, kept = today.review, kept_lines(today, wanted)
    first = next((n for n, row in enumerate(kept, 1) if row.key == after), 0)
    rows = kept[first : first + MOST_AT_ONCE]
    later = {"after": rows[-1].key} if first + len(rows) < len(kept) else {}
    here = reverse("readiness:lines", args=[review.uuid])
    states = [(code, title) for code, title in FILTERS.items() if code in _STATES]
    return {
        "board": today,
        "review": review,
        "url": reverse("readiness:review", args=[review.uuid]),
        "here": here,
        "this": f"{here}?{query}" if query else here,
        "query": query,
        "wanted": wanted,
        "rows": rows,
        "kept": len(kept),
        "later": "&".join(filter(None, (query, urlencode(later)))) if later else "",
        "states": states,
        "sections": [
            (section.shape, today.owners.get(section.shape.slug, ""))
            for section in today.sections
        ],
        "workers": workers(),
        "me": person.username,
        "saved": list(saved_filters(person, "lines").items()),
        "may_work": today.state in LIVING and person.has_perm("readiness.claim"),
    }


@dataclass(frozen=True)
class ChangeRow:
    """What of a line was said before, and is now, in words."""

    line: LineFacts
    what: str
    before: str
    now: str


def change_rows(diff: ReviewDiff) -> list[ChangeRow]:
    """Every changed fact, in the order of the lines."""
    return [
        ChangeRow(
            change.line,
            fact.name.capitalize(),
            _said(fact.name, fact.before),
            _said(fact.name, fact.now),
        )
        for change in diff.changed
        for fact in change.facts
    ]


def _said(name: str, value: str) -> str:
    return STATES[value].word if name == "state" else value


_STATES = {"unclaimed", "claimed", "stale", "failed", "proven", "waived"}

"""A line as its row on a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString

from accounts.models import User
from kernel import markdown
from readiness.queries.board import Board, BoardRow
from readiness.queries.item import comments_of, evidence_of
from readiness.queries.reach import why_not_collected


@dataclass(frozen=True)
class ItemView:
    """One row of the page. `label` is the tick's constant name; without `run_url`
    `not_collected` says why its probes cannot be asked for."""

    row: BoardRow
    title: SafeString
    label: str
    body: SafeString
    url: str
    claim_url: str
    run_url: str
    not_collected: str
    ticks: bool

    @property
    def who(self) -> str:
        if self.row.claimed_by:
            return f"Claimed by {self.row.claimed_by}"
        if self.row.shape.blocking != "blocking":
            return self.row.shape.blocking.capitalize()
        return "Blocks release" if self.row.blocker else ""

    @property
    def outside_words(self) -> str:
        """The chip of a line that readiness does not count."""
        return "" if self.row.inside else self.row.state.capitalize()

    @property
    def reason(self) -> str:
        return self.row.derived.reason


def item_view(board: Board, row: BoardRow) -> ItemView:
    where = (board.review.uuid, row.id)
    probes = [check.probe for check in row.shape.checks]
    reason = why_not_collected(probes, board.review)
    return ItemView(
        row=row,
        title=markdown.inline(row.shape.title),
        label=f"Claim {row.key} {markdown.plain(row.shape.title)}",
        body=markdown.block(row.shape.body) if row.shape.body else SafeString(""),
        url=reverse("readiness:item", args=where),
        claim_url=reverse("readiness:claim-item", args=where),
        run_url=(
            reverse("readiness:run-item", args=where) if probes and not reason else ""
        ),
        not_collected=reason,
        ticks=row.inside,
    )


@dataclass(frozen=True)
class BlankView:
    """A field of an item with what stands in it."""

    label: str
    kind: str
    choices: Sequence[str]
    required: bool
    value: str


def blanks(row: BoardRow) -> list[BlankView]:
    return [
        BlankView(
            field.label,
            "date" if field.kind == "date" else "text",
            field.choices,
            field.required,
            str(row.claim.values.get(field.label, "")),
        )
        for field in row.shape.fields
    ]


def item_context(today: Board, row: BoardRow, person: User) -> dict[str, Any]:
    """What the page of one line is drawn from: its whole history."""
    return {
        "board": today,
        "review": today.review,
        "url": reverse("readiness:review", args=[today.review.uuid]),
        "view": item_view(today, row),
        "history": evidence_of(row.claim),
        "comments": comments_of(row.claim),
        "blanks": blanks(row),
        "may_claim": person.has_perm("readiness.claim"),
        "may_run": person.has_perm("readiness.run"),
    }

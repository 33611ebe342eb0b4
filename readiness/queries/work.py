"""Lines of a review that somebody looks for, or works on together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from accounts.models import User
from kernel.errors import NotFound
from readiness.models import Review, ReviewItem
from readiness.queries.board import Board, BoardRow

# Parentheses stand in no username. Without them it was the word before, and is while
# nobody is called so.
ANYBODY, NOBODY, BARE = "", "(nobody)", "nobody"


@dataclass(frozen=True, kw_only=True)
class LineSearch:
    """What is looked for: words of key, title, text or reason; a state; a section's
    slug; whose they are: a name, or `(nobody)`."""

    text: str = ""
    state: str = ""
    section: str = ""
    assignee: str = ANYBODY

    def keeps(self, row: BoardRow, owner: str) -> bool:
        """`owner` of its section, "" where it has none."""
        shape = row.shape
        told = f"{row.key} {shape.title} {shape.body} {row.derived.reason}".casefold()
        return (
            all(word in told for word in self.text.casefold().split())
            and self.state in {"", row.state}
            and self.section in {"", shape.section.slug}
            and self.assignee in {ANYBODY, *_whose(row, owner)}
        )


def _whose(row: BoardRow, owner: str) -> set[str]:
    """Who is to do it: whom it was given to, and who owns its section."""
    assignee: User | None = row.claim.assignee
    return {assignee.username if assignee else "", owner} - {""} or {NOBODY}


def kept_lines(board: Board, wanted: LineSearch) -> list[BoardRow]:
    owners = board.owners
    if wanted.assignee == BARE and not _somebody_is_called(BARE, board):
        wanted = replace(wanted, assignee=NOBODY)
    return [
        row
        for row in board.rows
        if wanted.keeps(row, owners.get(row.shape.section.slug, ""))
    ]


def _somebody_is_called(name: str, board: Board) -> bool:
    """Among those whose lines these are."""
    assigned = (row.claim.assignee for row in board.rows)
    return name in {
        *board.owners.values(),
        *(each.username for each in assigned if each),
    }


def lines_of(review: Review, ids: Sequence[int]) -> list[ReviewItem]:
    """In document order, each with its review and item. Raises NotFound where one is
    no line of this review."""
    rows = review.items.filter(pk__in=ids).select_related("item")
    lines = list(rows.order_by("item__position"))
    if len(lines) != len(set(ids)):
        raise NotFound("One of these is no line of this review.", code="not_found")
    return lines

"""What leaves the house: a review as Markdown."""

from __future__ import annotations

from audit.domain.canonical import stamp
from readiness.domain.exporting import FilledBlank, ItemMark, fill, one_line
from readiness.models import Field, Item
from readiness.queries.board import Board, BoardRow
from readiness.queries.progress import SignoffProgress
from readiness.queries.records import named


def review_markdown(board: Board, progress: SignoffProgress) -> str:
    """The template's text with ticks, states, evidence, fields and signatures.

    Two queries besides the board's. A tick is a claim or a proof; the line below
    says which.
    """
    version = board.review.version
    lines = dict(Item.objects.filter(version=version).values_list("key", "source_line"))
    marks = [
        ItemMark(
            lines[row.key],
            ticked=row.claim.claimed or row.state == "proven",
            notes=_notes(row),
        )
        for row in board.rows
    ]
    body = fill(bytes(version.source), marks, _filled(board))
    return body.rstrip("\r\n") + "\n\n" + _signatures(board, progress)


def _notes(row: BoardRow) -> list[str]:
    notes = [
        f"State: {row.state}"
        + (f" ({row.derived.reason})" if row.derived.reason else "")
    ]
    if row.claim.claimed:
        notes.append(f"Claimed by {row.claimed_by}")
    seen = row.evidence
    if seen is not None:
        detail = seen.summary or seen.reason
        notes.append(
            f"Evidence: {seen.probe or seen.kind} {seen.verdict}, "
            f"{stamp(seen.observed_at)}, {seen.commit[:12]}: {detail}"
        )
    if row.waiver is not None:
        ends = f" until {stamp(row.waiver.ends)}" if row.waiver.ends else ""
        notes.append(f"Waived{ends}: {row.waiver.reason}")
    return notes


def _filled(board: Board) -> list[FilledBlank]:
    """The values of the items' fields, each for its own blank of its line."""
    values = {row.key: row.claim.values for row in board.rows}
    blanks: list[FilledBlank] = []
    counted: dict[int, int] = {}
    fields = Field.objects.filter(section__version=board.review.version).order_by(
        "source_line", "position"
    )
    for line, key, label in fields.values_list("source_line", "item__key", "label"):
        nth = counted.get(line, 0)
        counted[line] = nth + 1
        value = values.get(key, {}).get(label)
        if value:
            blanks.append(FilledBlank(line, str(value), nth))
    return blanks


def _signatures(board: Board, progress: SignoffProgress) -> str:
    review = board.review
    rows = [
        f"- {place.role}: {place.state} ({one_line(place.note)})"
        for place in progress.places
    ]
    head = [
        "---",
        "",
        f"## Review of {one_line(review.release)} for {review.environment}",
        "",
        f"**Commit**: `{review.commit}`",
        "",
        f"**Review**: `{review.uuid}`",
        "",
        as_of(board),
        "",
        *(
            f"**The record differs from the log**: {one_line(text)}\n"
            for text in named(board.differences)
        ),
        "**Signatures**:",
        "",
    ]
    return "\n".join([*head, *rows]) + "\n"


def as_of(board: Board) -> str:
    """The words that say for when a review was told."""
    return f"**As of**: {stamp(board.at)}"

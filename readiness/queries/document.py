"""A review as a document to hand on: cover, what was signed, signatures, lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings

from accounts.models import User
from kernel import markdown
from kernel.pdf import PdfColumn, PdfDocument, PdfTable, PdfText
from readiness.domain import statements
from readiness.models import Review
from readiness.queries.board import Board, BoardRow
from readiness.queries.lifecycle import lifecycle
from readiness.queries.progress import SignoffProgress, state_of
from readiness.queries.signatures import Signature

LINES = (
    PdfColumn(title="Line", share=9),
    PdfColumn(title="What it says", share=34),
    PdfColumn(title="State", share=12),
    PdfColumn(title="Why, and the evidence", share=45),
)
SIGNATURES = (
    PdfColumn(title="Role", share=16),
    PdfColumn(title="Name", share=18),
    PdfColumn(title="Meaning", share=11),
    PdfColumn(title="Signed at (UTC)", share=17),
    PdfColumn(title="Today", share=14),
    PdfColumn(title="Envelope (SHA-256)", share=24),
)


def review_document(
    board: Board, progress: SignoffProgress, person: User, at: datetime
) -> PdfDocument:
    """Two queries for what became of the review."""
    review = board.review
    return PdfDocument(
        title=f"Readiness review: release {review.release} to {review.environment}",
        verdict=_verdict(board, progress),
        facts=[*_facts(board), ("Made for", f"{person.username}, {_moment(at)}")],
        parts=[
            _life(board, at),
            PdfText(title="What a signature states", paragraphs=stated(review)),
            PdfTable(
                title="Signatures",
                columns=SIGNATURES,
                rows=list(_signatures(progress)),
                empty="Nobody has signed.",
            ),
            PdfTable(title="Lines by section", columns=LINES, rows=list(_lines(board))),
        ],
        foot=f"Release {review.release} · {review.environment} · commit "
        f"{review.commit[:12]} · review {review.uuid}",
        demo=review.is_demo or settings.RRR_ENV == "demo",
    )


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _verdict(board: Board, progress: SignoffProgress) -> str:
    state = state_of(board, progress).capitalize()
    blockers = len(board.verdict.blockers)
    if board.differences:
        return f"{state}: the record differs from the log, so nothing is approved."
    if not blockers:
        return f"{state}: every blocking line is proven, waived or not applicable."
    return (
        f"{state}: {blockers} {'line blocks' if blockers == 1 else 'lines block'} it."
    )


def _facts(board: Board) -> Iterator[tuple[str, str]]:
    review, counts = board.review, board.counts
    version = review.version
    yield "Release", review.release
    yield "Commit", review.commit
    if review.image_digest:
        yield "Image", review.image_digest
    yield "Environment", review.environment
    yield "Checklist", f"{version.template.title}, version {version.number}"
    opener = f" by {review.created_by.username}" if review.created_by else ""
    yield "Opened", f"{_moment(review.created_at)}{opener}"
    yield "Facts as of", _moment(board.at)
    yield (
        "Lines",
        f"{counts.proven} proven, {counts.stale} out of date, {counts.claimed} "
        f"claimed, {counts.unclaimed} open, {counts.failed} failed, {counts.waived} "
        f"waived, {counts.not_applicable} not applicable",
    )
    yield "Review", str(review.uuid)


def _life(board: Board, at: datetime) -> PdfText:
    shown = lifecycle(board, at)
    said = [each.told for each in shown.transitions]
    said += [
        f"Follow-up after {each.window}, due {_moment(each.due_at)}: "
        f"{each.state}{f'. {each.note}' if each.note else ''}"
        for each in shown.follow_ups
    ]
    said += [f"The record differs from the log: {each}." for each in shown.differences]
    if board.review.next_review_at:
        said.append(f"The next review is on {board.review.next_review_at}.")
    return PdfText(
        title="What became of it", paragraphs=said or ["It is open; nothing ended it."]
    )


def stated(review: Review) -> list[str]:
    """What each signature of a review is over, in words and digests."""
    return [
        "Each signature is over the claims of its role's lines, as one digest, and "
        "over the commit, release, environment, checklist and sign-off policy "
        "below. A later change of a signed line makes it void.",
        f"Checklist (SHA-256): {review.version.sha256}",
        f"Policy (SHA-256): {statements.policy_sha256(review.policy)}",
        f"Git commit: {review.commit}",
    ]


def _signatures(progress: SignoffProgress) -> Iterator[list[str]]:
    for each in progress.signed:
        said = each.signed
        yield [
            said.role,
            f"{said.name} ({said.handle})",
            said.meaning,
            f"{said.signed_at:%Y-%m-%d %H:%M:%S}",
            _today(each),
            each.signoff.envelope_sha256,
        ]
        if said.note:
            yield [f"Note of {said.handle}: {said.note}"]
    signed = {each.signed.role for each in progress.signed}
    for place in progress.places:
        if place.role not in signed:
            yield [place.role, "–", "–", "–", str(place.state.value), "–"]


def _today(signature: Signature) -> str:
    if signature.faults:
        return f"not genuine: {signature.faults[0]}"
    if not signature.void:
        return "valid"
    first = signature.void[0]
    return f"void: {first.key} {first.change}".replace("  ", " ")


def _lines(board: Board) -> Iterator[list[str]]:
    for section in board.sections:
        owner = board.owners.get(section.shape.slug)
        yield [f"{section.shape.title} ({owner})" if owner else section.shape.title]
        for row in section.rows:
            yield [
                row.key,
                markdown.plain(row.shape.title),
                row.state.replace("_", " ").capitalize(),
                _why(row),
            ]


def _why(row: BoardRow) -> str:
    seen = row.evidence
    if seen is None:
        return row.derived.reason
    by = seen.probe or (seen.filed_by.username if seen.filed_by else seen.kind)
    return f"{row.derived.reason} ({by}, {_moment(seen.observed_at)})"

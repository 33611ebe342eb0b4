"""The claims of today: each line of a board as it would be signed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.errors import NotFound
from readiness.domain.claims import (
    Claim,
    ClaimedCheck,
    ClaimedNotApplicable,
    ClaimedWaiver,
)
from readiness.models import Review
from readiness.queries.board import Board, BoardRow
from readiness.queries.facts import standing_verdict

FrozenRule = Mapping[str, Any]  # one role of a review's frozen policy


def claim_of(row: BoardRow, commit: str) -> Claim:
    """One line of the board as it is signed; verdicts count for this commit only."""
    return Claim(
        key=row.key,
        title=row.shape.title,
        body=row.shape.body,
        blocking=row.shape.blocking,
        done=row.claim.claimed,
        by=row.claimed_by,
        fields=_filled_fields(row),
        checks=[
            ClaimedCheck(
                probe=check.probe,
                definition_sha256=check.definition_sha256,
                threshold=check.threshold,
                verdict=standing_verdict(row.by_check.get(check.id), commit),
            )
            for check in row.shape.checks
        ],
        waiver=(
            ClaimedWaiver(row.waiver.reason, row.waiver.approved_by, row.waiver.ends)
            if row.waiver and row.waiver.ends
            else None
        ),
        not_applicable=(
            ClaimedNotApplicable(
                row.not_applicable.reason,
                [row.not_applicable.requested_by, row.not_applicable.approved_by],
            )
            if row.not_applicable
            else None
        ),
        evidence=_confirmed_evidence(row),
    )


def _filled_fields(row: BoardRow) -> dict[str, str]:
    """{label: text} of the blanks that hold something."""
    texts = {
        field.label: str(row.claim.values.get(field.label, "")).strip()
        for field in row.shape.fields
    }
    return {label: text for label, text in texts.items() if text}


def _confirmed_evidence(row: BoardRow) -> list[str]:
    """The digests of what persons filed and others confirmed."""
    return [
        evidence.blob_sha256
        for evidence in row.filed
        if evidence.blob_sha256 and hasattr(evidence, "confirmation")
    ]


def scope(board: Board, rule: FrozenRule) -> list[BoardRow]:
    """The lines that a role signs, in document order."""
    slugs = set(rule["sections"])
    return [row for row in board.rows if row.inside and row.shape.section.slug in slugs]


def claims_of(board: Board, rule: FrozenRule) -> list[bytes]:
    commit = board.review.commit
    return [claim_of(row, commit).bytes() for row in scope(board, rule)]


def rule_of(review: Review, role: str) -> FrozenRule:
    """The frozen policy's rule for a role. Raises NotFound."""
    for rule in review.policy:
        if rule["role"] == role:
            return dict(rule)
    raise NotFound(f"This review asks no {role!r} to sign.", code="no_such_role")

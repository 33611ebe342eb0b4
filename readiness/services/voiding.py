"""A signer is written to when a change makes their signature void."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.urls import reverse

from kernel.registry import Letter, post
from kernel.web import own_origin
from readiness.domain.claims import ClaimChange
from readiness.domain.voiding import known_as, to_tell
from readiness.models import Signoff, VoidNotice
from readiness.queries.board import Board, boards
from readiness.queries.signatures import Signature, signatures_of
from readiness.queries.voiding import signed_reviews, who_changed

REVIEWS_AT_ONCE = 50
NAMED = 20  # lines in one letter


def tell(now: datetime) -> int:
    """How many were written to. Living reviews alone: what has ended changes no more."""
    today = boards(signed_reviews(REVIEWS_AT_ONCE), now)
    stored = signatures_of(list(today.values()))
    return sum(
        _tell(today[review], signature, now)
        for review, signed in stored.items()
        for signature in signed.signed
        if not signature.faults
    )


def _tell(board: Board, signature: Signature, now: datetime) -> bool:
    """Remembered and written in one transaction: once, whatever happens next."""
    with transaction.atomic():
        Signoff.objects.select_for_update().get(pk=signature.signoff.pk)
        notice = VoidNotice.objects.filter(signoff=signature.signoff).first()
        if notice is None and not signature.void:
            return False
        notice = notice or VoidNotice(signoff=signature.signoff)
        if not signature.void:
            if notice.told:
                notice.told = []
                notice.save()
            return False
        new = to_tell(signature.void, notice.told, notice.at, now)
        if not new:
            return False
        notice.told = [known_as(change) for change in signature.void]
        notice.at = now
        notice.save()
        signer = signature.signoff.signer
        if not (signer.is_active and signer.email):
            return False
        post(_letter(board, signature, new, now))
    return True


def _letter(
    board: Board, signature: Signature, new: Sequence[ClaimChange], now: datetime
) -> Letter:
    review, signer = board.review, signature.signoff.signer
    keys = [change.key for change in new if change.key in board.by_key]
    by = who_changed(review, [board.by_key[key].id for key in keys])
    said = [_line(board, change, by) for change in new[:NAMED]]
    if len(new) > NAMED:
        said.append(f"- and {len(new) - NAMED} more")
    return Letter(
        kind="signature-void",
        about=f"signature:{signature.signoff.uuid} {now:%Y-%m-%dT%H:%M:%S}",
        recipient=signer.username,
        address=signer.email,
        subject=f"Your signature of {review} as {signature.signed.role} is void",
        body="\n".join(
            (
                f"What you signed as {signature.signed.role} has changed:",
                "",
                *said,
                "",
                "It holds again once the line is as you signed it; or read it again "
                "and sign anew.",
                "",
                f"{own_origin()}{reverse('readiness:review', args=[review.uuid])}",
                "",
            )
        ),
    )


def _line(board: Board, change: ClaimChange, by: Mapping[int, str]) -> str:
    row = board.by_key.get(change.key)
    if row is None:
        return f"- {known_as(change)}"
    who = by.get(row.id)
    where = reverse("readiness:item", args=[board.review.uuid, row.id])
    changed = f", changed by {who}" if who else ""
    return f"- {known_as(change)}{changed}: {own_origin()}{where}"

"""A signer is written to when a change makes their signature void."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.urls import reverse

from accounts.models import User
from kernel.registry import Letter, post
from kernel.web import own_origin
from readiness.domain.claims import ClaimChange
from readiness.domain.voiding import known_as, to_tell
from readiness.models import Review, Signoff, VoidNotice
from readiness.queries.board import Board, boards
from readiness.queries.people import persons
from readiness.queries.signatures import Signature, signatures_of
from readiness.queries.voiding import signed_reviews, who_changed

REVIEWS_AT_ONCE = 50
NAMED = 20  # lines in one letter


def tell(now: datetime) -> int:
    """How many were written to. Living reviews alone: what has ended changes no more."""
    return sum(_tell_of(batch, now) for batch in signed_reviews(REVIEWS_AT_ONCE))


def _tell_of(reviews: Sequence[Review], now: datetime) -> int:
    today = boards(reviews, now)
    stored = signatures_of(list(today.values()))
    told = dict(
        VoidNotice.objects.filter(signoff__review__in=reviews).values_list(
            "signoff", "told"
        )
    )
    signers = persons(
        {each.actor for signed in stored.values() for each in signed.signed}
    )
    return sum(
        _tell(today[review], mine, now)
        for review, signed in stored.items()
        for mine in _signed_roles(signed.signed, signers)
        if mine.void_as != told.get(mine.newest.signoff.pk, [])
    )


@dataclass(frozen=True)
class _SignedRole:
    """What one person signed as one role: the newest signature counts, and none is void
    while an older one holds."""

    signer: User
    newest: Signature
    void: Sequence[ClaimChange]

    @property
    def void_as(self) -> list[str]:
        return [known_as(change) for change in self.void]


def _signed_roles(
    signed: Sequence[Signature], signers: Mapping[str, User]
) -> list[_SignedRole]:
    """Of those who can be written to; who cannot now knows nothing yet. Who signed is
    the log's word, as it is of the key: the row may say somebody else."""
    by_signer: dict[tuple[str, str], list[Signature]] = {}
    for each in signed:
        signer = signers.get(each.actor)
        if signer and not each.faults and signer.is_active and signer.email:
            by_signer.setdefault((each.actor, each.signed.role), []).append(each)
    return [
        _SignedRole(
            signers[actor],
            mine[-1],
            () if any(each.valid for each in mine) else mine[-1].void,
        )
        for (actor, _), mine in by_signer.items()
    ]


def _tell(board: Board, mine: _SignedRole, now: datetime) -> bool:
    """Remembered and written in one transaction: once, whatever happens next. A line
    that is again as it was signed is forgotten, so that its next change is told."""
    signoff = mine.newest.signoff
    with transaction.atomic():
        Signoff.objects.select_for_update().get(pk=signoff.pk)
        notice = VoidNotice.objects.filter(signoff=signoff).first()
        notice = notice or VoidNotice(signoff=signoff)
        known = [each for each in mine.void_as if each in notice.told]
        new = to_tell(mine.void, known, notice.at, now)
        if new:
            notice.told, notice.at = mine.void_as, now
            post(_letter(board, mine, new, now))
        elif known != notice.told:
            notice.told = known
        else:
            return False
        notice.save()
    return bool(new)


def _letter(
    board: Board, mine: _SignedRole, new: Sequence[ClaimChange], now: datetime
) -> Letter:
    review, signature, signer = board.review, mine.newest, mine.signer
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

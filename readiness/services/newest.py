"""The review that badges and the overview speak of. Where one host serves, it is as it
was last written; what the clock alone changes may lag SECONDS."""

from __future__ import annotations

from datetime import datetime

from kernel.kept_parts import origin_of
from kernel.remembered import Remembered
from readiness.models import Review
from readiness.queries.board import Board, board
from readiness.queries.logged import newest_living
from readiness.services.reviews import REVIEWS, tag_of

SECONDS = 5
_ONE = 1  # each of these holds one value
_review: Remembered[tuple[Review | None]] = Remembered(_ONE, SECONDS)
_boards: Remembered[Board] = Remembered(_ONE, SECONDS)


def newest_board(now: datetime) -> Board | None:
    """The board of the newest open review."""
    review = _newest()
    if review is None:
        return None
    origin = origin_of([REVIEWS, tag_of(review)], ())
    held = None if origin is None else _boards.get(review.pk, origin)
    if held is None:
        held = board(review, now)
        if origin is not None:
            _boards.put(review.pk, origin, held, _ONE)
    return held


def newest_names() -> list[str]:
    """What it follows from."""
    review = _newest()
    return [REVIEWS, *([tag_of(review)] if review else [])]


def _newest() -> Review | None:
    origin = origin_of([REVIEWS], ())
    held = None if origin is None else _review.get(REVIEWS, origin)
    if held is None:
        held = (newest_living(),)
        if origin is not None:
            _review.put(REVIEWS, origin, held, _ONE)
    return held[0]

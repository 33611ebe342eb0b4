"""What the badges of every page count, and the review that they and the overview
speak of.

Where one host serves, all of it is as it was last written; several share one cached
count.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from kernel.kept_parts import origin_of
from kernel.remembered import Remembered
from operations import queries as operations
from operations.services.alerting import TAG as ALERTS
from readiness.models import Review
from readiness.queries.board import Board, board
from readiness.queries.logged import newest_living
from readiness.services.reviews import REVIEWS, tag_of
from trades.queries.books import demo_books_exist

COUNTS_KEY = "shell:counts"
DEMO_KEY = "demo_data"
# What the clock alone changes may lag: evidence that has just become too old.
SECONDS = 5
_ONE = 1  # each of these holds one value
_counted: Remembered[dict[str, int]] = Remembered(_ONE, SECONDS)
_boards: Remembered[Board] = Remembered(_ONE, SECONDS)
_review: Remembered[tuple[Review | None]] = Remembered(_ONE, SECONDS)


def counts() -> dict[str, int]:
    """Blockers of the newest open review, alerts firing unacknowledged, and whether
    demo rows are shown."""
    if settings.RATE_LIMIT_HOSTS != 1:
        return _shared()
    origin = origin_of(names(), ())
    if origin is None:
        return _fresh()
    held = _counted.get(COUNTS_KEY, origin)
    if held is None:
        held = _fresh()
        _counted.put(COUNTS_KEY, origin, held, _ONE)
    return held


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


def names() -> Sequence[str]:
    """What the counts follow from."""
    review = _newest()
    return (ALERTS, "books", REVIEWS, *([tag_of(review)] if review else []))


def _newest() -> Review | None:
    origin = origin_of([REVIEWS], ())
    held = None if origin is None else _review.get(REVIEWS, origin)
    if held is None:
        held = (newest_living(),)
        if origin is not None:
            _review.put(REVIEWS, origin, held, _ONE)
    return held[0]


def _shared() -> dict[str, int]:
    held: dict[str, int] | None = cache.get(COUNTS_KEY)
    if held is None:
        held = _fresh()
        cache.set(COUNTS_KEY, held, SECONDS)
    return held


def _fresh() -> dict[str, int]:
    fresh = {
        "blockers": _blockers(),
        "alerts": operations.firing_unacknowledged(),
        "demo": int(demo_books_exist()),
    }
    # The error page asks no database, yet says whose rows these were.
    cache.set(DEMO_KEY, fresh["demo"], None)
    return fresh


def _blockers() -> int:
    review = newest_board(timezone.now())
    if review is None:
        return 0
    # A record that differs from the log holds it up, though no line may.
    return len(review.verdict.blockers) or int(not review.verdict.ready)

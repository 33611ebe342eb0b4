"""What the badges of every page count. Where one host serves, all of it is as it was
last written; several share one cached count."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from kernel.kept_parts import origin_of
from kernel.remembered import Remembered
from operations import queries as operations
from operations.services.alerting import TAG as ALERTS
from readiness.services.newest import SECONDS, newest_board, newest_names
from trades.queries.books import demo_books_exist

COUNTS_KEY = "shell:counts"
DEMO_KEY = "demo_data"
_counted: Remembered[dict[str, int]] = Remembered(1, SECONDS)


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
        _counted.put(COUNTS_KEY, origin, held, 1)
    return held


def names() -> Sequence[str]:
    """What the counts follow from."""
    return (ALERTS, "books", *newest_names())


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

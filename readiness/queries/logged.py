"""What the log tells of reviews. Each process reads an event once.

What was folded before is kept with the leaf of its last event, which stands for all
before it; a log in which that event is not there any more is read from its start. So is
each after a minute, the age that the log's verification may have, too: an old event that
was edited meanwhile is seen as it is.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from time import monotonic

from audit import queries as audit
from audit.queries.following import LogMark, logged_since
from readiness.domain.logged import LoggedReview, extended
from readiness.models import Review
from readiness.models.reviews import LIVING
from readiness.queries.reviews import object_of, perhaps_living

MOST = 100  # reviews
SECONDS = 60
LOOKED_AT = 10


@dataclass(frozen=True)
class _Folded:
    """`since` by the monotonic clock: when its events were read from the first on."""

    mark: LogMark | None
    log: LoggedReview
    since: float


_KEPT: OrderedDict[str, _Folded] = OrderedDict()
_HOLD = Lock()


def logged_review(review: Review) -> LoggedReview:
    """One query."""
    return logged_reviews([review])[review.pk]


@dataclass(frozen=True)
class ReadLog:
    """What the log tells, by the review's id; `problems` of the log itself are those
    that its newest verification found."""

    reviews: dict[int, LoggedReview]
    problems: Sequence[str]


def logged_reviews(reviews: Sequence[Review]) -> dict[int, LoggedReview]:
    return read_log(reviews).reviews


def read_log(reviews: Sequence[Review]) -> ReadLog:
    """One query, two where a log was exchanged."""
    names = {review.pk: object_of(review) for review in reviews}
    now = monotonic()
    kept = {name: each for name in names.values() if (each := _kept(name, now))}
    marks = {name: kept[name].mark if name in kept else None for name in names.values()}
    told = {}
    reading = logged_since(marks)
    for name, news in reading.news.items():
        before = _Folded(None, LoggedReview(), now) if news.anew else kept[name]
        told[name] = extended(before.log, news.events) if news.events else before.log
        _keep(name, _Folded(news.mark, told[name], before.since))
    return ReadLog(
        {pk: told[name] for pk, name in names.items()},
        audit.known_problems(reading.log) if reading.log else (),
    )


def newest_living() -> Review | None:
    """The review that badges and overviews speak of: the newest one of the running
    commit and environment that lives by the log's word, else the newest living one. Two
    queries."""
    rows = list(perhaps_living()[:LOOKED_AT])
    logs = logged_reviews(rows)
    return next((row for row in rows if logs[row.pk].state in LIVING), None)


def _kept(name: str, now: float) -> _Folded | None:
    with _HOLD:
        kept = _KEPT.get(name)
    return kept if kept and now < kept.since + SECONDS else None


def _keep(name: str, folded: _Folded) -> None:
    with _HOLD:
        _KEPT[name] = folded
        _KEPT.move_to_end(name)
        while len(_KEPT) > MOST:
            _KEPT.popitem(last=False)

"""What became of a review, as the log tells it, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from audit.domain.canonical import salted_hex
from readiness.domain.logged import LoggedReview, LoggedTransition
from readiness.domain.reviews import ReviewState
from readiness.models import Review, Transition
from readiness.queries.logged import logged_review
from readiness.queries.people import names
from readiness.queries.records import RecordDifference, is_moment


@dataclass(frozen=True, kw_only=True)
class ShownTransition:
    """A state that was entered: `by` is a username, "" where the product itself did
    it; `reason` is what its row keeps of it, where the log bears that out."""

    state: ReviewState
    at: datetime
    by: str
    reason: str = ""
    cause: Review | None = None
    differs: Sequence[str] = ()

    @property
    def told(self) -> str:
        """In one sentence."""
        moment = f"{self.at:%Y-%m-%d %H:%M} UTC"
        by = f" by {self.by}" if self.by else ""
        if self.state is ReviewState.SUPERSEDED and self.cause:
            return (
                f"This review was superseded on {moment}: {self.cause.release} was "
                f"deployed to {self.cause.environment}{by}."
            )
        if self.state is ReviewState.EXPIRED:
            return f"This review expired on {moment}: {self.reason}"
        why = f" Reason: {self.reason}" if self.reason else ""
        verb = {
            ReviewState.MONITORING: "is being monitored since",
            ReviewState.CLOSED: "was closed on",
        }.get(self.state, f"was {self.state} on")
        return f"This review {verb} {moment}{by}.{why}"


def transitions_of(review: Review, log: LoggedReview) -> list[ShownTransition]:
    """As the log tells them, oldest first: one query, and one for names."""
    rows = Transition.objects.filter(review=review).select_related("by", "cause")
    stored = {ReviewState(row.state): row for row in rows}
    called = names({each.actor for each in log.transitions})
    return [_shown(each, stored.get(each.state), called) for each in log.transitions]


def unlogged(review: Review, log: LoggedReview) -> list[RecordDifference]:
    """Transitions of which only the database tells: one query."""
    told = {each.state for each in log.transitions}
    rows = Transition.objects.filter(review=review).exclude(state__in=told)
    return [
        RecordDifference("", f"the log does not tell that it was {row.state}")
        for row in rows
    ]


def how_it_ended(review: Review) -> str:
    """Why a review takes no more changes, and by whom, in one sentence."""
    log = logged_review(review)
    shown = transitions_of(review, log)
    if shown:
        return shown[-1].told
    if review.state == log.state:
        return f"This review is {review.state}."
    return (
        f"The database says that this review is {review.state}, and the log does not "
        "tell of it."
    )


def _shown(
    told: LoggedTransition, row: Transition | None, called: Mapping[str, str]
) -> ShownTransition:
    believed = row is not None and _reason_told(told, row)
    person = told.actor[:2] in {"p:", "s:"}
    return ShownTransition(
        state=told.state,
        at=told.at,
        by=called[told.actor] if person else "",
        reason=row.reason if row and believed else "",
        cause=row.cause if row and _cause_told(told, row) else None,
        differs=tuple(_differences(told, row)),
    )


def _reason_told(told: LoggedTransition, row: Transition) -> bool:
    if told.reason_hmac is None:
        return not row.reason
    return told.reason_hmac == salted_hex(bytes(row.salt), row.reason)


def _cause_told(told: LoggedTransition, row: Transition) -> bool:
    return told.cause == (str(row.cause.uuid) if row.cause else None)


def _differences(told: LoggedTransition, row: Transition | None) -> Iterator[str]:
    if row is None:
        yield f"the row of its being {told.state} is gone"
        return
    by = row.by.actor if row.by else ""
    person = told.actor[:2] in {"p:", "s:"}
    if (told.actor if person else "") != by:
        yield f"it was {told.state} by somebody else than the database says"
    if not is_moment(row.at, told):
        yield f"it was {told.state} at another time than the database says"
    if not (_reason_told(told, row) and _cause_told(told, row)):
        yield f"why it was {told.state} is not what the log tells of"

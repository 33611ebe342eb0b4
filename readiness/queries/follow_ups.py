"""How the follow-ups of deployed reviews stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from audit.domain.canonical import salted_hex
from audit.domain.event import ToldEvent
from kernel.errors import NotFound
from readiness.domain.lifecycle import (
    LENGTH,
    FollowUpState,
    FollowUpWindow,
    follow_up_state,
    line_state,
    window_of,
)
from readiness.domain.logged import LoggedReview, LoggedTransition
from readiness.domain.reviews import ReviewState
from readiness.domain.state import ItemState
from readiness.models import FollowUp, Review
from readiness.queries.facts import StoredLine
from readiness.queries.records import is_moment

# A follow-up as the lines of its section show it: waiting, too, is not done yet.
OF_LINES: Mapping[FollowUpState, ItemState] = {
    FollowUpState.WAITING: ItemState.OPEN,
    FollowUpState.OPEN: ItemState.OPEN,
    FollowUpState.OVERDUE: ItemState.OVERDUE,
    FollowUpState.DONE: ItemState.DONE,
}
ASKED = (Review.State.DEPLOYED, Review.State.MONITORING)


@dataclass(frozen=True)
class ShownFollowUp:
    """A follow-up as the log tells of it, and how it stands at a moment: `row` is what
    the database has (its note), None where it is gone; `done_by` as the log names
    people, `differs` what it does not tell."""

    window: FollowUpWindow
    due_at: datetime
    state: FollowUpState
    row: FollowUp | None
    # Had nobody answered it.
    unanswered: FollowUpState = FollowUpState.WAITING
    done_at: datetime | None = None
    done_by: str = ""
    note: str = ""
    differs: Sequence[str] = ()


@dataclass(frozen=True)
class FollowUps:
    """Those of one review, in their order; none before it is deployed."""

    shown: Sequence[ShownFollowUp] = ()

    def of_line(self, line: StoredLine, log: LoggedReview) -> tuple[ItemState, str]:
        """How a line of a follow-up's section stands, and why where a probe decides."""
        window = window_of(line.shape.section.title)
        shown = next((each for each in self.shown if each.window == window), None)
        if shown is None:
            return ItemState.OPEN, ""
        events = [
            log.followed.get((str(line.id), check.probe, check.definition_sha256))
            for check in line.shape.checks
            if check.required
        ]
        told = [_verdict(event) for event in events]
        state = line_state(shown.state, shown.unanswered, told)
        said = (str(event.data.get("reason", "")) for event in events if event)
        return OF_LINES[state], "; ".join(said)

    @property
    def differs(self) -> list[str]:
        return [
            f"the follow-up after {each.window}: {text}"
            for each in self.shown
            for text in each.differs
        ]


def follow_ups_of(
    reviews: Sequence[Review], logs: Mapping[int, LoggedReview], at: datetime
) -> dict[int, FollowUps]:
    """By the review's id, as the log tells of them; a query where one was deployed."""
    deployed = {
        pk: since
        for pk, log in logs.items()
        if (since := log.became(ReviewState.DEPLOYED))
    }
    rows = FollowUp.objects.filter(review__in=deployed) if deployed else ()
    stored = {(row.review_id, row.window): row for row in rows}
    return {
        review.pk: FollowUps(
            [
                _shown(
                    window,
                    deployed[review.pk],
                    stored.get((review.pk, window)),
                    logs[review.pk],
                    at,
                )
                for window in LENGTH
            ]
            if review.pk in deployed
            else ()
        )
        for review in reviews
    }


def _shown(
    window: FollowUpWindow,
    deployed: LoggedTransition,
    row: FollowUp | None,
    log: LoggedReview,
    at: datetime,
) -> ShownFollowUp:
    due_at = deployed.at + LENGTH[window]
    event = log.answers.get(window)
    done_at = event.at if event and event.intact else None
    note = row.note if row and event and _tells(event, row) else ""
    return ShownFollowUp(
        window=window,
        due_at=due_at,
        state=follow_up_state(due_at, done_at, at),
        row=row,
        unanswered=follow_up_state(due_at, None, at),
        done_at=done_at,
        done_by=event.actor if event and done_at else "",
        note=note,
        differs=tuple(_differences(row, event, deployed, window)),
    )


def _verdict(event: ToldEvent | None) -> str:
    """Of what was edited it says nothing."""
    return str(event.data.get("verdict")) if event and event.intact else "none"


def _tells(event: ToldEvent, row: FollowUp) -> bool:
    return event.data.get("note_hmac") == salted_hex(bytes(row.salt), row.note)


def _differences(
    row: FollowUp | None,
    event: ToldEvent | None,
    deployed: LoggedTransition,
    window: FollowUpWindow,
) -> Iterator[str]:
    if row is None:
        yield "its row is gone"
        return
    if not is_moment(row.due_at - LENGTH[window], deployed):
        yield "it is not due when the database says"
    if event is not None and not event.intact:
        yield "the event of its answer was edited"
    elif event is None:
        if row.done_at is not None:
            yield "the log does not tell that it was answered"
    elif row.done_at is None:
        yield "the log tells of an answer that is not there"
    elif not _tells(event, row) or event.actor.rpartition(":")[2] != str(
        row.done_by_id
    ):
        yield "its answer is not the one that the log tells of"


def find_follow_up(pk: int, review: UUID | None = None) -> FollowUp:
    """With its review. Raises NotFound."""
    rows = FollowUp.objects.select_related("review__version__template", "done_by")
    if review is not None:
        rows = rows.filter(review__uuid=review)
    row = rows.filter(pk=pk).first()
    if row is None:
        raise NotFound("There is no such follow-up.", code="not_found")
    return row


def newly_due(at: datetime, most: int) -> list[FollowUp]:
    """Those whose window is over and of which nobody was told."""
    rows = FollowUp.objects.filter(
        due_at__lte=at, done_at=None, told_at=None, review__state__in=ASKED
    ).select_related("review__created_by")
    return list(rows.order_by("due_at")[:most])

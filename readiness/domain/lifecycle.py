"""What becomes of a review, and the follow-ups that its deployment opens. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from kernel.errors import FieldError
from readiness.domain.reviews import ReviewState

UNDEPLOYED = timedelta(days=7)  # so long a review waits for its deployment
ANSWERED_WITHIN = timedelta(days=1)  # of the end of a follow-up's window
NEXT_REVIEW = timedelta(days=90)
LONGEST_REASON = 2_000

_ENDS = frozenset(
    {
        ReviewState.SUPERSEDED,
        ReviewState.EXPIRED,
        ReviewState.ABORTED,
        ReviewState.INVALIDATED,
    }
)
# What is stored, and what may follow it: none goes back.
FOLLOWS: Mapping[ReviewState, frozenset[ReviewState]] = {
    ReviewState.DRAFT: _ENDS,
    # Only an open one can have been approved.
    ReviewState.OPEN: _ENDS | {ReviewState.DEPLOYED},
    ReviewState.DEPLOYED: frozenset({ReviewState.MONITORING, ReviewState.INVALIDATED}),
    ReviewState.MONITORING: frozenset({ReviewState.CLOSED, ReviewState.INVALIDATED}),
    ReviewState.CLOSED: frozenset({ReviewState.INVALIDATED}),
}
RUNNING = frozenset({ReviewState.DEPLOYED, ReviewState.MONITORING, ReviewState.CLOSED})


def may_follow(now: str, then: str) -> bool:
    return ReviewState(then) in FOLLOWS.get(ReviewState(now), frozenset())


class FollowUpWindow(StrEnum):
    """How long after the deployment a follow-up looks; the values are for people."""

    DAY = "24 hours"
    WEEK = "1 week"
    MONTH = "1 month"


LENGTH: Mapping[FollowUpWindow, timedelta] = {
    FollowUpWindow.DAY: timedelta(hours=24),
    FollowUpWindow.WEEK: timedelta(days=7),
    FollowUpWindow.MONTH: timedelta(days=30),
}
_TITLES: Mapping[FollowUpWindow, re.Pattern[str]] = {
    FollowUpWindow.DAY: re.compile(r"\b(24|hours?|day)\b", re.I),
    FollowUpWindow.WEEK: re.compile(r"\bweeks?\b", re.I),
    FollowUpWindow.MONTH: re.compile(r"\bmonths?\b", re.I),
}


def window_of(section: str) -> FollowUpWindow:
    """The follow-up that a section's lines belong to, by its title; the first one where
    the title says none."""
    named = (window for window, title in _TITLES.items() if title.search(section))
    return next(named, FollowUpWindow.DAY)


class FollowUpState(StrEnum):
    WAITING = "waiting"
    OPEN = "open"
    OVERDUE = "overdue"
    DONE = "done"


def follow_up_state(
    due_at: datetime, done_at: datetime | None, at: datetime
) -> FollowUpState:
    """It waits until its window is over, for nobody can tell of a month on the first
    day; then it is open for a day, then overdue until somebody answers."""
    if done_at is not None:
        return FollowUpState.DONE
    if at < due_at:
        return FollowUpState.WAITING
    return (
        FollowUpState.OPEN if at < due_at + ANSWERED_WITHIN else FollowUpState.OVERDUE
    )


def line_state(
    answered: FollowUpState, unanswered: FollowUpState, verdicts: Sequence[str]
) -> FollowUpState:
    """Of a line with these verdicts of its checks over the window ("none" where there is
    none): what probes saw counts, and a person's answer for what they could not tell.
    `unanswered` is how the follow-up would stand had nobody answered it."""
    if "fail" in verdicts:
        return unanswered
    if verdicts and all(verdict == "pass" for verdict in verdicts):
        return FollowUpState.DONE
    return answered


def asked_over(
    probe: str, params: Mapping[str, str], window: FollowUpWindow, end: datetime
) -> dict[str, str]:
    """What a probe is asked for a follow-up: one that looks back looks over exactly its
    window."""
    length = LENGTH[window]
    until = {"until": end.astimezone(UTC).isoformat(timespec="seconds")}
    if probe == "window":
        return {**params, "hours": str(length // timedelta(hours=1)), **until}
    if probe == "incidents":
        return {**params, "days": str(length.days), **until}
    return dict(params)


@dataclass(frozen=True)
class Gap:
    """What stands between a review and its deployment."""

    state: ReviewState
    blockers: int
    missing: tuple[str, ...]  # roles whose signature is not there or not valid


def why_not_deployed(gap: Gap) -> str:
    """One sentence; "" for an approved review."""
    if gap.state is ReviewState.APPROVED:
        return ""
    if gap.state is ReviewState.REJECTED:
        return "A signature rejects this release: it must be resolved first."
    if gap.blockers:
        lines = "1 line blocks" if gap.blockers == 1 else f"{gap.blockers} lines block"
        return f"This release is not approved: {lines} it."
    if gap.missing:
        return f"This release is not approved: {', '.join(gap.missing)} must sign."
    return f"This review is {gap.state}, not approved."


def sentence_faults(text: str, field: str, asked: str) -> Iterator[FieldError]:
    """Of what somebody must say: a reason, or what they saw."""
    if not text.strip():
        yield FieldError(f"/{field}", "required", f"{asked} in a sentence")
    elif len(text) > LONGEST_REASON:
        limit = f"at most {LONGEST_REASON:,} characters, these are {len(text):,}"
        yield FieldError(f"/{field}", "length", limit)

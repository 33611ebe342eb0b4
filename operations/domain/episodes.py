"""When an alert fires and resolves, and which word people hear of it: one pure step
a look.

An alert that is breached again within 10 minutes of resolving goes on as its next
*episode*, and people hear "firing again". From then on it is unsettled: until it has
been resolved for 5 minutes they hear neither "resolved" nor another "firing again",
only "flapping", at most once in 5 minutes. No data is no look: it changes nothing.

Every wait is a sum that the alert keeps, of what passed from look to look: a clock
that was set shortens and lengthens none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from operations.domain.alerting import TimelineKind

NOW = timedelta()
RESOLVE_AFTER = timedelta(seconds=30)
REOPEN_WITHIN = timedelta(minutes=10)
QUIET = timedelta(minutes=5)
FLAPPING_EVERY = timedelta(minutes=5)
USUAL_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(seconds=20)
# Looks come a little early or late: three pauses of 10 s are 30 s.
JITTER = timedelta(seconds=0.5)


class CourseState(StrEnum):
    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


class Word(StrEnum):
    """What people are told; `STILL` when a silence has ended."""

    FIRING = "firing"
    AGAIN = "firing again"
    FLAPPING = "flapping"
    STILL = "still firing"
    RESOLVED = "resolved"
    UNREAD = "no longer read"


@dataclass(frozen=True, kw_only=True)
class Course:
    """How an alert stands after a look.

    `waited` is how long it has been breached (pending), under the threshold (firing
    and `below`) or over (resolved). `episode` counts its firings, `told` is the one
    that people heard of last. `since_flapping`: since that word, None before it.
    """

    state: CourseState
    waited: timedelta = NOW
    below: bool = False
    episode: int = 0
    told: int = 0
    unsettled: bool = False
    since_flapping: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What a look brings: the course from now on, what the timeline says of it, and
    the word to tell. `opened`: it is the course of a new alert."""

    course: Course
    event: TimelineKind | None = None
    word: Word | None = None
    opened: bool = False


def passed(last: datetime | None, at: datetime) -> timedelta:
    """The time between two looks; 10 s where the clock says less than none, or more
    than 20 s."""
    pause = at - last if last else USUAL_PAUSE
    return pause if NOW <= pause <= LONGEST_PAUSE else USUAL_PAUSE


def step(
    course: Course | None, *, breached: bool, pause: timedelta, wait: timedelta
) -> Turn | None:
    """One look, `pause` after the one before. An alert must be breached for `wait`
    before it fires. None: there is nothing to tell, nor to write."""
    if course is not None:
        course = _aged(course, pause)
    if course is None or _is_over(course):
        return _opened(wait) if breached else None
    if course.state is CourseState.PENDING:
        return _pending(course, breached=breached, wait=wait)
    if course.state is CourseState.FIRING:
        return _firing(course, breached=breached)
    return _reopened(course) if breached else _resting(course)


def ended(course: Course, *, seen: bool = True) -> Turn:
    """It is over, by its threshold or by hand. Not `seen`: nothing is read of it any
    more, which people hear at once, for there will be no other word."""
    over = replace(course, state=CourseState.RESOLVED, waited=NOW, below=False)
    if not seen:
        over = replace(over, unsettled=False, since_flapping=None)
        word = Word.UNREAD if course.episode else None
        return Turn(course=over, event=TimelineKind.UNREAD, word=word)
    tell = course.episode > 0 and not course.unsettled
    word = Word.RESOLVED if tell else None
    return Turn(course=over, event=TimelineKind.RESOLVED, word=word)


def _aged(course: Course, pause: timedelta) -> Course:
    since = course.since_flapping
    return replace(
        course,
        waited=course.waited + pause,
        since_flapping=None if since is None else since + pause,
    )


def _for(course: Course, wait: timedelta) -> bool:
    return course.waited >= wait - JITTER


def _is_over(course: Course) -> bool:
    """Resolved for so long, or without ever firing, that the next breach is news."""
    resolved = course.state is CourseState.RESOLVED
    return resolved and (not course.episode or course.waited >= REOPEN_WITHIN)


def _opened(wait: timedelta) -> Turn:
    pending = Course(state=CourseState.PENDING)
    if wait > NOW:
        return Turn(course=pending, event=TimelineKind.PENDING, opened=True)
    return replace(_fired(pending), opened=True)


def _fired(course: Course) -> Turn:
    fired = replace(course, state=CourseState.FIRING, waited=NOW, episode=1, told=1)
    return Turn(course=fired, event=TimelineKind.FIRING, word=Word.FIRING)


def _pending(course: Course, *, breached: bool, wait: timedelta) -> Turn:
    if not breached:
        return ended(course)
    return _fired(course) if _for(course, wait) else Turn(course=course)


def _firing(course: Course, *, breached: bool) -> Turn:
    if not breached and course.below and _for(course, RESOLVE_AFTER):
        return ended(course)
    if breached or not course.below:
        course = replace(course, below=not breached, waited=NOW)
    return _flapping(Turn(course=course))


def _reopened(course: Course) -> Turn:
    again = replace(
        course, state=CourseState.FIRING, waited=NOW, episode=course.episode + 1
    )
    if course.unsettled:
        return _flapping(Turn(course=again, event=TimelineKind.REOPENED))
    told = replace(again, unsettled=True, told=again.episode)
    return Turn(course=told, event=TimelineKind.REOPENED, word=Word.AGAIN)


def _flapping(looked: Turn) -> Turn:
    """Say "flapping" of a firing that nobody heard of, as soon as it may be said."""
    course, since = looked.course, looked.course.since_flapping
    if course.told == course.episode or (since is not None and since < FLAPPING_EVERY):
        return looked
    told = replace(course, told=course.episode, since_flapping=NOW)
    return replace(looked, course=told, word=Word.FLAPPING)


def _resting(course: Course) -> Turn:
    if not course.unsettled or course.waited < QUIET:
        return Turn(course=course)
    settled = replace(course, unsettled=False, since_flapping=None, told=course.episode)
    return Turn(course=settled, word=Word.RESOLVED)

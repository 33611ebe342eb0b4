"""Today's rows against what the log tells of them, wherever a review is shown.

Whoever can write to the database could have a board show, and a person sign, what nobody
claimed and no probe saw. The log says how the review was opened and what became of it,
who claimed, what was judged, who confirmed, granted and filled in; what differs is named,
and counts for nothing. The age of a record is no part of its events: until when it counts
is computed from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from audit.domain.canonical import salted_hex
from audit.domain.event import ToldEvent
from readiness.domain import statements
from readiness.domain.claims import IMPORT
from readiness.domain.logged import (
    CONFIRMED,
    FILED,
    NOT_APPLICABLE,
    RESTORED,
    UNCLAIMED,
    WAIVER,
    LoggedReview,
    LoggedTransition,
)
from readiness.domain.state import Exemption
from readiness.models import Evidence, Review, Standing
from readiness.queries.facts import StoredLine, standing_verdict, valid_until
from readiness.queries.structure import CheckShape, Structure

NAMED = 5  # differences
WRITTEN_WITHIN = timedelta(minutes=1)  # of what it tells: events without `as_of`


@dataclass(frozen=True)
class RecordDifference:
    """What the database says of the line `key` ("" of the review itself), and the log
    does not."""

    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.key}: {self.text}" if self.key else self.text


def named(differences: Sequence[RecordDifference]) -> list[str]:
    """The first of them in words, and how many more there are."""
    more = len(differences) - NAMED
    first = [str(each) for each in differences[:NAMED]]
    return [*first, f"and {more} more"] if more > 0 else first


def why_unlike_the_log(
    differences: Sequence[RecordDifference], consequence: str
) -> str:
    """In one sentence, what therefore does not happen; "" where they are alike."""
    if not differences:
        return ""
    return (
        f"The database says something else than the log, so {consequence}: "
        f"{'; '.join(named(differences))}."
    )


def of_review(
    review: Review,
    shapes: Structure,
    lines: Sequence[StoredLine],
    log: LoggedReview,
) -> list[str]:
    """Of the review itself: how it was opened, its checklist, its lines, its state."""
    return [
        *_of_opening(review, log),
        *shapes.differs,
        *_of_lines(shapes, lines),
        *_of_state(review, log),
    ]


def _of_opening(review: Review, log: LoggedReview) -> Iterator[str]:
    opened = log.opened
    if opened is None or not opened.intact:
        yield "the log does not tell how it was opened"
        return
    version = review.version
    opener = "system" if review.created_by_id is None else str(review.created_by_id)
    columns: Mapping[str, tuple[object, object]] = {
        "checklist": (version.template.slug, opened.data.get("template")),
        "checklist's version": (str(version.number), opened.data.get("version")),
        "release": (review.release, opened.data.get("release")),
        "commit": (review.commit, opened.data.get("commit")),
        "environment": (review.environment, opened.data.get("environment")),
        "taking over of ticks": (
            review.imported_ticks,
            opened.data.get("imported_ticks"),
        ),
        "opener": (opener, opened.actor.rpartition(":")[2]),
    }
    # Events of before these were told are taken as they are.
    since: Mapping[str, tuple[object, str]] = {
        "image": (review.image_digest, "image"),
        "sign-off policy": (statements.policy_sha256(review.policy), "policy_sha256"),
        "text": (version.sha256, "template_sha256"),
        "being a demo": (review.is_demo, "demo"),
    }
    told = {
        name: (column, opened.data[key])
        for name, (column, key) in since.items()
        if key in opened.data
    }
    for name, (column, event) in {**columns, **told}.items():
        if column != event:
            yield f"its {name} is not the one that it was opened with"
    if abs(review.created_at - opened.at) > WRITTEN_WITHIN:
        yield "it was not opened when the database says"


def _of_lines(shapes: Structure, lines: Sequence[StoredLine]) -> Iterator[str]:
    """A line that is deleted would hold nothing up."""
    there = {line.shape.id for line in lines}
    for shape in shapes.items:
        if shape.id not in there:
            yield f"{shape.key} is gone from it"


def _of_state(review: Review, log: LoggedReview) -> Iterator[str]:
    yield from log.doubtful
    if review.state != log.state:
        yield f"the database says that it is {review.state}, the log {log.state}"
    if not log.transitions:
        if review.ended_at is not None:
            yield "the log tells of no end of it"
    elif not is_moment(review.ended_at, log.transitions[0]):
        yield "it did not end when the database says"


def is_moment(column: datetime | None, told: LoggedTransition) -> bool:
    """Whether a column says when the review became what the log tells."""
    if column is None or told.exact:
        return column == told.at
    return abs(column - told.at) <= WRITTEN_WITHIN


def of_line(line: StoredLine, log: LoggedReview, commit: str) -> list[str]:
    """Of one line, in words."""
    item = str(line.id)
    differing = [*_of_claim(line, log), *_of_blanks(line, log)]
    for check in line.shape.checks:
        event = log.verdicts.get((item, check.probe, check.definition_sha256))
        differing += _of_check(line, check, event, commit)
    differing += _of_evidence(line, log, commit)
    differing += _of_exemption(WAIVER, item, line.waiver, log)
    differing += _of_exemption(NOT_APPLICABLE, item, line.not_applicable, log)
    if log.keys.get(item, "") not in {"", line.key}:
        differing.append(f"the log tells of it as {log.keys[item]}")
    return differing


def _of_claim(line: StoredLine, log: LoggedReview) -> Iterator[str]:
    if (line.claim.claimed, line.claimed_by) != _claimed(line, log):
        yield "its claim is not the one that the log tells of"


def _claimed(line: StoredLine, log: LoggedReview) -> tuple[bool, str | None]:
    """Whether and by whom the line is claimed, by the log's word; what cannot be read
    claims otherwise."""
    event = log.claims.get(str(line.id))
    if event is None:
        taken = log.opened is not None and log.opened.data.get("imported_ticks") is True
        imported = taken and line.shape.imported_tick
        return (True, IMPORT) if imported else (False, None)
    if not event.intact:
        return True, "?"
    if event.kind == UNCLAIMED:
        return False, None
    if event.kind == RESTORED:
        return _restored(line, event)
    return _by(line, event.actor)


def _restored(line: StoredLine, event: ToldEvent) -> tuple[bool, str | None]:
    if event.data.get("done") is not True:
        return False, None
    if actor := event.data.get("by_actor"):
        return _by(line, str(actor))
    # A claim that came with the import, or an event that names its claimant alone.
    by = event.data.get("by")
    return True, str(by) if by else None


def _by(line: StoredLine, actor: str) -> tuple[bool, str | None]:
    claimant = line.claim.claimed_by
    same = claimant is not None and claimant.actor == actor
    return True, line.claimed_by if same else "?"


def _of_blanks(line: StoredLine, log: LoggedReview) -> Iterator[str]:
    """What stands in a blank is what the log tells of; of a blank that it tells
    nothing of, nothing stands there."""
    known = log.blanks.get(str(line.id), {})
    for blank in line.shape.fields:
        text = str(line.claim.values.get(blank.label, ""))
        if blank.label not in known:
            if text:
                yield f"the log does not tell who filled in {blank.label}"
            continue
        digest = known[blank.label]
        if digest is not None and _digest(line, blank.label, text) != digest:
            yield f"{blank.label} is not what was filled in"


def _digest(line: StoredLine, label: str, text: str) -> str:
    try:
        salt = bytes.fromhex(str(line.claim.salts.get(label, "")))
    except ValueError:
        return "no digest at all"
    return salted_hex(salt, text)


def _of_check(
    line: StoredLine, check: CheckShape, event: ToldEvent | None, commit: str
) -> Iterator[str]:
    standing = line.by_check.get(check.id)
    told = "none"
    if event is not None and not event.intact:
        told = "?"
    elif event is not None and event.data.get("commit") == commit:
        told = str(event.data["verdict"])
    stored = standing_verdict(standing, commit)
    if stored != told:
        yield f"{check.probe}: the database says {stored}, the log {told}"
    if standing is not None:
        yield from _of_records(line, check, standing)


def _of_records(
    line: StoredLine, check: CheckShape, standing: Standing
) -> Iterator[str]:
    """What stands for a check was seen for it, and counts as long as it says."""
    records = [standing.latest]
    if standing.conclusive and standing.conclusive_id != standing.latest_id:
        records.append(standing.conclusive)
    for record in records:
        if (record.review_item_id, record.check_of_id) != (line.id, check.id):
            yield f"{check.probe}: its record is of another check"
        elif record.valid_until != valid_until(record, check):
            yield f"{check.probe}: its record says a wrong end of its validity"


def _of_evidence(line: StoredLine, log: LoggedReview, commit: str) -> Iterator[str]:
    """What a person filed and another confirmed: the same file by the same two."""
    confirmed = [record for record in line.filed if hasattr(record, "confirmation")]
    for record in confirmed:
        yield from _of_confirmed(record, line, log, commit)
    there = {str(record.pk) for record in confirmed}
    for told in log.confirmed.get(str(line.id), ()):
        if told not in there:
            yield "the log tells of confirmed evidence that is not there"


def _of_confirmed(
    record: Evidence, line: StoredLine, log: LoggedReview, commit: str
) -> Iterator[str]:
    by = record.filed_by.actor if record.filed_by else ""
    for kind, actor in ((FILED, by), (CONFIRMED, record.confirmation.by.actor)):
        event = log.evidence.get((kind, str(record.pk)))
        if (
            event is None
            or not event.intact
            or event.actor != actor
            or event.data.get("sha256") != record.blob_sha256
            or event.data.get("item") != str(line.id)
        ):
            yield f"the log does not tell that this evidence was {kind.rsplit('.', 1)[1]}"
    if record.commit != commit:
        yield "its evidence names another commit than it was filed for"


def _of_exemption(
    name: str, item: str, granted: Exemption | None, log: LoggedReview
) -> Iterator[str]:
    """The one that counts is the one that the log tells of, and the log tells of none
    where none counts."""
    title = name.replace("_", " ")
    if granted is None:
        if (name, item) in log.granted:
            yield f"the log tells of an approved {title} that is not there"
        return
    row = str(granted.id)
    event = log.exemption(name, row)
    if event is None or not event.intact or str(event.data.get("item")) != item:
        yield f"the log tells of no approved {title}"
        return
    asked = log.exemptions.get((name, "requested", row))
    ends = granted.ends.isoformat() if granted.ends else None
    if (
        _number(event) != granted.approver
        or (asked is not None and _number(asked) != granted.requester)
        or event.data.get("ends", ends) != ends
        or event.data.get("reason_hmac") != salted_hex(granted.salt, granted.reason)
    ):
        yield f"its {title} is not the one that the log tells of"


def _number(event: ToldEvent) -> int:
    """The id of who did it."""
    number = event.actor.rpartition(":")[2]
    return int(number) if number.isdecimal() else 0

"""Today's rows against what the log tells of them, before anybody signs.

A signature binds what the database says; whoever can write there could have it sign
what nobody claimed and no probe saw. The log says who claimed, what was judged and
who confirmed and what was filled in; what differs is named. The age of a record is no
part of its events: it is taken as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from audit import queries as audit
from audit.domain.canonical import salted_hex
from audit.queries import ToldEvent
from kernel.registry import actor_names
from readiness.domain.state import Exemption
from readiness.domain.verdicts import CONCLUSIVE
from readiness.models import Evidence, Standing
from readiness.queries.board import Board, BoardRow
from readiness.queries.claims import standing_verdict
from readiness.queries.reviews import object_of
from readiness.queries.structure import CheckShape

NAMED = 5  # differing lines
OPENED = "readiness.review.opened"
CLAIMED, UNCLAIMED = "readiness.item.claimed", "readiness.item.unclaimed"
FILLED, RESTORED = "readiness.item.filled", "readiness.item.restored"
JUDGED = "readiness.evidence.judged"
FILED, CONFIRMED = "readiness.evidence.filed", "readiness.evidence.confirmed"
WAIVER, NOT_APPLICABLE = "waiver", "not_applicable"
GRANTS = {
    f"readiness.{name}.{verb}": name
    for name in (WAIVER, NOT_APPLICABLE)
    for verb in ("approved", "revoked")
}
KINDS = (
    *(OPENED, CLAIMED, UNCLAIMED, FILLED, RESTORED, JUDGED, FILED, CONFIRMED),
    *GRANTS,
)


@dataclass(frozen=True)
class ChangedRow:
    """Of the line `key`: what the database says that the log does not."""

    key: str
    text: str


@dataclass
class _Told:
    """What the log tells of one review; of each thing the newest event counts."""

    imported: bool = False
    claims: dict[str, ToldEvent] = field(default_factory=dict)
    # By item and label: the digest of what stands in a blank; None of an event from
    # before there were digests, or of one that was edited.
    blanks: dict[str, dict[str, str | None]] = field(default_factory=dict)
    verdicts: dict[tuple[str, str, str], ToldEvent] = field(default_factory=dict)
    evidence: dict[tuple[str, str], ToldEvent] = field(default_factory=dict)
    # By kind and row: what it names last is its approval or its revocation.
    exemptions: dict[tuple[str, str], ToldEvent] = field(default_factory=dict)


def differences(board: Board, rows: Sequence[BoardRow]) -> list[ChangedRow]:
    """Of these lines, in their order: one query, and one for names where somebody was
    granted an exemption."""
    told = _told(audit.logged([object_of(board.review)], KINDS))
    return [
        ChangedRow(row.key, text)
        for row in rows
        for text in _of_row(row, told, board.review.commit)
    ]


def why_unlike_the_log(board: Board, rows: Sequence[BoardRow], consequence: str) -> str:
    """In one sentence, what therefore does not happen; "" where they are alike."""
    differing = differences(board, rows)
    if not differing:
        return ""
    named = "; ".join(f"{line.key}: {line.text}" for line in differing[:NAMED])
    more = len(differing) - NAMED
    return (
        f"The database says something else than the log, so {consequence}: "
        f"{named}{f'; and {more} more' if more > 0 else ''}."
    )


def _told(events: Sequence[ToldEvent]) -> _Told:
    told = _Told()
    for event in events:
        data, item = event.data, str(event.data.get("item", ""))
        if event.kind == OPENED:
            told.imported = data.get("imported_ticks") is True
        elif event.kind in {CLAIMED, UNCLAIMED}:
            told.claims[item] = event
        elif event.kind in {FILLED, RESTORED}:
            told.blanks.setdefault(item, {}).update(_digests(event))
            if event.kind == RESTORED:
                told.claims[item] = event
        elif event.kind == JUDGED and data.get("verdict") in CONCLUSIVE:
            probe, definition = str(data.get("probe")), data.get("definition_sha256")
            told.verdicts[item, probe, str(definition)] = event
        elif event.kind in {FILED, CONFIRMED}:
            told.evidence[event.kind, str(data.get("evidence"))] = event
        elif event.kind in GRANTS:
            name = GRANTS[event.kind]
            told.exemptions[name, str(data.get(name))] = event
    return told


def _digests(event: ToldEvent) -> dict[str, str | None]:
    """{label: what the log keeps of its value}."""
    hmacs = event.data.get("hmacs")
    if not isinstance(hmacs, dict):
        labels = event.data.get("labels")
        return dict.fromkeys(map(str, labels if isinstance(labels, list) else ()))
    # What was edited fits no value.
    return {
        str(label): str(told) if event.intact else "?" for label, told in hmacs.items()
    }


def _of_blanks(row: BoardRow, told: _Told) -> Iterator[str]:
    """What stands in a blank is what the log tells of; of a blank that it tells
    nothing of, nothing stands there."""
    known = told.blanks.get(str(row.id), {})
    for blank in row.shape.fields:
        text = str(row.claim.values.get(blank.label, ""))
        if blank.label not in known:
            if text:
                yield f"the log does not tell who filled in {blank.label}"
            continue
        digest = known[blank.label]
        salt = bytes.fromhex(str(row.claim.salts.get(blank.label, "")))
        if digest is not None and salted_hex(salt, text) != digest:
            yield f"{blank.label} is not what was filled in"


def _of_row(row: BoardRow, told: _Told, commit: str) -> Iterator[str]:
    item = str(row.id)
    if row.claimed_by != _claimed_by(told.claims.get(item), row, told):
        yield "its claim is not the one that the log tells of"
    yield from _of_blanks(row, told)
    standings = {standing.check_of_id: standing for standing in row.standings}
    for check in row.shape.checks:
        event = told.verdicts.get((item, check.probe, check.definition_sha256))
        yield from _of_check(check, standings.get(check.id), event, commit)
    for standing in row.standings:
        if standing.check_of_id is None and hasattr(standing.latest, "confirmation"):
            yield from _of_evidence(standing.latest, told)
    yield from _of_exemption(WAIVER, item, row.waiver, told)
    yield from _of_exemption(NOT_APPLICABLE, item, row.not_applicable, told)


def _claimed_by(event: ToldEvent | None, row: BoardRow, told: _Told) -> str | None:
    """Who claims the line by the log's word; what cannot be read claims otherwise."""
    if event is None:
        taken = told.imported and row.claim.claimed_by_import
        return row.claimed_by if taken else None
    if not event.intact:
        return "?"
    if event.kind == UNCLAIMED:
        return None
    if event.kind == RESTORED:
        by = event.data.get("by")
        return str(by) if event.data.get("done") is True else None
    claimant = row.claim.claimed_by
    same = claimant is not None and claimant.actor == event.actor
    return row.claimed_by if same else "?"


def _of_check(
    check: CheckShape, standing: Standing | None, event: ToldEvent | None, commit: str
) -> Iterator[str]:
    told = "none"
    if event is not None and event.data.get("commit") == commit:
        told = str(event.data["verdict"]) if event.intact else "?"
    stored = standing_verdict(standing, commit)
    if stored != told:
        yield f"{check.probe}: the database says {stored}, the log {told}"


def _of_evidence(record: Evidence, told: _Told) -> Iterator[str]:
    """What a person filed and another confirmed: the same file by the same two."""
    by = record.filed_by.actor if record.filed_by else ""
    for kind, actor in ((FILED, by), (CONFIRMED, record.confirmation.by.actor)):
        event = told.evidence.get((kind, str(record.pk)))
        if (
            event is None
            or not event.intact
            or event.actor != actor
            or event.data.get("sha256") != record.blob_sha256
        ):
            yield f"the log does not tell that this evidence was {kind.rsplit('.', 1)[1]}"


def _of_exemption(
    name: str, item: str, granted: Exemption | None, told: _Told
) -> Iterator[str]:
    """The one that counts is the one that the log tells of, and the log tells of none
    where none counts."""
    title = name.replace("_", " ")
    if granted is None:
        if _granted(name, item, told):
            yield f"the log tells of an approved {title} that is not there"
        return
    event = told.exemptions.get((name, str(granted.id)))
    if event is None or not event.intact or not _approves(event, item):
        yield f"the log tells of no approved {title}"
        return
    by = actor_names({event.actor}).get(event.actor)
    ends = granted.ends.isoformat() if granted.ends else None
    if (
        by != granted.approved_by
        or event.data.get("ends", ends) != ends
        or event.data.get("reason_hmac") != salted_hex(granted.salt, granted.reason)
    ):
        yield f"its {title} is not the one that the log tells of"


def _granted(name: str, item: str, told: _Told) -> bool:
    return any(
        kind == name and _approves(event, item)
        for (kind, _), event in told.exemptions.items()
    )


def _approves(event: ToldEvent, item: str) -> bool:
    return event.kind.endswith(".approved") and str(event.data.get("item")) == item

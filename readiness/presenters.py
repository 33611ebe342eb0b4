"""How reviews and items look: plain dicts for scripts, small views for pages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.urls import reverse
from django.utils.safestring import SafeString

from kernel import markdown
from kernel.display import ago
from readiness.domain.reviews import review_state
from readiness.domain.tally import Meter
from readiness.models import Comment, Evidence, Waiver
from readiness.queries.board import Board, BoardSection, Row
from readiness.queries.people import names
from readiness.queries.progress import PlaceState, SignoffPlace, SignoffProgress

# --- for scripts --------------------------------------------------------------


def review(board: Board, progress: SignoffProgress) -> dict[str, Any]:
    """As GET /api/readiness/reviews lists it."""
    row = board.review
    return {
        "id": str(row.uuid),
        "template": row.version.template.slug,
        "template_version": row.version.number,
        "release": row.release,
        "commit": row.commit,
        "environment": row.environment,
        "state": state_of(board, progress),
        "verdict": {
            "ready": board.verdict.ready,
            "blockers": len(board.verdict.blockers),
        },
        "counts": board.counts.as_dict(),
        "signatures": {
            "valid": progress.signatures.value,
            "required": progress.signatures.of,
        },
        "created_at": row.created_at,
    }


def state_of(board: Board, progress: SignoffProgress) -> str:
    """What the review is today."""
    return review_state(
        board.review.state, ready=board.verdict.ready, complete=progress.complete
    )


def item(row: Row) -> dict[str, Any]:
    """As the items list shows it."""
    return {
        "id": str(row.id),
        "key": row.key,
        "title": row.shape.title,
        "section": row.shape.section.title,
        "section_kind": row.shape.section.kind,
        "parent": row.shape.parent,
        "depth": row.shape.depth,
        "blocking": row.shape.blocking,
        "state": row.state,
        "reason": row.derived.reason,
        "claimed": row.claim.claimed,
        "claimed_by": row.claimed_by,
        "claimed_at": row.claim.claimed_at,
        "revision": row.claim.revision,
        "evidence": evidence(row.evidence) if row.evidence else None,
    }


def evidence(row: Evidence) -> dict[str, Any]:
    """One record, as an item shows the one that speaks for it."""
    return {
        "probe": row.probe or None,
        "verdict": row.verdict,
        "summary": row.summary or row.reason,
        "commit": row.commit,
        "observed_at": row.observed_at,
        "valid_until": row.valid_until,
    }


def record(row: Evidence) -> dict[str, Any]:
    """One record with everything that it holds."""
    confirmation = getattr(row, "confirmation", None)
    return {
        "id": str(row.pk),
        **evidence(row),
        "kind": row.kind,
        "reason": row.reason,
        "params": row.params,
        "threshold": row.threshold,
        "definition_sha256": row.definition_sha256 or None,
        "value": row.value,
        "unit": row.unit,
        "facts": row.facts,
        "environment": row.environment,
        "collector": row.collector,
        "blob_sha256": row.blob_sha256 or None,
        "blob_name": row.blob_name or None,
        "blob_size": row.blob_size,
        "filed_by": row.filed_by.username if row.filed_by else None,
        "confirmed_by": confirmation.by.username if confirmation else None,
        "confirmed_at": confirmation.at if confirmation else None,
    }


def whole_item(
    row: Row,
    history: Iterable[Evidence],
    comments: Iterable[Comment],
    waivers: Iterable[Waiver],
) -> dict[str, Any]:
    """As GET /api/readiness/items/{id} shows it."""
    latest = {one.check_of_id: one.latest for one in row.standings}
    return {
        **item(row),
        "body": row.shape.body,
        "note": row.claim.claim_note,
        "fields": [
            {
                "label": field.label,
                "type": field.kind,
                "choices": list(field.choices),
                "required": field.required,
                "value": row.claim.values.get(field.label),
            }
            for field in row.shape.fields
        ],
        "checks": [
            {
                "probe": check.probe,
                "params": check.params,
                "threshold": check.threshold,
                "freshness": check.freshness,
                "grace": check.grace,
                "required": check.required,
                "definition_sha256": check.definition_sha256,
                "verdict": latest[check.id].verdict if check.id in latest else None,
            }
            for check in row.shape.checks
        ],
        "history": [record(one) for one in history],
        "comments": [comment(one) for one in comments],
        "waivers": [waiver(one) for one in waivers],
    }


def comment(row: Comment) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "author": row.author.username,
        "at": row.at,
        "text": row.text,
    }


def waiver(row: Waiver) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "reason": row.reason,
        "risk": row.risk,
        "requested_by": row.requested_by.username,
        "requested_at": row.requested_at,
        "approved_by": row.approved_by.username if row.approved_by else None,
        "approved_at": row.approved_at,
        "ends": row.ends,
        "revoked_by": row.revoked_by.username if row.revoked_by else None,
        "revoked_at": row.revoked_at,
    }


# --- for people ---------------------------------------------------------------

FILTERS: Mapping[str, str] = {
    "all": "All",
    "blocker": "Blockers",
    "unclaimed": "Open",
    "claimed": "Claimed",
    "stale": "Out of date",
    "failed": "Failed",
    "proven": "Proven",
    "waived": "Waived",
}


@dataclass(frozen=True)
class ItemView:
    """One row of the page. `label` is the tick's constant name."""

    row: Row
    title: SafeString
    label: str
    body: SafeString
    url: str
    claim_url: str
    run_url: str
    ticks: bool

    @property
    def who(self) -> str:
        if self.row.claimed_by:
            return f"Claimed by {self.row.claimed_by}"
        if self.row.shape.blocking != "blocking":
            return self.row.shape.blocking.capitalize()
        return "Blocks release" if self.row.blocker else ""

    @property
    def outside_words(self) -> str:
        """The chip of a line that readiness does not count."""
        return "" if self.row.inside else self.row.state.capitalize()

    @property
    def reason(self) -> str:
        return self.row.derived.reason


def item_view(board: Board, row: Row) -> ItemView:
    where = (board.review.uuid, row.id)
    return ItemView(
        row=row,
        title=markdown.inline(row.shape.title),
        label=f"Claim {row.key} {markdown.plain(row.shape.title)}",
        body=markdown.block(row.shape.body) if row.shape.body else SafeString(""),
        url=reverse("readiness:item", args=where),
        claim_url=reverse("readiness:claim-item", args=where),
        run_url=reverse("readiness:run-item", args=where) if row.shape.checks else "",
        ticks=row.inside,
    )


@dataclass(frozen=True)
class Blank:
    """A field of an item with what stands in it."""

    label: str
    kind: str
    choices: Sequence[str]
    required: bool
    value: str


def blanks(row: Row) -> list[Blank]:
    return [
        Blank(
            field.label,
            "date" if field.kind == "date" else "text",
            field.choices,
            field.required,
            str(row.claim.values.get(field.label, "")),
        )
        for field in row.shape.fields
    ]


@dataclass(frozen=True)
class SectionPage:
    """A section with the rows that a filter left."""

    section: BoardSection
    items: Sequence[ItemView]

    @property
    def title(self) -> SafeString:
        return markdown.inline(self.section.shape.title)

    @property
    def tone(self) -> str:
        if not self.section.inside:
            return ""
        if self.section.failed:
            return "c"
        return "" if self.section.proven == self.section.total else "w"

    @property
    def chip(self) -> str:
        return {"": "ok", "w": "warn", "c": "crit"}[self.tone]

    @property
    def icon(self) -> str:
        return {"": "check", "w": "warn", "c": "fail"}[self.tone]


@dataclass(frozen=True)
class Choice:
    """One link of the filter."""

    code: str
    words: str
    count: int
    current: bool


def sections(board: Board, keep: str) -> list[SectionPage]:
    """Every section; of its rows those that the filter keeps."""
    return [
        SectionPage(
            section,
            [item_view(board, row) for row in section.rows if kept(row, keep)],
        )
        for section in board.sections
    ]


def section_page(board: Board, row: Row) -> SectionPage:
    """The section of one row, for its heading and its entry in the list."""
    return SectionPage(board.section_of(row), ())


def kept(row: Row, keep: str) -> bool:
    if keep == "all":
        return True
    if keep == "blocker":
        return row.blocker
    return row.inside and row.state == keep


def choices(board: Board, current: str) -> list[Choice]:
    """Filters that would show something, and the one in use."""
    tally = {
        "all": len(board.rows),
        "blocker": len(board.verdict.blockers),
        **board.counts.as_dict(),
    }
    return [
        Choice(code, words, tally[code], code == current)
        for code, words in FILTERS.items()
        if tally[code] or code in {"all", current}
    ]


def notes(board: Board, progress: SignoffProgress) -> dict[str, str]:
    """What stands under each meter."""
    tally = board.counts
    expiry = board.next_expiry
    return {
        "proven": f"{tally.claimed + tally.unclaimed} open · {tally.failed} failed"
        f" · {tally.waived} waived",
        "fresh": (
            f"next expiry in {ago(expiry, board.at)}"
            if expiry
            else "nothing proven goes out of date"
        ),
        "signed": "complete" if progress.complete else "any later change voids them",
    }


TONES = {
    PlaceState.SIGNED: ("ok", "check"),
    PlaceState.REJECTED: ("crit", "fail"),
    PlaceState.VOID: ("warn", "warn"),
    PlaceState.OPEN: ("", "pen"),
    PlaceState.LOCKED: ("", "lock"),
}


@dataclass(frozen=True)
class PlaceView:
    """One role of the sign-off panel: `tone`, `icon` and `words` make its chip."""

    place: SignoffPlace
    tone: str
    icon: str

    @property
    def role(self) -> str:
        return self.place.role

    @property
    def words(self) -> str:
        return self.place.state.value

    @property
    def note(self) -> str:
        return self.place.note

    @property
    def initials(self) -> str:
        first, _, second = self.role.partition(" ")
        return (first[:1] + (second[:1] or first[1:2])).upper()


@dataclass(frozen=True)
class SignoffPanel:
    """The policy's roles in their order, beside the checklist."""

    lines: Sequence[PlaceView]
    signatures: Meter


def signoff_panel(progress: SignoffProgress) -> SignoffPanel:
    return SignoffPanel(
        [PlaceView(place, *TONES[place.state]) for place in progress.places],
        progress.signatures,
    )


@dataclass(frozen=True)
class VerdictView:
    """The verdict's words: what blocks, and where the first blocker is."""

    ready: bool
    title: str
    words: str
    first: str


def verdict(board: Board) -> VerdictView:
    blockers = board.verdict.blockers
    if not blockers:
        return VerdictView(
            ready=True,
            title="Ready",
            words="Every blocking line is proven, waived or not applicable.",
            first="",
        )
    worst = sorted(blockers, key=lambda key: board.by_key[key].derived.own != "failed")
    named = [markdown.plain(board.by_key[key].shape.title) for key in worst[:3]]
    more = f" and {len(blockers) - 3} more" if len(blockers) > 3 else ""
    plural = "blocker" if len(blockers) == 1 else "blockers"
    return VerdictView(
        ready=False,
        title=f"Not ready: {len(blockers)} {plural}",
        words=f"{'; '.join(named)}{more}.",
        first=worst[0],
    )


class Logged(Protocol):
    """An event as the audit log's queries hand it out."""

    seq: int
    body: bytes
    leaf: bytes
    kind: str
    actor: str
    at: datetime


@dataclass(frozen=True)
class Act:
    """One line of the activity: who did what, and its entry in the log."""

    who: str
    words: str
    event: Logged

    @property
    def leaf(self) -> str:
        return bytes(self.event.leaf).hex()


_WORDS = {
    "readiness.review.opened": "opened this review",
    "readiness.item.claimed": "claimed {key}",
    "readiness.item.unclaimed": "took back the claim of {key}",
    "readiness.evidence.judged": "{probe} {was_to} on {key}",
    "readiness.evidence.filed": "filed evidence for {key}",
    "readiness.evidence.confirmed": "confirmed evidence of {key}",
    "readiness.item.filled": "filled in {key}",
    "readiness.item.commented": "commented on {key}",
    "readiness.review.signed": "signed as {role}",
    "readiness.signoff.signed": "signed as {role}",
    "readiness.signoff.revoked": "revoked the signature as {role}",
}


class _Data(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "–"


def activity(events: Sequence[Any]) -> list[Act]:
    """The newest events in words."""
    named = names({event.actor for event in events})
    return [Act(named[event.actor], _words(event), event) for event in events]


def _words(event: Logged) -> str:
    data = _Data(json.loads(bytes(event.body)).get("data", {}))
    said = {"pass": "passed", "fail": "failed", "error": "could not measure"}
    data["was_to"] = said.get(data["verdict"], data["verdict"])
    words = _WORDS.get(event.kind, event.kind.rpartition(".")[2].replace("-", " "))
    return words.format_map(data)

"""A line as its row on a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, TypeAlias

from django.urls import reverse
from django.utils.safestring import SafeString

from accounts.models import User
from kernel import markdown
from kernel.display import ago, plural
from readiness.domain.state import EXPIRED, OUTSIDE_REASONS, ItemState
from readiness.models import NotApplicable, Review, ReviewItem, Waiver
from readiness.models.reviews import LIVING
from readiness.pages.states import STATES
from readiness.queries.board import Board, BoardRow
from readiness.queries.exemptions import exemptions_of, may_approve, may_revoke
from readiness.queries.item import comments_of, evidence_of
from readiness.queries.reach import why_not_collected
from readiness.queries.restorable import restorable
from readiness.queries.signatures import signatures

SignedSections: TypeAlias = Mapping[str, Sequence[str]]  # {section: roles}


@dataclass(frozen=True)
class ShownLine:
    """Everything that the row of a line shows, and nothing else: what is equal is drawn
    once (`templatetags.checklist`). `href` is where its state leads."""

    key: str
    title: SafeString
    label: str
    depth: int
    state: str
    word: str
    tone: str
    text: str
    url: str
    href: str
    claim_url: str
    blocker: bool
    claimed: bool
    revision: int
    changes: str
    may_tick: bool


@dataclass(frozen=True)
class ItemView:
    """One line for pages. `label` is the tick's constant name; without `run_url`
    `not_collected` says why its probes cannot be asked for."""

    row: BoardRow
    review: Review
    at: datetime
    url: str
    signed_as: Sequence[str] = ()

    @property
    def title(self) -> SafeString:
        return markdown.inline(self.row.shape.title)

    @property
    def label(self) -> str:
        return f"Claim {self.row.key} {markdown.plain(self.row.shape.title)}"

    @property
    def body(self) -> SafeString:
        text = self.row.shape.body
        return markdown.block(text) if text else SafeString("")

    @property
    def claim_url(self) -> str:
        return f"{self.url}claim/"

    @cached_property
    def not_collected(self) -> str:
        probes = [check.probe for check in self.row.shape.checks]
        return why_not_collected(probes, self.review)

    @property
    def run_url(self) -> str:
        if not self.row.shape.checks or self.not_collected:
            return ""
        return reverse("readiness:run-item", args=[self.review.uuid, self.row.id])

    @property
    def ticks(self) -> bool:
        return self.row.inside

    @property
    def changes_words(self) -> str:
        """What a change of the line does to signatures; "" where nobody signed it."""
        many = len(self.signed_as)
        if not many or not self.ticks:
            return ""
        return f"changes {plural(many, 'signature')}: {', '.join(self.signed_as)}"

    @property
    def text(self) -> str:
        """What stands behind the word of its state: the least that a reviewer needs."""
        row = self.row
        parts = [self._why]
        if row.inside and row.shape.blocking != "blocking":
            parts.insert(0, row.shape.blocking)
        if row.claimed_by and row.state != ItemState.CLAIMED:
            parts.append(f"claimed by {row.claimed_by}")
        return " · ".join(part for part in parts if part)

    @property
    def _why(self) -> str:
        row, reason = self.row, self.row.derived.reason
        if row.state == ItemState.PROVEN:
            return self._freshness
        if row.state == ItemState.WAIVED and row.waiver and row.waiver.ends:
            return f"until {row.waiver.ends:%-d %b}: {reason}"
        if reason == EXPIRED and row.valid_until:
            return f"expired {ago(row.valid_until, self.at)} ago"
        if reason == OUTSIDE_REASONS.get(row.state):
            return ""  # the word says it
        return reason.removeprefix("Claimed ")

    @property
    def _freshness(self) -> str:
        if not self.row.shape.checks:
            return self.row.derived.reason
        until = self.row.valid_until
        return f"fresh for {ago(until, self.at)}" if until else "for this commit"

    def shown(self, *, may_claim: bool) -> ShownLine:
        row, state = self.row, STATES[self.row.state]
        held_by = row.derived.held_by
        return ShownLine(
            key=row.key,
            title=self.title,
            label=self.label,
            depth=row.shape.depth,
            state=row.state,
            word=state.word,
            tone=state.tone,
            text=self.text,
            url=self.url,
            href=f"#{held_by}" if held_by else f"{self.url}#history",
            claim_url=self.claim_url,
            blocker=row.blocker,
            claimed=row.claim.claimed,
            revision=row.claim.revision,
            changes=self.changes_words if may_claim else "",
            may_tick=may_claim and self.ticks,
        )


def item_views(
    board: Board, rows: Iterable[BoardRow], signed: SignedSections | None = None
) -> list[ItemView]:
    """`signed`: the roles whose valid signatures hold each section."""
    first = reverse("readiness:item", args=[board.review.uuid, 0])
    lines = first.removesuffix("0/")  # reversed once, not for each of a thousand
    held = signed or {}
    return [
        ItemView(
            row=row,
            review=board.review,
            at=board.at,
            url=f"{lines}{row.id}/",
            signed_as=held.get(row.shape.section.slug, ()),
        )
        for row in rows
    ]


def item_view(
    board: Board, row: BoardRow, signed: SignedSections | None = None
) -> ItemView:
    return item_views(board, [row], signed)[0]


@dataclass(frozen=True)
class BlankView:
    """A field of an item with what stands in it."""

    label: str
    kind: str
    choices: Sequence[str]
    required: bool
    value: str


def blanks(row: BoardRow) -> list[BlankView]:
    return [
        BlankView(
            field.label,
            "date" if field.kind == "date" else "text",
            field.choices,
            field.required,
            str(row.claim.values.get(field.label, "")),
        )
        for field in row.shape.fields
    ]


@dataclass(frozen=True)
class ExemptionView:
    """A waiver or a "not applicable" on the page of its line: how it stands, and what
    this person may do about it."""

    row: Waiver | NotApplicable
    title: str
    state: str
    url: str
    may_approve: bool
    may_revoke: bool


def exemption_views(
    today: Board, item: ReviewItem, person: User
) -> list[ExemptionView]:
    """The newest first of each kind: two queries."""
    living = today.state in LIVING
    rows: list[Waiver | NotApplicable] = [
        *exemptions_of(Waiver, item),
        *exemptions_of(NotApplicable, item),
    ]
    return [_exemption_view(item, row, person, today.at, living=living) for row in rows]


def _exemption_view(
    item: ReviewItem,
    row: Waiver | NotApplicable,
    person: User,
    at: datetime,
    *,
    living: bool,
) -> ExemptionView:
    waiver = isinstance(row, Waiver)
    own = row.requested_by_id == person.pk
    waits = row.approved_by is None and row.revoked_by is None
    ended = isinstance(row, Waiver) and row.ends <= at
    return ExemptionView(
        row=row,
        title="Waiver" if waiver else "Not applicable",
        state=exemption_state(row, at),
        url=reverse(
            f"readiness:decide-{'waiver' if waiver else 'not-applicable'}",
            args=[item.review.uuid, item.pk, row.pk],
        ),
        may_approve=living
        and waits
        and not ended
        and not own
        and may_approve(row, person),
        may_revoke=living and row.revoked_by is None and may_revoke(person),
    )


def exemption_state(row: Waiver | NotApplicable, at: datetime) -> str:
    """How it stands, in words."""
    if row.revoked_by is not None:
        return f"taken back by {row.revoked_by.username}"
    if isinstance(row, Waiver) and row.ends <= at:
        return "ended" if row.approved_by else "ended before anybody approved it"
    if row.approved_by is not None:
        return f"approved by {row.approved_by.username}"
    return "waits for another person"


def record_context(today: Board, row: BoardRow, person: User) -> dict[str, Any]:
    """What stands behind a line's state on the page of its review."""
    return {
        "view": item_view(today, row),
        "review": today.review,
        "may_claim": person.has_perm("readiness.claim"),
        "may_run": person.has_perm("readiness.run"),
    }


def item_context(today: Board, row: BoardRow, person: User) -> dict[str, Any]:
    """What the page of one line is drawn from: its whole history."""
    record = record_context(today, row, person)
    return {
        **record,
        "board": today,
        "url": reverse("readiness:review", args=[today.review.uuid]),
        "views": [record["view"]],
        "differs": row.differs,
        "history": evidence_of(row.claim),
        "comments": comments_of(row.claim),
        "blanks": blanks(row),
        "exemptions": exemption_views(today, row.claim, person),
        "restorable": restorable(today, row, signatures(today).signed, person.username),
        "has_children": any(other.shape.parent == row.key for other in today.rows),
    }

"""A line as its row on a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from django.urls import reverse
from django.utils.safestring import SafeString

from accounts.models import User
from kernel import markdown
from readiness.models import NotApplicable, ReviewItem, Waiver
from readiness.models.reviews import LIVING
from readiness.queries.board import Board, BoardRow
from readiness.queries.exemptions import exemptions_of, may_approve, may_revoke
from readiness.queries.item import comments_of, evidence_of
from readiness.queries.reach import why_not_collected
from readiness.queries.restorable import restorable
from readiness.queries.signatures import signatures

SignedSections: TypeAlias = Mapping[str, Sequence[str]]  # {section: roles}


@dataclass(frozen=True)
class ItemView:
    """One row of the page. `label` is the tick's constant name; without `run_url`
    `not_collected` says why its probes cannot be asked for."""

    row: BoardRow
    title: SafeString
    label: str
    body: SafeString
    url: str
    claim_url: str
    run_url: str
    not_collected: str
    ticks: bool
    signed_as: Sequence[str] = ()

    @property
    def who(self) -> str:
        if self.row.claimed_by:
            return f"Claimed by {self.row.claimed_by}"
        if self.row.shape.blocking != "blocking":
            return self.row.shape.blocking.capitalize()
        return "Blocks release" if self.row.blocker else ""

    @property
    def changes_words(self) -> str:
        """What a change of the line does to signatures; "" where nobody signed it."""
        many = len(self.signed_as)
        if not many or not self.ticks:
            return ""
        return (
            f"changes {many} signature{'s' * (many > 1)}: {', '.join(self.signed_as)}"
        )

    @property
    def outside_words(self) -> str:
        """The chip of a line that readiness does not count."""
        return "" if self.row.inside else self.row.state.capitalize()

    @property
    def reason(self) -> str:
        return self.row.derived.reason


def item_view(
    board: Board, row: BoardRow, signed: SignedSections | None = None
) -> ItemView:
    """`signed`: the roles whose valid signatures hold each section."""
    where = (board.review.uuid, row.id)
    probes = [check.probe for check in row.shape.checks]
    reason = why_not_collected(probes, board.review)
    return ItemView(
        row=row,
        title=markdown.inline(row.shape.title),
        label=f"Claim {row.key} {markdown.plain(row.shape.title)}",
        body=markdown.block(row.shape.body) if row.shape.body else SafeString(""),
        url=reverse("readiness:item", args=where),
        claim_url=reverse("readiness:claim-item", args=where),
        run_url=(
            reverse("readiness:run-item", args=where) if probes and not reason else ""
        ),
        not_collected=reason,
        ticks=row.inside,
        signed_as=(signed or {}).get(row.shape.section.slug, ()),
    )


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
    item: ReviewItem, person: User, at: datetime
) -> list[ExemptionView]:
    """The newest first of each kind: two queries."""
    rows: list[Waiver | NotApplicable] = [
        *exemptions_of(Waiver, item),
        *exemptions_of(NotApplicable, item),
    ]
    return [_exemption_view(item, row, person, at) for row in rows]


def _exemption_view(
    item: ReviewItem, row: Waiver | NotApplicable, person: User, at: datetime
) -> ExemptionView:
    waiver = isinstance(row, Waiver)
    own = row.requested_by_id == person.pk
    waits = row.approved_by is None and row.revoked_by is None
    ended = isinstance(row, Waiver) and row.ends <= at
    living = item.review.state in LIVING
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


def item_context(today: Board, row: BoardRow, person: User) -> dict[str, Any]:
    """What the page of one line is drawn from: its whole history."""
    return {
        "board": today,
        "review": today.review,
        "url": reverse("readiness:review", args=[today.review.uuid]),
        "view": item_view(today, row),
        "history": evidence_of(row.claim),
        "comments": comments_of(row.claim),
        "blanks": blanks(row),
        "exemptions": exemption_views(row.claim, person, today.at),
        "restorable": restorable(today, row, signatures(today).signed, person.username),
        "has_children": any(other.shape.parent == row.key for other in today.rows),
        "may_claim": person.has_perm("readiness.claim"),
        "may_run": person.has_perm("readiness.run"),
    }

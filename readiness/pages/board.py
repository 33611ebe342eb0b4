"""The checklist of a review: its sections, the filter, and what stands under meters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.safestring import SafeString

from kernel import markdown
from kernel.display import ago
from readiness.pages.item import ItemView, SignedSections, item_view
from readiness.queries.board import Board, BoardRow, BoardSection
from readiness.queries.progress import SignoffProgress

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
            return "crit"
        return "" if self.section.proven == self.section.total else "warn"

    @property
    def chip(self) -> str:
        return self.tone or "ok"

    @property
    def icon(self) -> str:
        return {"": "check", "warn": "warn", "crit": "fail"}[self.tone]


@dataclass(frozen=True)
class FilterChoice:
    """One link of the filter."""

    code: str
    words: str
    count: int
    current: bool


def signed_sections(board: Board, progress: SignoffProgress) -> SignedSections:
    """Of each section, the roles whose signatures hold it and are valid."""
    valid = {each.signed.role for each in progress.signed if each.valid}
    roles: dict[str, list[str]] = {}
    for rule in board.review.policy:
        if rule["role"] in valid:
            for section in rule["sections"]:
                roles.setdefault(section, []).append(rule["role"])
    return roles


def sections(board: Board, keep: str, signed: SignedSections) -> list[SectionPage]:
    """Every section; of its rows those that the filter keeps."""
    return [
        SectionPage(
            section,
            [item_view(board, row, signed) for row in section.rows if kept(row, keep)],
        )
        for section in board.sections
    ]


def section_page(board: Board, row: BoardRow) -> SectionPage:
    """The section of one row, for its heading and its entry in the list."""
    return SectionPage(board.section_of(row), ())


def kept(row: BoardRow, keep: str) -> bool:
    if keep == "all":
        return True
    if keep == "blocker":
        return row.blocker
    return row.inside and row.state == keep


def filter_choices(board: Board, current: str) -> list[FilterChoice]:
    """Filters that would show something, and the one in use."""
    tally = {
        "all": len(board.rows),
        "blocker": len(board.verdict.blockers),
        **board.counts.as_dict(),
    }
    return [
        FilterChoice(code, title, tally[code], code == current)
        for code, title in FILTERS.items()
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


@dataclass(frozen=True)
class WaitingView:
    """A request that waits for a second person, as a link to its line."""

    url: str
    words: str


@dataclass(frozen=True)
class Budget:
    """What a review goes on with although it is not proven: how many waivers are in
    force and when the next ends, and what waits for somebody's approval."""

    active: int
    next_ends: datetime | None
    waiting: Sequence[WaitingView]

    @property
    def words(self) -> str:
        if not self.active:
            return "No waiver is in force."
        return f"{self.active} {'waiver is' if self.active == 1 else 'waivers are'} in force"

    def __bool__(self) -> bool:
        return bool(self.active or self.waiting)


def budget(board: Board) -> Budget:
    """Of the board's moment."""
    ends = [
        row.waiver.ends
        for row in board.rows
        if row.waiver and row.waiver.ends and row.waiver.active(board.at)
    ]
    waiting = [
        WaitingView(
            reverse("readiness:item", args=[board.review.uuid, row.id]) + "#exemptions",
            f"{row.key}: a {each.words}, asked for by {each.requested_by}",
        )
        for row in board.rows
        for each in row.waiting
        if each.ends is None or each.ends > board.at
    ]
    return Budget(len(ends), min(ends, default=None), waiting)

"""The checklist of a review: its sections, the filter, and what stands under meters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.safestring import SafeString

from kernel import markdown
from kernel.display import ago
from readiness.pages.item import ItemView, SignedSections, item_views
from readiness.pages.states import STATES
from readiness.queries.board import Board, BoardRow, BoardSection
from readiness.queries.progress import SignoffProgress
from readiness.queries.records import why_unlike_the_log

FILTERS: Mapping[str, str] = {
    "all": "All",
    "blocker": "Blockers",
    **{
        code: STATES[code].word
        for code in (
            "unclaimed",
            "claimed",
            "stale",
            "failed",
            "proven",
            "waived",
            "not_applicable",
        )
    },
}
# As many lines are shown at once; of a longer checklist one section is open at a time.
FEW = 200
NEXT = 5


@dataclass(frozen=True)
class LineFilter:
    """What the address of the page asks for: a filter, the section that is open, and
    the key after which its lines begin."""

    keep: str = "all"
    section: str = ""
    after: str = ""

    def address(self, section: str = "", after: str = "", anchor: str = "") -> str:
        """The same filter, elsewhere."""
        query = {
            "state": "" if self.keep == "all" else self.keep,
            "section": section,
            "after": after,
        }
        text = urlencode({name: value for name, value in query.items() if value})
        return f"?{text}" + (f"#{anchor}" if anchor else "")


@dataclass(frozen=True, kw_only=True)
class SectionPage:
    """A section with the rows that are shown of it; `kept` is how many the filter left.
    `url` is where its rows stand, `later` where those stand that do not fit, and
    `blocker_url` where the first blocker of a closed section stands; `owner` is whose
    lines they are, "" nobody's."""

    section: BoardSection
    items: Sequence[ItemView] = ()
    kept: int = 0
    open: bool = True
    url: str = ""
    later: str = ""
    blockers: int = 0
    blocker_url: str = ""
    owner: str = ""

    @property
    def title(self) -> SafeString:
        return markdown.inline(self.section.shape.title)

    @property
    def count(self) -> str:
        """What is proven of it; of what readiness does not count, how many lines."""
        section = self.section
        if not section.inside:
            return str(len(section.rows))
        return f"{section.proven}/{section.total}"

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


def sections(
    board: Board, asked: LineFilter, signed: SignedSections
) -> list[SectionPage]:
    """Every section; of its rows those that the filter keeps, of a long checklist those
    of one section alone."""
    rows = {
        section.shape.slug: [row for row in section.rows if kept(row, asked.keep)]
        for section in board.sections
    }
    long = sum(map(len, rows.values())) > FEW
    chosen = _chosen(board, asked, rows) if long else ""
    return [
        _section_page(board, section, rows[section.shape.slug], asked, signed)
        if not long or section.shape.slug == chosen
        else _closed(board, section, rows[section.shape.slug], asked)
        for section in board.sections
    ]


def _chosen(
    board: Board, asked: LineFilter, rows: Mapping[str, Sequence[BoardRow]]
) -> str:
    """The section that is open: the one asked for, else where the first blocker is."""
    if asked.section in rows:
        return asked.section
    blocking = (slug for slug, kept in rows.items() if any(row.blocker for row in kept))
    return next(blocking, next((slug for slug, kept in rows.items() if kept), ""))


def _section_page(
    board: Board,
    section: BoardSection,
    rows: Sequence[BoardRow],
    asked: LineFilter,
    signed: SignedSections,
) -> SectionPage:
    slug = section.shape.slug
    after = next((n for n, row in enumerate(rows, 1) if row.key == asked.after), 0)
    shown = rows[after : after + FEW]
    more = len(rows) > after + len(shown)
    return SectionPage(
        section=section,
        items=item_views(board, shown, signed),
        kept=len(rows),
        url=f"#{slug}",
        later=asked.address(slug, shown[-1].key, slug) if more else "",
        owner=owner_of(board, section),
    )


def owner_of(board: Board, section: BoardSection) -> str:
    return board.owners.get(section.shape.slug, "")


def _closed(
    board: Board, section: BoardSection, rows: Sequence[BoardRow], asked: LineFilter
) -> SectionPage:
    slug = section.shape.slug
    blockers = [row for row in rows if row.blocker]
    return SectionPage(
        section=section,
        kept=len(rows),
        open=False,
        url=asked.address(slug, anchor=slug),
        blockers=len(blockers),
        blocker_url=asked.address(slug, anchor=blockers[0].key) if blockers else "",
        owner=owner_of(board, section),
    )


def section_page(board: Board, row: BoardRow) -> SectionPage:
    """The section of one row, for its heading and its entry in the list."""
    section = board.section_of(row)
    return SectionPage(
        section=section, url=f"#{section.shape.slug}", owner=owner_of(board, section)
    )


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


def place_of(board: Board, row: BoardRow) -> str:
    """Where the row stands on the page of its review."""
    if len(board.rows) <= FEW:
        return f"#{row.key}"
    slug = row.shape.section.slug
    before = [each.key for each in board.section_of(row).rows]
    at = before.index(row.key) // FEW * FEW
    return LineFilter().address(slug, before[at - 1] if at else "", row.key)


def notes(board: Board, progress: SignoffProgress) -> dict[str, str]:
    """What stands under each meter; waivers are always in sight."""
    tally = board.counts.as_dict()
    expiry = board.next_expiry
    named = ["unclaimed", "claimed", "failed", "waived"]
    named += ["not_applicable"] if tally["not_applicable"] else []
    return {
        "proven": " · ".join(
            f"{tally[code]} {STATES[code].word.lower()}" for code in named
        ),
        "fresh": (
            f"{tally['stale']} out of date · next in {ago(expiry, board.at)}"
            if expiry
            else "nothing proven goes out of date"
        ),
        "signed": "complete" if progress.complete else "any later change voids them",
    }


@dataclass(frozen=True)
class BlockerView:
    """Why one line blocks, as a link to it from its review's page."""

    key: str
    url: str
    text: str


@dataclass(frozen=True)
class VerdictView:
    """The verdict's words: the first blockers with their reasons, how many `more` there
    are, and the key of the first; `differs` is what the log does not tell, in a
    sentence."""

    ready: bool
    title: str
    blockers: Sequence[BlockerView] = ()
    more: int = 0
    first: str = ""
    differs: str = ""

    @property
    def words(self) -> str:
        if self.ready:
            return "Every blocking line is proven, waived or not applicable."
        if self.differs:
            return self.differs
        named = "; ".join(f"{each.key}: {each.text}" for each in self.blockers)
        return f"{named} and {self.more} more." if self.more else f"{named}."


def verdict(board: Board) -> VerdictView:
    blockers = board.verdict.blockers
    if board.verdict.ready:
        return VerdictView(ready=True, title="Ready")
    differs = why_unlike_the_log(board.differences, "none of this counts")
    if not blockers:
        return VerdictView(
            ready=False, title="Not ready: the record differs", differs=differs
        )
    worst = sorted(blockers, key=lambda key: board.by_key[key].derived.own != "failed")
    named = [board.by_key[key] for key in worst[:2]]
    plural = "blocker" if len(blockers) == 1 else "blockers"
    return VerdictView(
        ready=False,
        title=f"Not ready: {len(blockers)} {plural}",
        blockers=[
            BlockerView(row.key, place_of(board, row), row.derived.reason.rstrip("."))
            for row in named
        ],
        more=len(blockers) - len(named),
        first=worst[0],
        differs=differs,
    )


@dataclass(frozen=True)
class ExpiryView:
    """A proven line whose evidence goes out of date soon."""

    key: str
    url: str
    until: datetime


def expiries(board: Board) -> list[ExpiryView]:
    return [
        ExpiryView(row.key, place_of(board, row), row.valid_until)
        for row in board.expiring(NEXT)
        if row.valid_until
    ]


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

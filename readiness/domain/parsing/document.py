"""What is found in a checklist document. Lines count from 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from readiness.domain.parsing.odd_boxes import Odd
from readiness.domain.parsing.repair import Repair
from readiness.domain.parsing.source import DocumentSource

CHECKS = "checks"
STEPS = "steps"
MONITORING = "monitoring"
ROLLBACK = "rollback"
SIGN_OFF = "sign-off"
CONTACTS = "contacts"
NOTES = "notes"
APPENDIX = "appendix"
KINDS = (
    CHECKS,
    STEPS,
    MONITORING,
    ROLLBACK,
    SIGN_OFF,
    CONTACTS,
    NOTES,
    APPENDIX,
)


@dataclass(frozen=True)
class Proposal:
    """A check that may stand behind an item; see readiness.domain.parsing.proposals.

    `freshness` and `grace` are seconds; `threshold` None means "no faults".
    """

    probe: str
    params: Mapping[str, str] = field(default_factory=dict)
    threshold: str | None = None
    freshness: int = 86_400
    grace: int = 0


@dataclass
class ParsedSection:
    """A heading that holds something. `part_of` is the section it is a part of
    ("First 24 Hours" of the follow-ups), `code` the prefix of its items' keys,
    `minutes` the stated time budget."""

    title: str
    kind: str
    level: int
    line: int
    slug: str = ""
    code: str = ""
    part_of: ParsedSection | None = None
    minutes: int | None = None
    body: list[str] = field(default_factory=list)

    @property
    def whole(self) -> ParsedSection:
        """The section itself, or the one that it is a part of."""
        return self.part_of.whole if self.part_of else self


@dataclass
class ParsedItem:
    """A line with a box. `title` and `body` are Markdown; `text` is the whole
    line after the box; `depth` is 1 at top level; `threshold` as stated
    ("< 100"), `status` as stated ("PENDING"). `aside` by `[~]`: the document
    proposes that it does not apply."""

    section: ParsedSection
    line: int
    text: str
    title: str
    ticked: bool
    depth: int
    aside: bool = False
    parent: ParsedItem | None = None
    body: list[str] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    threshold: str | None = None
    blocking: str = "blocking"
    key: str = ""
    checks: list[Proposal] = field(default_factory=list)

    @property
    def status(self) -> str:
        return self.statuses[0] if self.statuses else ""


@dataclass
class ParsedBlank:
    """A blank to fill in: `kind` is text, date, duration, domain, person or
    choice; `item` is None outside items."""

    section: ParsedSection
    item: ParsedItem | None
    label: str
    kind: str
    line: int
    choices: list[str] = field(default_factory=list)


@dataclass
class ParsedStep:
    """A fenced block of commands, of an item or a section."""

    section: ParsedSection
    item: ParsedItem | None
    title: str
    language: str
    text: str
    line: int
    minutes: int | None = None


class Clash(StrEnum):
    """In what way two statements of a document cannot both be meant."""

    OPEN_BUT_DONE = "open_but_done"
    TICKED_BUT_NOT_DONE = "ticked_but_not_done"
    PARENT_AHEAD = "parent_ahead"
    PARENT_BEHIND = "parent_behind"
    SAME_CHECK = "same_check"
    OPPOSITE = "opposite"
    DUPLICATE = "duplicate"


@dataclass(frozen=True)
class Contradiction:
    """Two statements of the document that cannot both be meant."""

    code: Clash
    title: str
    detail: str
    lines: tuple[int, ...]

    @property
    def key(self) -> str:
        """Tells it from the document's others, as long as its text stays."""
        return "-".join([self.code, *map(str, self.lines)])


@dataclass(frozen=True)
class OddBox:
    """A line that looks like an item and is none, and why."""

    line: int
    kind: Odd
    text: str


@dataclass
class Document:
    """A parsed checklist, everything in document order."""

    source: DocumentSource
    title: str = ""
    headings: int = 0
    header: dict[str, str] = field(default_factory=dict)
    sections: list[ParsedSection] = field(default_factory=list)
    items: list[ParsedItem] = field(default_factory=list)
    blanks: list[ParsedBlank] = field(default_factory=list)
    steps: list[ParsedStep] = field(default_factory=list)
    contacts: list[dict[str, str]] = field(default_factory=list)
    escalation: list[dict[str, str]] = field(default_factory=list)
    contradictions: list[Contradiction] = field(default_factory=list)
    odd_boxes: list[OddBox] = field(default_factory=list)
    not_imported: dict[str, int] = field(default_factory=dict)

    @property
    def ticked(self) -> int:
        return sum(item.ticked for item in self.items)

    @property
    def top_level(self) -> int:
        return sum(item.depth == 1 for item in self.items)

    @property
    def depth(self) -> int:
        return max((item.depth for item in self.items), default=0)

    @property
    def statuses(self) -> list[str]:
        return [status for item in self.items for status in item.statuses]

    @property
    def repairs(self) -> list[Repair]:
        return self.source.repairs

    @property
    def offered(self) -> list[Repair]:
        """Repairs that a person has to want: it is not sure that they are any."""
        return self.source.offered

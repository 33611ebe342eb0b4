"""What the API and `import_checklist --json` answer about checklists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from kernel.schema import Answer
from readiness.domain.parsing.document import Clash
from readiness.domain.parsing.odd_boxes import Odd
from readiness.models import Template, TemplateVersion


@dataclass(frozen=True, kw_only=True)
class VersionAnswer(Answer):
    version: int
    state: TemplateVersion.State
    sha256: str
    items: int
    created_at: datetime
    published_at: datetime | None

    @classmethod
    def of(cls, version: TemplateVersion) -> VersionAnswer:
        return cls(
            version=version.number,
            state=TemplateVersion.State(version.state),
            sha256=version.sha256,
            items=version.report.get("items", 0),
            created_at=version.created_at,
            published_at=version.published_at,
        )


@dataclass(frozen=True, kw_only=True)
class TemplateAnswer(Answer):
    """A checklist with its versions, newest first."""

    id: str
    slug: str
    title: str
    versions: Sequence[VersionAnswer]

    @classmethod
    def of(
        cls, template: Template, versions: Sequence[TemplateVersion]
    ) -> TemplateAnswer:
        return cls(
            id=str(template.pk),
            slug=template.slug,
            title=template.title,
            versions=[VersionAnswer.of(version) for version in versions],
        )


@dataclass(frozen=True, kw_only=True)
class TemplateList(Answer):
    templates: Sequence[TemplateAnswer]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class ContradictionAnswer(Answer):
    """Two statements of the document that cannot both be meant. `key` is "" in what
    was imported before contradictions could be decided."""

    key: str
    code: Clash
    title: str
    detail: str
    lines: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class ProposedCheckAnswer(Answer):
    """A check that the words of a line suggest."""

    key: str
    line: int
    title: str
    probe: str
    params: Mapping[str, str]
    threshold: str | None
    freshness: Annotated[str, "seconds"]
    grace: Annotated[str, "seconds"]


@dataclass(frozen=True, kw_only=True)
class OddBoxAnswer(Answer):
    """A line that looks like an item and is none."""

    line: int
    kind: Odd
    text: str


@dataclass(frozen=True, kw_only=True)
class SimilarKeyAnswer(Answer):
    """A line that kept its key although its words changed."""

    key: str
    before: str
    now: str


@dataclass(frozen=True, kw_only=True)
class RepairAnswer(Answer):
    """Wrongly decoded bytes, what they were meant to be, and where."""

    received: str
    repaired: str
    names: str
    times: int
    lines: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class ChecklistAnswer(Answer):
    """What an import found, and the version that it was saved as."""

    id: str
    template: str
    title: str
    version: int
    state: TemplateVersion.State
    sha256: str
    tree_digest: str
    header: Mapping[str, str]
    headings: int
    items: int
    top_level: int
    ticked: int
    depth: int
    fields: Annotated[int, "blanks to fill in"]
    steps: int
    status_lines: int
    repaired: Annotated[int, "runs of wrongly decoded bytes"]
    bytes: int
    contradictions: Sequence[ContradictionAnswer]
    checks: Sequence[ProposedCheckAnswer]
    contacts: Sequence[Mapping[str, str]]
    escalation: Sequence[Mapping[str, str]]
    not_imported: Annotated[Mapping[str, int], "boxes that are no items, by place"]
    odd_boxes: Annotated[Sequence[OddBoxAnswer], "at most 500; odd_total says all"]
    odd_total: int
    similar: Sequence[SimilarKeyAnswer]
    repairs: Sequence[RepairAnswer]
    offered: Annotated[Sequence[RepairAnswer], "made with `repair`: not sure"]
    decisions: Annotated[Mapping[str, str], "by the contradiction's key"]

    @classmethod
    def of(cls, version: TemplateVersion) -> ChecklistAnswer:
        report = version.report
        return cls(
            id=str(version.template_id),
            template=version.template.slug,
            title=version.template.title,
            version=version.number,
            state=TemplateVersion.State(version.state),
            sha256=version.sha256,
            tree_digest=version.tree_digest,
            header=version.header,
            headings=report["headings"],
            items=report["items"],
            top_level=report["top_level"],
            ticked=report["ticked"],
            depth=report["depth"],
            fields=report["fields"],
            steps=report["steps"],
            status_lines=report["status_lines"],
            repaired=report["repaired"],
            bytes=report["bytes"],
            contradictions=[
                ContradictionAnswer(**{"key": "", **contradiction})
                for contradiction in report["contradictions"]
            ],
            checks=[ProposedCheckAnswer(**check) for check in report["checks"]],
            contacts=report["contacts"],
            escalation=report["escalation"],
            not_imported=report["not_imported"],
            similar=[SimilarKeyAnswer(**kept) for kept in report["similar"]],
            odd_boxes=[OddBoxAnswer(**box) for box in report.get("odd_boxes", [])],
            odd_total=report.get("odd_total", 0),
            repairs=[RepairAnswer(**repair) for repair in version.repair],
            offered=[RepairAnswer(**repair) for repair in report.get("offered", [])],
            decisions=report.get("decisions", {}),
        )

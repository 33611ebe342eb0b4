"""A published template version as plain objects: it never changes, so each
process reads it once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache

from audit import queries as audit
from audit.domain.canonical import jcs, sha256_hex
from readiness.models import Check, Field, Item, Section, Step, TemplateVersion
from readiness.queries.grouping import grouped

PUBLISHED = "readiness.template.published"


@dataclass(frozen=True)
class CheckShape:
    """`freshness` and `grace` in seconds."""

    id: int
    probe: str
    params: dict[str, str]
    threshold: str | None
    freshness: int
    grace: int
    required: bool
    definition_sha256: str


@dataclass(frozen=True)
class FieldShape:
    label: str
    kind: str
    choices: tuple[str, ...]
    required: bool


@dataclass(frozen=True)
class StepShape:
    title: str
    language: str
    body: str


@dataclass(frozen=True)
class SectionShape:
    id: int
    slug: str
    title: str
    kind: str


@dataclass(frozen=True)
class ItemShape:
    """`parent` is the parent's key; `position` is document order."""

    id: int
    key: str
    title: str
    body: str
    section: SectionShape
    parent: str | None
    depth: int
    position: int
    blocking: str
    imported_tick: bool
    checks: tuple[CheckShape, ...]
    fields: tuple[FieldShape, ...]
    steps: tuple[StepShape, ...]


@dataclass(frozen=True)
class Structure:
    """Sections that hold items, and all items, in document order. `differs` is what
    the log does not tell of its publication, in words."""

    sections: tuple[SectionShape, ...]
    items: tuple[ItemShape, ...]
    by_id: dict[int, ItemShape]
    differs: tuple[str, ...] = ()

    def sha256(self) -> str:
        """Of all that states rest on, as the log keeps it of what was published: a
        line's section decides whether it counts, its checks what proves it. Row ids
        are no part of it."""
        return sha256_hex(jcs([_digested(item) for item in self.items]))


def structure(version: TemplateVersion) -> Structure:
    """The version's shape, held against its publication; six queries once per process
    and published version."""
    published = version.published_at.isoformat() if version.published_at else ""
    if not published:
        return read_structure(version.pk)
    where = (f"template:{version.template_id}", str(version.number))
    return _kept(version.pk, published, version.sha256, where)


@lru_cache(maxsize=32)
def _kept(
    version: int, published: str, sha256: str, where: tuple[str, str]
) -> Structure:
    # The time and the digest tell apart versions that reuse a rolled-back id.
    read = read_structure(version)
    return replace(read, differs=tuple(_unlike_the_log(read, sha256, where)))


def _unlike_the_log(
    read: Structure, sha256: str, where: tuple[str, str]
) -> Iterator[str]:
    template, number = where
    events = [
        event
        for event in audit.logged([template], [PUBLISHED])
        if event.intact and event.data.get("version") == number
    ]
    if not events:
        yield "the log does not tell that its checklist was published"
        return
    told = events[-1].data
    # Publications of before there was a digest are taken as they are.
    if told.get("sha256") != sha256 or told.get("shape_sha256", "") not in {
        "",
        read.sha256(),
    }:
        yield "its checklist is not the one that was published"


def _digested(item: ItemShape) -> dict[str, object]:
    return {
        "key": item.key,
        "parent": item.parent,
        "section": item.section.slug,
        "kind": item.section.kind,
        "title": item.title,
        "body_sha256": sha256_hex(item.body.encode()),
        "blocking": item.blocking,
        "imported_tick": item.imported_tick,
        "checks": [
            {
                **asdict(check),
                "id": "",
                "freshness": str(check.freshness),
                "grace": str(check.grace),
            }
            for check in item.checks
        ],
        "fields": [
            {"label": field.label, "required": field.required} for field in item.fields
        ],
    }


def read_structure(version: int) -> Structure:
    sections = {
        row.pk: SectionShape(row.pk, row.slug, row.title, row.kind)
        for row in Section.objects.filter(version=version)
    }
    rows = list(Item.objects.filter(version=version).order_by("position"))
    keys = {row.pk: row.key for row in rows}
    checks = grouped(
        (row.item_id, shape_of(row))
        for row in Check.objects.filter(item__version=version)
    )
    fields = grouped(
        (
            row.item_id,
            FieldShape(row.label, row.kind, tuple(row.choices), row.required),
        )
        for row in Field.objects.filter(item__version=version)
        if row.item_id is not None
    )
    steps = grouped(
        (row.item_id, StepShape(row.title, row.language, row.body))
        for row in Step.objects.filter(item__version=version)
        if row.item_id is not None
    )
    items = tuple(
        ItemShape(
            id=row.pk,
            key=row.key,
            title=row.title,
            body=row.body,
            section=sections[row.section_id],
            parent=keys.get(row.parent_id) if row.parent_id else None,
            depth=row.depth,
            position=row.position,
            blocking=row.blocking,
            imported_tick=row.imported_tick,
            checks=tuple(checks[row.pk]),
            fields=tuple(fields[row.pk]),
            steps=tuple(steps[row.pk]),
        )
        for row in rows
    )
    used = dict.fromkeys(item.section for item in items)
    return Structure(tuple(used), items, {item.id: item for item in items})


def shape_of(row: Check) -> CheckShape:
    return CheckShape(
        id=row.pk,
        probe=row.probe,
        params=dict(row.params),
        threshold=row.threshold,
        freshness=row.freshness,
        grace=row.grace,
        required=row.required,
        definition_sha256=row.definition_sha256,
    )

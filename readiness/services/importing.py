"""Checklists become templates: imported as drafts, published once, then fixed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit import services as audit
from kernel.errors import Conflict, FieldError, Invalid
from readiness.domain.builtin import CHECKS, SLUG
from readiness.domain.definitions import body_of, definition_sha256, tree_digest
from readiness.domain.parsing.document import KINDS, SIGN_OFF, Document, Proposal
from readiness.domain.parsing.document import Item as ParsedItem
from readiness.domain.parsing.document import Section as ParsedSection
from readiness.domain.parsing.keys import Earlier, assign, slug
from readiness.domain.parsing.reading import parse
from readiness.models import (
    Check,
    Field,
    Item,
    Section,
    Step,
    Template,
    TemplateVersion,
)

BUILTIN = Path(settings.BASE_DIR) / "readiness" / "builtin" / "production_readiness.md"
Draft = TemplateVersion.State.DRAFT
Published = TemplateVersion.State.PUBLISHED


def import_template(
    data: bytes,
    name: str,
    by: User | None,
    checks: Mapping[str, Sequence[Proposal]] | None = None,
) -> TemplateVersion:
    """Save a checklist as a draft version of the template called `name`.

    An empty name takes the document's title. `checks` per item key replace the
    proposed ones. The same bytes again give the draft that exists. Raises
    Invalid or TooLarge with line and reason; then nothing is saved.
    """
    document = parse(data)
    title = (name.strip() or document.title or "Checklist")[:200]
    digest = sha256(document.source.bytes).hexdigest()
    with transaction.atomic():
        template, _ = Template.objects.get_or_create(
            slug=_template_slug(title), defaults={"title": title}
        )
        template = Template.objects.select_for_update().get(pk=template.pk)
        newest = template.versions.order_by("-number").first()
        if newest and newest.state == Draft and newest.sha256 == digest:
            return newest
        confirm = _give_keys(document, template, newest)
        if checks is not None:
            for item in document.items:
                item.checks = list(checks.get(item.key, ()))
        version = TemplateVersion.objects.create(
            template=template,
            number=newest.number + 1 if newest else 1,
            source=document.source.bytes,
            sha256=digest,
            tree_digest=tree_digest(document.items),
            header=document.header,
            repair=[
                {
                    "received": one.received,
                    "repaired": one.repaired,
                    "names": one.names,
                    "times": one.times,
                    "lines": one.lines,
                }
                for one in document.repairs
            ],
            report={**report(document), "similar": confirm},
            created_by=by,
        )
        _save_structure(document, version)
        _log("imported", version, by, items=str(len(document.items)))
    return version


def publish(version: TemplateVersion, by: User | None) -> TemplateVersion:
    """Fix a draft for good; the version published before it is retired.

    Raises Conflict when it is no draft any more.
    """
    with transaction.atomic():
        Template.objects.select_for_update().get(pk=version.template_id)
        changed = TemplateVersion.objects.filter(pk=version.pk, state=Draft).update(
            state=Published, published_at=timezone.now()
        )
        if not changed:
            raise Conflict("This version is published already.", code="not_a_draft")
        TemplateVersion.objects.filter(
            template_id=version.template_id, state=Published
        ).exclude(pk=version.pk).update(state=TemplateVersion.State.RETIRED)
        version.refresh_from_db()
        _log("published", version, by, tree_digest=version.tree_digest)
    return version


def set_kinds(version: TemplateVersion, kinds: Mapping[str, str], by: User) -> int:
    """Correct what kinds of sections a draft has: {slug: kind}, parts included.

    Returns how many sections changed. Raises Invalid for a kind that does not
    exist, Conflict when the version is no draft.
    """
    wrong = [
        FieldError(f"/kinds/{name}", "choice", f"one of {', '.join(KINDS)}")
        for name, kind in kinds.items()
        if kind not in KINDS
    ]
    if wrong:
        raise Invalid("A section has an unknown kind.", code="invalid", errors=wrong)
    with transaction.atomic():
        version = TemplateVersion.objects.select_for_update().get(pk=version.pk)
        if version.state != Draft:
            raise Conflict("A published version never changes.", code="not_a_draft")
        changed: dict[str, str] = {}
        for section in Section.objects.filter(version=version, parent=None):
            kind = kinds.get(section.slug, section.kind)
            if kind != section.kind:
                changed[section.slug] = kind
                version.sections.filter(pk=section.pk).update(kind=kind)
                version.sections.filter(parent=section).update(kind=kind)
        if changed:
            _log("kinds-corrected", version, by, kinds=changed)
    return len(changed)


def builtin(by: User | None = None) -> TemplateVersion:
    """The product's own checklist, published; made at the first call, and again
    as a new version when a release changed its words or checks."""
    data = BUILTIN.read_bytes()
    named = {(key, definition_sha256(one)) for key in CHECKS for one in CHECKS[key]}
    known = TemplateVersion.objects.filter(
        template__slug=SLUG, state=Published, sha256=sha256(data).hexdigest()
    ).first()
    if known is not None and named == set(
        Check.objects.filter(item__version=known).values_list(
            "item__key", "definition_sha256"
        )
    ):
        return known
    version = import_template(data, "Production readiness", by, CHECKS)
    return publish(version, by)


def report(document: Document) -> dict[str, Any]:
    """What the import found, as `--json`, the API and the preview say it."""
    return {
        "headings": document.headings,
        "items": len(document.items),
        "top_level": document.top_level,
        "ticked": document.ticked,
        "depth": document.depth,
        "fields": len(document.blanks),
        "steps": len(document.steps),
        "status_lines": len(document.statuses),
        "repaired": sum(one.times for one in document.repairs),
        "bytes": len(document.source.bytes),
        "contradictions": [
            {
                "code": one.code,
                "title": one.title,
                "detail": one.detail,
                "lines": list(one.lines),
            }
            for one in document.contradictions
        ],
        "checks": [
            {
                "key": item.key,
                "line": item.line,
                "title": item.title,
                "probe": check.probe,
                "params": dict(check.params),
                "threshold": check.threshold,
                "freshness": str(check.freshness),
                "grace": str(check.grace),
            }
            for item in document.items
            for check in item.checks
        ],
        "contacts": document.contacts,
        "escalation": document.escalation,
        "not_imported": document.not_imported,
    }


def _template_slug(title: str) -> str:
    """ASCII only, as it stands in URLs; other scripts get a digest of the title."""
    plain = slug(title)
    if plain and plain.isascii():
        return plain
    return f"checklist-{sha256(title.encode()).hexdigest()[:12]}"


def _give_keys(
    document: Document, template: Template, newest: TemplateVersion | None
) -> list[dict[str, str]]:
    """Keys for every item; returns what was matched by similarity only."""
    earlier: list[Earlier] = []
    if newest is not None:
        earlier = [
            Earlier(key, parent or "", section, slug(title))
            for key, parent, section, title in newest.items.values_list(
                "key", "parent__key", "section__slug", "title"
            )
        ]
    used = Item.objects.filter(version__template=template).values_list("key", flat=True)
    return [
        {"key": key, "before": before, "now": now}
        for key, before, now in assign(document.items, earlier, used)
    ]


def _save_structure(document: Document, version: TemplateVersion) -> None:
    sections = _save_sections(document, version)
    items = _save_items(document, version, sections)
    Field.objects.bulk_create(
        Field(
            section=sections[id(blank.section)],
            item=items[id(blank.item)] if blank.item else None,
            position=position,
            label=blank.label[:120],
            kind=blank.kind,
            choices=blank.choices,
            # What signing and filling in notes does later must hold nobody up.
            required=blank.item is not None and blank.section.kind != SIGN_OFF,
            source_line=blank.line,
        )
        for position, blank in enumerate(document.blanks)
    )
    Step.objects.bulk_create(
        Step(
            section=sections[id(step.section)],
            item=items[id(step.item)] if step.item else None,
            position=position,
            title=step.title[:300],
            language=step.language[:40],
            body=step.text,
            budget=step.minutes * 60 if step.minutes is not None else None,
            source_line=step.line,
        )
        for position, step in enumerate(document.steps)
    )
    Check.objects.bulk_create(
        Check(
            item=items[id(item)],
            position=position,
            probe=check.probe,
            params=dict(check.params),
            threshold=check.threshold,
            freshness=check.freshness,
            grace=check.grace,
            definition_sha256=definition_sha256(check),
        )
        for item in document.items
        for position, check in enumerate(item.checks)
    )


def _save_sections(document: Document, version: TemplateVersion) -> dict[int, Section]:
    """Rows by the parsed section's identity; a whole comes before its parts."""
    saved: dict[int, Section] = {}

    def save(position: int, section: ParsedSection) -> None:
        part_of = saved[id(section.part_of)] if section.part_of else None
        saved[id(section)] = Section.objects.create(
            version=version,
            parent=part_of,
            position=position,
            level=section.level,
            slug=section.slug,
            code=section.code,
            title=section.title[:300],
            kind=section.kind,
            body="\n".join(section.body),
            source_line=section.line,
        )

    for position, section in enumerate(document.sections):
        save(position, section)
    return saved


def _save_items(
    document: Document, version: TemplateVersion, sections: Mapping[int, Section]
) -> dict[int, Item]:
    """Rows by the parsed item's identity, one statement per level of nesting."""
    saved: dict[int, Item] = {}
    levels: dict[int, list[tuple[int, ParsedItem]]] = {}
    for position, item in enumerate(document.items):
        levels.setdefault(item.depth, []).append((position, item))
    for _, level in sorted(levels.items()):
        rows = Item.objects.bulk_create(
            Item(
                version=version,
                section=sections[id(item.section)],
                parent=saved[id(item.parent)] if item.parent else None,
                position=position,
                depth=item.depth,
                key=item.key,
                title=item.title,
                body=body_of(item),
                blocking=item.blocking,
                imported_tick=item.ticked,
                imported_status=item.status[:200],
                source_line=item.line,
            )
            for position, item in level
        )
        for (_, item), row in zip(level, rows, strict=True):
            saved[id(item)] = row
    return saved


def _log(verb: str, version: TemplateVersion, by: User | None, **data: Any) -> None:
    audit.append(
        f"readiness.template.{verb}",
        actor=by.actor if by else "system",
        object=f"template:{version.template_id}",
        data={
            "template": version.template.slug,
            "version": str(version.number),
            "sha256": version.sha256,
            **data,
        },
    )

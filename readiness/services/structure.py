"""A parsed document as rows: sections, items, fields, steps and checks."""

from __future__ import annotations

from collections.abc import Mapping

from kernel.errors import FieldError, Invalid
from readiness.domain.definitions import body_of, definition_sha256
from readiness.domain.parsing.document import (
    SIGN_OFF,
    Document,
    ParsedItem,
    ParsedSection,
)
from readiness.models import Check, Field, Item, Section, Step, TemplateVersion

# Rows by the identity of the parsed section or item that they were made of.
Sections = Mapping[int, Section]
Items = Mapping[int, Item]


def save_structure(document: Document, version: TemplateVersion) -> None:
    """Everything below the version, in as many statements whatever its size but one
    for each section. Raises Invalid for texts that are longer than their columns."""
    _refuse_too_long(document)
    sections = _save_sections(document, version)
    items = _save_items(document, version, sections)
    _save_fields(document, sections, items)
    _save_steps(document, sections, items)
    _save_checks(document, items)


def _refuse_too_long(document: Document) -> None:
    """Nothing of a document is cut in silence. Raises Invalid, naming the lines."""
    texts = [
        *(("the heading", each.title, 300, each.line) for each in document.sections),
        *(("the status", each.status, 200, each.line) for each in document.items),
        *(
            ("the blank's label", each.label, 120, each.line)
            for each in document.blanks
        ),
        *(("the step's title", each.title, 300, each.line) for each in document.steps),
        *(("the language", each.language, 40, each.line) for each in document.steps),
    ]
    faults = [
        FieldError(
            f"line {line}",
            "length",
            f"{what} has {len(text):,} characters; at most {most} are kept: shorten it",
        )
        for what, text, most, line in texts
        if len(text) > most
    ]
    if faults:
        raise Invalid.of(faults)


def _save_sections(document: Document, version: TemplateVersion) -> Sections:
    """Rows by the parsed section's identity; a whole comes before its parts."""
    saved: dict[int, Section] = {}

    def save(position: int, section: ParsedSection) -> None:
        part_of = saved[id(section.part_of)] if section.part_of else None
        saved[id(section)] = Section.objects.create(
            version=version,
            parent=part_of,
            position=position,
            slug=section.slug,
            title=section.title,
            kind=section.kind,
            body="\n".join(section.body),
            source_line=section.line,
        )

    for position, section in enumerate(document.sections):
        save(position, section)
    return saved


def _save_items(
    document: Document, version: TemplateVersion, sections: Sections
) -> Items:
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
                imported_aside=item.aside,
                imported_status=item.status,
                source_line=item.line,
            )
            for position, item in level
        )
        for (_, item), row in zip(level, rows, strict=True):
            saved[id(item)] = row
    return saved


def _save_fields(document: Document, sections: Sections, items: Items) -> None:
    Field.objects.bulk_create(
        Field(
            section=sections[id(blank.section)],
            item=items[id(blank.item)] if blank.item else None,
            position=position,
            label=blank.label,
            kind=blank.kind,
            choices=blank.choices,
            # What signing and filling in notes does later must hold nobody up.
            required=blank.item is not None and blank.section.kind != SIGN_OFF,
            source_line=blank.line,
        )
        for position, blank in enumerate(document.blanks)
    )


def _save_steps(document: Document, sections: Sections, items: Items) -> None:
    Step.objects.bulk_create(
        Step(
            section=sections[id(step.section)],
            item=items[id(step.item)] if step.item else None,
            position=position,
            title=step.title,
            language=step.language,
            body=step.text,
            budget=step.minutes * 60 if step.minutes is not None else None,
            source_line=step.line,
        )
        for position, step in enumerate(document.steps)
    )


def _save_checks(document: Document, items: Items) -> None:
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

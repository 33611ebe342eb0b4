"""Templates and their versions, for pages, API and command alike."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet

from kernel.errors import NotFound
from kernel.numbers import whole_number
from readiness.models import Item, Section, Template, TemplateVersion


def versions() -> QuerySet[TemplateVersion]:
    """Every version without its source bytes, with its template: one query."""
    return TemplateVersion.objects.select_related("template", "created_by").defer(
        "source"
    )


def templates() -> QuerySet[Template]:
    """Templates by title, their versions newest first: two queries."""
    return Template.objects.order_by("title", "pk")


def versions_of(rows: list[Template]) -> dict[int, list[TemplateVersion]]:
    """{template id: its versions, newest first}; one query."""
    versions_by_template: dict[int, list[TemplateVersion]] = {
        row.pk: [] for row in rows
    }
    for version in versions().filter(template__in=rows).order_by("template", "-number"):
        versions_by_template[version.template_id].append(version)
    return versions_by_template


def version(pk: int) -> TemplateVersion:
    """One version by id; raises NotFound."""
    row = versions().filter(pk=pk).first()
    if row is None:
        raise NotFound("There is no such checklist version.", code="not_found")
    return row


def numbered(template: int, number: int) -> TemplateVersion:
    """Version `number` of a template, with its source; raises NotFound."""
    row = (
        TemplateVersion.objects.select_related("template")
        .filter(template=template, number=number)
        .first()
    )
    if row is None:
        raise NotFound("There is no such checklist version.", code="not_found")
    return row


def find_template(given: str) -> Template:
    """A template by slug or id; raises NotFound."""
    number = whole_number(given)
    row = Template.objects.filter(Q(slug=given) | Q(pk=number)).first()
    if row is None:
        raise NotFound("There is no such template.", code="not_found")
    return row


def newest_draft(template: int) -> TemplateVersion | None:
    """The newest draft of a template, None when nothing waits to be published.

    Raises NotFound when there is no such template.
    """
    if not Template.objects.filter(pk=template).exists():
        raise NotFound("There is no such template.", code="not_found")
    return (
        versions()
        .filter(template=template, state=TemplateVersion.State.DRAFT)
        .order_by("-number")
        .first()
    )


def outline(row: TemplateVersion) -> list[Section]:
    """The sections of a version with their counts, parts added to their whole.

    Each has item_count, ticked_count, field_count, step_count and part_count.
    """
    counted = list(
        Section.objects.filter(version=row)
        .annotate(
            item_count=Count("items", distinct=True),
            ticked_count=Count(
                "items", filter=Q(items__imported_tick=True), distinct=True
            ),
            field_count=Count("fields", distinct=True),
            step_count=Count("steps", distinct=True),
        )
        .order_by("position")
    )
    by_id: dict[int, Any] = {section.pk: section for section in counted}
    for section in counted:
        by_id[section.pk].part_count = 0
    for part in reversed(counted):
        if part.parent_id is None:
            continue
        whole = by_id[part.parent_id]
        whole.part_count += 1
        for name in ("item_count", "ticked_count", "field_count", "step_count"):
            setattr(whole, name, getattr(whole, name) + getattr(part, name))
    return [section for section in counted if section.parent_id is None]


def items_by_section(row: TemplateVersion) -> dict[int, list[Item]]:
    """{id of the whole section: its items in document order}, with their checks,
    fields and steps: four queries whatever the size."""
    by_section: dict[int, list[Item]] = {}
    items = (
        Item.objects.filter(version=row)
        .select_related("section")
        .prefetch_related("checks", "fields", "steps")
        .order_by("position")
    )
    for item in items:
        whole = item.section.parent_id or item.section_id
        by_section.setdefault(whole, []).append(item)
    return by_section

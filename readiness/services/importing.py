"""Checklists become templates: read from Markdown, saved as drafts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

from django.db import transaction

from accounts.models import User
from kernel.errors import Conflict, FieldError, Invalid
from readiness.domain.definitions import tree_digest
from readiness.domain.parsing.deciding import decide
from readiness.domain.parsing.document import Document, Proposal
from readiness.domain.parsing.keys import Earlier, assign, slug
from readiness.domain.parsing.reading import parse
from readiness.domain.parsing.repair import Repair, Repairing
from readiness.models import Item, Template, TemplateVersion
from readiness.queries.templates import find_template
from readiness.services.publishing import log_version
from readiness.services.structure import save_structure

Draft = TemplateVersion.State.DRAFT
# More are counted, not listed.
ODD_LISTED = 500
LONGEST_TITLE = 200


@dataclass(frozen=True)
class Importing:
    """How a document is to be taken: as a new template called `name` (empty: the
    document's title) or as a version of the template `version_of` (its slug or id).
    `repair`: also the repairs that would only be offered. `checks` per item key
    replace the proposed ones."""

    name: str = ""
    version_of: str = ""
    repair: bool = False
    checks: Mapping[str, Sequence[Proposal]] | None = None


def import_template(data: bytes, how: Importing, by: User | None) -> TemplateVersion:
    """Save a checklist as a draft. The same bytes again give the draft that exists.

    Raises Invalid or TooLarge with line and reason, Invalid where there is neither
    name nor title, NotFound for a template that is none, and Conflict where a new
    template would get an existing one's name; then nothing is saved.
    """
    document = parse(data, Repairing.OFFERED if how.repair else Repairing.SURE)
    digest = sha256(document.source.bytes).hexdigest()
    with transaction.atomic():
        template, made = _template(document, how)
        newest = template.versions.order_by("-number").first()
        if newest and newest.state == Draft and newest.sha256 == digest:
            return newest
        if not (made or how.version_of):
            raise _taken(template)
        version = TemplateVersion(
            template=template,
            number=newest.number + 1 if newest else 1,
            created_by=by,
        )
        _read_into(version, document, _Wanted(checks=how.checks))
        log_version("imported", version, by, items=str(len(document.items)))
    return version


def read_again(
    version: TemplateVersion,
    by: User,
    *,
    decisions: Mapping[str, str],
    repair: bool = False,
) -> TemplateVersion:
    """Read a draft's document again: with the repairs that were offered, and with
    what a person decides where it contradicts itself, {contradiction's key: choice}.

    The kinds of its sections stay as corrected. Raises Conflict when the version is
    no draft.
    """
    with transaction.atomic():
        Template.objects.select_for_update().get(pk=version.template_id)
        version = TemplateVersion.objects.select_for_update().get(pk=version.pk)
        if version.state != Draft:
            raise Conflict("A published version never changes.", code="not_a_draft")
        kinds = dict(version.sections.values_list("source_line", "kind"))
        wanted = Repairing.OFFERED if repair else Repairing.NONE
        document = parse(bytes(version.source), wanted)
        version.sections.all().delete()
        _read_into(version, document, _Wanted(decisions, kinds))
        log_version(
            "decided",
            version,
            by,
            decisions=version.report["decisions"],
            repaired=str(version.report["repaired"]),
        )
    return version


@dataclass(frozen=True)
class _Wanted:
    """What is laid over a document as it was read; `kinds` by a section's line."""

    decisions: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[int, str] = field(default_factory=dict)
    checks: Mapping[str, Sequence[Proposal]] | None = None


def _read_into(version: TemplateVersion, document: Document, wanted: _Wanted) -> None:
    """Save the version and everything below it."""
    decisions = decide(document, wanted.decisions)
    similar = _give_keys(document, version)
    for section in document.sections:
        section.kind = wanted.kinds.get(section.line, section.kind)
    if wanted.checks is not None:
        for item in document.items:
            item.checks = list(wanted.checks.get(item.key, ()))
    version.source = document.source.bytes
    version.sha256 = sha256(document.source.bytes).hexdigest()
    version.tree_digest = tree_digest(document.items)
    version.header = document.header
    # What was repaired when the document came is not found again.
    version.repair = repairs_of(document.repairs) or version.repair
    version.report = {**report(document), "similar": similar, "decisions": decisions}
    version.report["repaired"] = sum(repair["times"] for repair in version.repair)
    version.save()
    save_structure(document, version)


def _template(document: Document, how: Importing) -> tuple[Template, bool]:
    """The template that the document joins, locked, and whether it was made now."""
    if how.version_of:
        template, made = find_template(how.version_of), False
    else:
        title = how.name.strip() or document.title
        if not title:
            raise Invalid.of(
                [FieldError("/name", "required", "the document has no title: name it")]
            )
        if len(title) > LONGEST_TITLE:
            limit = f"the document's title has more than {LONGEST_TITLE} characters: name it"
            raise Invalid.of([FieldError("/name", "length", limit)])
        template, made = Template.objects.get_or_create(
            slug=_template_slug(title), defaults={"title": title}
        )
    return Template.objects.select_for_update().get(pk=template.pk), made


def _taken(template: Template) -> Conflict:
    return Conflict(
        f"There is a checklist “{template.title}” already. Say that this is a version "
        "of it, or give it another name.",
        code="template_exists",
        extra={"current": {"id": str(template.pk), "slug": template.slug}},
    )


def repairs_of(repairs: Sequence[Repair]) -> list[dict[str, Any]]:
    return [{**asdict(repair), "names": repair.names} for repair in repairs]


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
        "offered": repairs_of(document.offered),
        "bytes": len(document.source.bytes),
        "contradictions": [
            {**asdict(clash), "key": clash.key} for clash in document.contradictions
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
        "odd_boxes": [asdict(box) for box in document.odd_boxes[:ODD_LISTED]],
        "odd_total": len(document.odd_boxes),
        "not_imported": document.not_imported,
    }


def _template_slug(title: str) -> str:
    """ASCII only, as it stands in URLs; other scripts get a digest of the title."""
    plain = slug(title)
    if plain and plain.isascii():
        return plain
    return f"checklist-{sha256(title.encode()).hexdigest()[:12]}"


def _give_keys(document: Document, version: TemplateVersion) -> list[dict[str, str]]:
    """Keys for every item; returns what was matched by similarity only."""
    template = version.template
    before = (
        template.versions.filter(number__lt=version.number).order_by("-number").first()
    )
    earlier: list[Earlier] = []
    if before is not None:
        earlier = [
            Earlier(key, parent or "", section, slug(title))
            for key, parent, section, title in before.items.values_list(
                "key", "parent__key", "section__slug", "title"
            )
        ]
    used = Item.objects.filter(version__template=template).values_list("key", flat=True)
    return [
        {"key": key, "before": was, "now": now}
        for key, was, now in assign(document.items, earlier, used)
    ]

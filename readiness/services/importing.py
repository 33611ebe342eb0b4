"""Checklists become templates: read from Markdown, saved as drafts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from django.db import transaction

from accounts.models import User
from readiness.domain.definitions import tree_digest
from readiness.domain.parsing.document import Document, Proposal
from readiness.domain.parsing.keys import Earlier, assign, slug
from readiness.domain.parsing.reading import parse
from readiness.models import Item, Template, TemplateVersion
from readiness.services.publishing import log_version
from readiness.services.structure import save_structure

Draft = TemplateVersion.State.DRAFT


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
        similar = _give_keys(document, template, newest)
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
                {**asdict(repair), "names": repair.names} for repair in document.repairs
            ],
            report={**report(document), "similar": similar},
            created_by=by,
        )
        save_structure(document, version)
        log_version("imported", version, by, items=str(len(document.items)))
    return version


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
        "repaired": sum(repair.times for repair in document.repairs),
        "bytes": len(document.source.bytes),
        "contradictions": [
            asdict(contradiction) for contradiction in document.contradictions
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

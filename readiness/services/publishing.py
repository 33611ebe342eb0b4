"""A draft's last corrections, and its publication: from then on it never changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit import services as audit
from kernel.errors import Conflict, FieldError, Invalid
from readiness.domain.parsing.document import KINDS
from readiness.models import Section, Template, TemplateVersion
from readiness.queries.structure import read_structure
from readiness.queries.templates import newest_draft, numbered

Draft = TemplateVersion.State.DRAFT
Published = TemplateVersion.State.PUBLISHED


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
        log_version(
            "published",
            version,
            by,
            tree_digest=version.tree_digest,
            shape_sha256=read_structure(version.pk).sha256(),
        )
    return version


def publish_draft(template: int, number: int | None, by: User) -> TemplateVersion:
    """Publish version `number` of a template, without it the newest draft.

    Raises NotFound, and Conflict when there is no draft.
    """
    version = numbered(template, number) if number else newest_draft(template)
    if version is None:
        raise Conflict("No draft waits to be published.", code="not_a_draft")
    return publish(version, by)


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
            log_version("kinds-corrected", version, by, kinds=changed)
    return len(changed)


def log_version(
    verb: str, version: TemplateVersion, by: User | None, **data: Any
) -> None:
    """One event of a template's life, with the version that it is about."""
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

"""Pages of checklists: what there is, import, preview, publish."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from kernel import markdown
from kernel.access import access
from kernel.errors import ProductError
from kernel.registry import PROBES
from kernel.requests import PersonRequest
from readiness.domain.parsing.document import KINDS
from readiness.domain.parsing.source import MAX_BYTES
from readiness.models import TemplateVersion
from readiness.queries import templates as queries
from readiness.services.builtin import builtin
from readiness.services.importing import import_template
from readiness.services.publishing import publish, set_kinds

WRITES = ("readiness.templates",)


@require_safe
@access("readiness.view")
def templates(request: HttpRequest) -> HttpResponse:
    """All checklists with their versions."""
    rows = list(queries.templates())
    versions = queries.versions_of(rows)
    return render(
        request,
        "readiness/templates.html",
        {"rows": [(row, versions[row.pk]) for row in rows]},
    )


@require_POST
@access("readiness.templates")
def take_builtin(request: PersonRequest) -> HttpResponse:
    """Publish the product's own checklist; a second click finds it there."""
    version = builtin(request.user)
    messages.success(request, f"“{version.template.title}” is published.")
    return redirect("readiness:templates")


@access("readiness.templates")
def upload(request: PersonRequest) -> HttpResponse:
    """Take a file, save it as a draft and show what was found."""
    if request.method != "POST":
        return render(request, "readiness/template_import.html", {})
    name = request.POST.get("name", "")[:200]
    file = request.FILES.get("file")
    problem = "" if file else "Choose a Markdown file first."
    if file:
        try:
            version = import_template(file.read(MAX_BYTES + 1), name, request.user)
        except ProductError as error:
            problem = error.detail
        else:
            return redirect("readiness:template-version", version.pk)
    context = {"problem": problem, "name": name, "file": file.name if file else ""}
    return render(request, "readiness/template_import.html", context, status=422)


@require_safe
@access("readiness.view")
def version(request: HttpRequest, pk: int) -> HttpResponse:
    """One version: the preview of a draft, the record of a published one."""
    row = queries.version(pk)
    sections = queries.outline(row)
    items = queries.items_by_section(row)
    checks = row.report.get("checks", [])
    context: dict[str, Any] = {
        "version": row,
        "report": row.report,
        "contradictions": [
            {**each, "detail": markdown.inline(each["detail"])}
            for each in row.report.get("contradictions", [])
        ],
        "sections": [(each, items.get(each.pk, [])) for each in sections],
        "total_fields": row.report.get("fields", 0),
        "kinds": KINDS,
        "bound": len({check["key"] for check in checks}),
        "missing": sorted({check["probe"] for check in checks} - set(PROBES)),
        "nested": row.report.get("items", 0) - row.report.get("top_level", 0),
        "may_publish": row.state == TemplateVersion.State.DRAFT
        and request.user.has_perm("readiness.templates"),
    }
    return render(request, "readiness/template_version.html", context)


@require_POST
@access("readiness.templates")
def decide(request: PersonRequest, pk: int) -> HttpResponse:
    """Save the corrected kinds of a draft; `do=publish` publishes it too."""
    row = queries.version(pk)
    kinds = {
        name.removeprefix("kind-"): kind
        for name, kind in request.POST.items()
        if name.startswith("kind-") and isinstance(kind, str)
    }
    user = request.user
    try:
        set_kinds(row, kinds, user)
        if request.POST.get("do") == "publish":
            publish(row, user)
            messages.success(request, f"{row} is published and never changes again.")
        else:
            messages.success(request, f"{row} is kept as a draft.")
    except ProductError as error:
        messages.error(request, error.detail)
    return redirect("readiness:template-version", row.pk)

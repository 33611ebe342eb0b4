"""Pages of checklists: what there is, import, preview, publish."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from kernel.access import access
from kernel.errors import ProductError
from kernel.registry import PROBES
from kernel.requests import PersonRequest
from kernel.uploads import IMPORT_BYTES, takes_upload
from readiness.domain.parsing.document import KINDS
from readiness.forms import ChecklistForm
from readiness.models import TemplateVersion
from readiness.pages.contradictions import contradictions
from readiness.queries import templates as queries
from readiness.services.builtin import builtin
from readiness.services.importing import import_template, read_again
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


@takes_upload(IMPORT_BYTES)
@access("readiness.templates")
def upload(request: PersonRequest) -> HttpResponse:
    """Take a file, save it as a draft and show what was found."""
    refused = request.method == "POST"
    form = ChecklistForm(request.POST, request.FILES) if refused else ChecklistForm()
    problem = ""
    if form.is_valid():
        try:
            version = import_template(form.document(), form.how(), request.user)
        except ProductError as error:
            problem = error.detail
        else:
            return redirect("readiness:template-version", version.pk)
    file = request.FILES.get("file")
    context = {"form": form, "problem": problem, "file": file.name if file else ""}
    return render(
        request,
        "readiness/template_import.html",
        context,
        status=422 if refused else 200,
    )


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
        "offered_times": sum(each["times"] for each in row.report.get("offered", [])),
        "contradictions": contradictions(row),
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
    """Save a draft's corrected kinds and decided contradictions; `do=repair` makes
    the repairs that are offered, `do=publish` publishes it."""
    row = queries.version(pk)
    do = request.POST.get("do")
    try:
        set_kinds(row, _named(request, "kind-"), request.user)
        decisions = _named(request, "decide-")
        if do == "repair" or decisions != row.report.get("decisions", {}):
            row = read_again(
                row, request.user, decisions=decisions, repair=do == "repair"
            )
        if do == "publish":
            publish(row, request.user)
            messages.success(request, f"{row} is published and never changes again.")
        else:
            messages.success(request, f"{row} is kept as a draft.")
    except ProductError as error:
        messages.error(request, error.detail)
    return redirect("readiness:template-version", row.pk)


def _named(request: PersonRequest, prefix: str) -> dict[str, str]:
    """The chosen values of the fields whose names begin so, by the names' rest."""
    return {
        name.removeprefix(prefix): value
        for name, value in request.POST.items()
        if name.startswith(prefix) and isinstance(value, str) and value
    }

"""A rule's page: its threshold, and the form that changes it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from kernel.access import access
from kernel.errors import Conflict, Invalid
from kernel.numbers import text
from kernel.requests import PersonRequest
from operations import pages, queries
from operations.forms import SilenceForm, ThresholdForm
from operations.models import Rule
from operations.services import rules, silences
from operations.services.silences import NewSilence


@access("operations.view", writes=("operations.manage",))
def rule(request: PersonRequest, name: str) -> HttpResponse:
    """A rule with its form; a stale one says what it is now."""
    row = queries.rule(name)
    if request.method != "POST":
        return _page(request, row, ThresholdForm(name, initial=_shown(row)), 200)
    form = ThresholdForm(name, request.POST)
    if not form.is_valid():
        return _page(request, row, form, 422)
    try:
        rules.set_threshold(name, **form.cleaned_data, by=request.user)
    except Conflict as error:
        form.add_error(None, error.detail)
        return _page(request, row, form, 409)
    messages.success(request, f"The threshold of {row.title} is changed.")
    return redirect("operations:rule", name=name)


@require_POST
@access("operations.acknowledge")
def silence(request: PersonRequest, name: str) -> HttpResponse:
    """Every target of the rule; a refused one is the rule's page again."""
    row, form = queries.rule(name), SilenceForm(request.POST)
    try:
        wish = NewSilence(rule=name, **form.check())
        silences.silence(wish, request.user, timezone.now())
    except Invalid:
        shown = ThresholdForm(name, initial=_shown(row))
        return _page(request, row, shown, 422, silence_form=form)
    messages.success(request, f"Silenced: nobody is told of “{row.title}”.")
    return redirect("operations:rule", name=name)


def _shown(row: Rule) -> dict[str, object]:
    return {"threshold": text(row.threshold), "revision": row.revision}


def _page(
    request: PersonRequest,
    row: Rule,
    form: ThresholdForm,
    status: int,
    *,
    silence_form: SilenceForm | None = None,
) -> HttpResponse:
    context = {
        "rule": row,
        "form": form,
        "silence_form": silence_form or SilenceForm(),
        "may": request.user.has_perm("operations.manage"),
        **pages.rule(row),
    }
    return render(request, "operations/rule.html", context, status=status)

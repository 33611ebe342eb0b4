"""A rule's page: its threshold, and the form that changes it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from kernel.access import access
from kernel.errors import Conflict
from kernel.numbers import text
from kernel.requests import PersonRequest
from operations import pages, queries
from operations.forms import ThresholdForm
from operations.models import Rule
from operations.services import rules


@access("operations.view", writes=("operations.manage",))
def rule(request: PersonRequest, name: str) -> HttpResponse:
    """A rule with its form; a stale one says what it is now."""
    row = queries.rule(name)
    if request.method != "POST":
        initial = {"threshold": text(row.threshold), "revision": row.revision}
        return _page(request, row, ThresholdForm(name, initial=initial), 200)
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


def _page(
    request: PersonRequest, row: Rule, form: ThresholdForm, status: int
) -> HttpResponse:
    may = request.user.has_perm("operations.manage")
    context = {"rule": row, "form": form, "may": may, **pages.rule(row)}
    return render(request, "operations/rule.html", context, status=status)

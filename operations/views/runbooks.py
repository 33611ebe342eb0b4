"""The runbooks, to be read before anything fires, or when its alert is not to be had."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kernel.access import access
from kernel.errors import NotFound
from operations import pages, queries


@require_safe
@access("operations.view")
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "operations/runbooks.html", pages.runbooks())


@require_safe
@access("operations.view")
def detail(request: HttpRequest, name: str) -> HttpResponse:
    if name not in queries.runbook_titles():
        raise NotFound("There is no such runbook.", code="not_found")
    return render(request, "operations/runbook.html", pages.runbook(name))

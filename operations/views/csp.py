"""The page of what browsers reported against the content policy."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kernel.access import access
from operations import queries
from operations.pages import PAGE
from operations.services import violations


@require_safe
@access("operations.view")
def index(request: HttpRequest) -> HttpResponse:
    page = queries.policy_violations(limit=PAGE, cursor=request.GET.get("cursor", ""))
    context = {
        "violations": page.rows,
        "next_cursor": page.next_cursor,
        "room": violations.ROOM,
    }
    return render(request, "operations/csp.html", context)

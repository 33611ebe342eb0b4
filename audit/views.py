"""The audit page: what was decided or changed, by whom, and whether it still holds."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from audit import queries
from audit.answers import Event
from kernel.access import access
from kernel.registry import actor_names
from kernel.web import page_or_fragment

ROWS = 50


@require_safe
@access("audit.view")
def index(request: HttpRequest) -> HttpResponse:
    page = queries.recent(ROWS, request.GET.get("cursor", ""))
    names = actor_names({row.actor for row in page.rows})
    older = page.next_cursor
    context = {
        "events": [Event.of(row, names) for row in page.rows],
        "older": older,
        "older_url": f"?cursor={older}" if older else "",
        "newest": reverse("audit:index") if "cursor" in request.GET else "",
        "verified": queries.verification(),
        "checkpoint": queries.newest_checkpoint(),
    }
    return page_or_fragment(
        request, "audit/index.html", {"events": "audit/parts/events.html"}, context
    )

"""The audit page: what was decided or changed, by whom, and whether it still holds."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from audit import queries
from audit.answers import Event, told
from kernel.access import access
from kernel.registry import count_export
from kernel.sheets import answers_csv, every_page
from kernel.web import page_or_fragment

ROWS = 50
AT_ONCE = 500


@require_safe
@access("audit.view")
def index(request: HttpRequest) -> HttpResponse:
    page = queries.recent(ROWS, request.GET.get("cursor", ""))
    older = page.next_cursor
    context = {
        "events": told(page.rows),
        "older": older,
        "older_url": f"?cursor={older}" if older else "",
        "newest": reverse("audit:index") if "cursor" in request.GET else "",
        "verified": queries.verification(),
        "checkpoint": queries.newest_checkpoint(),
    }
    return page_or_fragment(
        request, "audit/index.html", {"events": "audit/parts/events.html"}, context
    )


@require_safe
@access("audit.view")
def events_csv(request: HttpRequest) -> HttpResponseBase:
    """The whole log with the fields of GET /api/audit, newest first. Raises TooManyRequests."""
    count_export(request)
    pages = every_page(lambda cursor: queries.recent(AT_ONCE, cursor))
    return answers_csv(
        "audit", Event, (event for page in pages for event in told(page))
    )

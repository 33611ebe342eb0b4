"""Pages of reviews: the list, the form that opens one, and one review."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from kernel.access import access
from kernel.build import running
from kernel.cache import tag
from kernel.errors import BadRequest, Conflict, Invalid
from kernel.requests import PersonRequest
from kernel.web import not_modified, page_or_fragment
from readiness.forms import OpenReviewForm
from readiness.pages.board import FILTERS, LineFilter
from readiness.pages.review import review_context, review_rows
from readiness.queries.board import board
from readiness.queries.document import stated
from readiness.queries.reviews import find_review, reviews
from readiness.services.evidence.collecting import run_all
from readiness.services.reviews import open_review, tag_of

ROWS = 20
# Ages and freshness move without an event: a page is drawn again at the latest then.
DRAWN_AGAIN = 300


@require_safe
@access("readiness.view")
def index(request: HttpRequest) -> HttpResponse:
    """Reviews, newest first, each with its verdict."""
    page = reviews(ROWS, request.GET.get("cursor", ""))
    older = page.next_cursor
    context = {
        "rows": review_rows(page.rows, timezone.now()),
        "older_url": f"?cursor={older}" if older else "",
        "newest": reverse("readiness:index") if "cursor" in request.GET else "",
        "may_open": request.user.has_perm("readiness.open"),
    }
    return page_or_fragment(
        request,
        "readiness/index.html",
        {"reviews": "readiness/parts/reviews.html"},
        context,
    )


@access("readiness.open")
def new(request: PersonRequest) -> HttpResponse:
    """The form that opens a review; the running commit stands in it."""
    form = OpenReviewForm(
        request.POST if request.method == "POST" else None,
        initial={
            "release": settings.RRR_VERSION,
            "commit": running().commit,
            "environment": settings.RRR_ENV,
        },
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                review = open_review(form.review(), request.user)
            except (Invalid, Conflict) as error:
                form.add_error(None, error.detail)
                status = error.status
            else:
                messages.success(request, "The review is open.")
                return redirect("readiness:review", review=review.uuid)
    return render(request, "readiness/new.html", {"form": form}, status=status)


@require_safe
@access("readiness.view")
def review(request: PersonRequest, review: UUID) -> HttpResponse:
    """One review: verdict, meters, sections, items, sign-off, activity."""
    row = find_review(review)
    now = timezone.now()
    moment = int(now.timestamp()) // DRAWN_AGAIN
    etag = f"{tag(tag_of(row))}-{moment}-{request.user.pk}-{request.GET.urlencode()}"
    unchanged = not_modified(request, etag, of=[tag_of(row)])
    if unchanged:
        return unchanged
    keep = request.GET.get("state", "all")
    if keep not in FILTERS:
        raise BadRequest("There is no such filter.", code="state")
    asked = LineFilter(
        keep, request.GET.get("section", ""), request.GET.get("after", "")
    )
    context = review_context(board(row, now), request.user, asked)
    return page_or_fragment(
        request,
        "readiness/review.html",
        {"board": "readiness/parts/board.html"},
        {**context, "page_tag": etag, "printed_at": now, "stated": stated(row)},
    )


@require_POST
@access("readiness.run")
def collect(request: PersonRequest, review: UUID) -> HttpResponse:
    """Ask for the review's probes now: all, or those that did not pass last."""
    what = request.POST.get("what")
    if what not in {"all", "failed"}:
        raise BadRequest("Collecting names `what`: all or failed.", code="what")
    try:
        asked = run_all(find_review(review), failed=what == "failed")
    except Conflict as error:
        messages.error(request, error.detail)
    else:
        plural = "probe" if asked == 1 else "probes"
        messages.success(request, f"Asked for {asked} {plural}: the lines follow.")
    return redirect("readiness:review", review=review)

"""Pages of reviews: the list, one review, its items and what people do to them."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST

from accounts.models import User
from audit import queries as audit
from kernel.access import access
from kernel.build import running
from kernel.cache import tag
from kernel.errors import BadRequest, Conflict, Invalid, NotFound, ProductError
from kernel.web import not_modified, page_or_fragment, wanted_part
from readiness import presenters
from readiness.forms import EvidenceForm, OpenReviewForm
from readiness.models import Review, ReviewItem
from readiness.queries.board import Board, Row, board, boards
from readiness.queries.progress import progress, progress_of
from readiness.queries.reviews import (
    comments_of,
    evidence_of,
    find_item,
    find_review,
    reviews,
)
from readiness.services.claims import claim_item, fill_fields
from readiness.services.comments import comment
from readiness.services.evidence.blobs import blob_path
from readiness.services.evidence.collecting import run_now
from readiness.services.evidence.filing import confirm_evidence, file_evidence
from readiness.services.reviews import object_of, open_review, tag_of

ROWS = 20
ACTS = 12


@access("readiness.view")
def index(request: HttpRequest) -> HttpResponse:
    """Reviews, newest first, each with its verdict."""
    found, older = reviews(ROWS, request.GET.get("cursor", ""))
    now = timezone.now()
    shown = boards(found, now)
    sides = progress_of(list(shown.values()))
    rows = [
        {
            "review": review,
            "board": shown[review.pk],
            "verdict": presenters.verdict(shown[review.pk]),
            "panel": sides[review.pk],
            "state": presenters.state_of(shown[review.pk], sides[review.pk]),
        }
        for review in found
    ]
    context = {
        "rows": rows,
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
def new(request: HttpRequest) -> HttpResponse:
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
                review = open_review(form.review(), cast(User, request.user))
            except (Invalid, Conflict) as error:
                form.add_error(None, error.detail)
                status = error.status
            else:
                messages.success(request, "The review is open.")
                return redirect("readiness:review", review=review.uuid)
    return render(request, "readiness/new.html", {"form": form}, status=status)


@access("readiness.view")
def review(request: HttpRequest, review: UUID) -> HttpResponse:
    """One review: verdict, meters, sections, items, sign-off, activity."""
    row = find_review(review)
    now = timezone.now()
    # Ages and freshness move without an event: at the latest every five minutes.
    moment = f"{int(now.timestamp()) // 300}"
    etag = f"{tag(tag_of(row))}-{moment}-{request.user.pk}-{request.GET.urlencode()}"
    unchanged = not_modified(request, etag)
    if unchanged:
        return unchanged
    keep = request.GET.get("state", "all")
    if keep not in presenters.FILTERS:
        raise BadRequest("There is no such filter.", code="state")
    context = review_context(request, board(row, now), keep)
    return page_or_fragment(
        request,
        "readiness/review.html",
        {"board": "readiness/parts/board.html"},
        context,
    )


def review_context(request: HttpRequest, shown: Board, keep: str) -> dict[str, Any]:
    """What the review's page and each of its parts are drawn from."""
    events = audit.about([object_of(shown.review)], ACTS)
    side = progress(shown)
    return {
        "board": shown,
        "review": shown.review,
        "url": reverse("readiness:review", args=[shown.review.uuid]),
        "sign_url": reverse("readiness:review", args=[shown.review.uuid]) + "sign/",
        "verify_url": reverse("readiness:review", args=[shown.review.uuid]) + "verify/",
        "state": presenters.state_of(shown, side),
        "verdict": presenters.verdict(shown),
        "notes": presenters.notes(shown, side),
        "panel": presenters.signoff_panel(side),
        "sections": presenters.sections(shown, keep),
        "choices": presenters.choices(shown, keep),
        "keep": keep,
        "activity": presenters.activity(events),
        "may_claim": request.user.has_perm("readiness.claim"),
        "may_run": request.user.has_perm("readiness.run"),
        "page_tag": getattr(request, "page_tag", ""),
    }


@require_POST
@access("readiness.claim")
def claim(request: HttpRequest, review: UUID, item: int) -> HttpResponse:
    """Tick or untick: the item and everything it moves, or a redirect to it."""
    row = find_item(item, review)
    done = request.POST.get("done")
    revision = request.POST.get("revision", "")
    if done not in {"true", "false"} or not revision.isdecimal():
        raise BadRequest("A tick names `done` and the `revision` it saw.", code="tick")
    conflict = None
    try:
        claim_item(
            row,
            done=done == "true",
            revision=int(revision),
            note=request.POST.get("note", "")[:500],
            by=cast(User, request.user),
        )
    except Conflict as error:
        conflict = error
    if wanted_part(request) is not None:
        return _ticked(request, row, conflict)
    if conflict is not None:
        return _stale_page(request, row.review, row.pk, conflict)
    return redirect(reverse("readiness:review", args=[review]) + f"#{row.item.key}")


def _ticked(
    request: HttpRequest, ticked: ReviewItem, conflict: Conflict | None
) -> HttpResponse:
    """The row, its ancestors, and every count that it moves, in one answer."""
    shown = board(ticked.review, timezone.now())
    row = shown.by_id[ticked.pk]
    context = {
        **review_context(request, shown, "all"),
        "view": presenters.item_view(shown, row),
        "ancestors": [presenters.item_view(shown, one) for one in shown.ancestors(row)],
        "part": presenters.section_page(shown, row),
        "conflict": conflict,
        "undo": "false" if row.claim.claimed else "true",
        "say": _say(row, shown, conflict),
        "newest": getattr(ticked, "newest", False),
    }
    response = render(
        request, "readiness/parts/ticked.html", context, status=409 if conflict else 200
    )
    patch_vary_headers(response, ["HX-Request", "HX-Request-Type", "HX-Target"])
    return response


def _say(row: Row, shown: Board, conflict: Conflict | None) -> str:
    if conflict is not None:
        return conflict.detail
    what = "claimed" if row.claim.claimed else "no longer claimed"
    return f"{row.key} is {what}. {presenters.verdict(shown).title}."


def _stale_page(
    request: HttpRequest, review: Review, item: int, conflict: Conflict
) -> HttpResponse:
    """The same without JavaScript: who changed it, and the line as it is now."""
    shown = board(review, timezone.now())
    context = {
        **review_context(request, shown, "all"),
        "view": presenters.item_view(shown, shown.by_id[item]),
        "conflict": conflict,
    }
    return render(request, "readiness/conflict.html", context, status=409)


# --- one item -----------------------------------------------------------------


@access("readiness.view")
def item(request: HttpRequest, review: UUID, item: int) -> HttpResponse:
    """An item with the whole history of its evidence."""
    return _item_page(request, review, item, EvidenceForm())


def _item_page(
    request: HttpRequest, review: UUID, item: int, form: EvidenceForm, status: int = 200
) -> HttpResponse:
    row = find_review(review)
    shown = board(row, timezone.now())
    if item not in shown.by_id:
        raise NotFound("There is no such item.", code="not_found")
    view = presenters.item_view(shown, shown.by_id[item])
    context = {
        "board": shown,
        "review": row,
        "url": reverse("readiness:review", args=[review]),
        "view": view,
        "history": evidence_of(view.row.claim),
        "comments": comments_of(view.row.claim),
        "blanks": presenters.blanks(view.row),
        "form": form,
        "may_claim": request.user.has_perm("readiness.claim"),
        "may_run": request.user.has_perm("readiness.run"),
    }
    return render(request, "readiness/item.html", context, status=status)


@require_POST
@access("readiness.claim")
def fill(request: HttpRequest, review: UUID, item: int) -> HttpResponse:
    """Fill the blanks of a line, such as a date of expiry."""
    row = find_item(item, review)
    revision = request.POST.get("revision", "")
    if not revision.isdecimal():
        raise BadRequest("Filling names the `revision` it saw.", code="revision")
    values = {
        name.removeprefix("field:"): str(value).strip()
        for name, value in request.POST.items()
        if name.startswith("field:")
    }
    try:
        fill_fields(row, values, revision=int(revision), by=cast(User, request.user))
    except (Conflict, Invalid) as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, "Filled in.")
    return redirect("readiness:item", review=review, item=item)


@require_POST
@access("readiness.claim")
def say(request: HttpRequest, review: UUID, item: int) -> HttpResponse:
    """Comment on a line; comments are never signed."""
    row = find_item(item, review)
    try:
        comment(row, request.POST.get("text", "")[:5000], cast(User, request.user))
    except Invalid as error:
        messages.error(request, error.detail)
    return redirect("readiness:item", review=review, item=item)


@require_POST
@access("readiness.run")
def run(request: HttpRequest, review: UUID, item: int) -> HttpResponse:
    """Ask for the item's probes now."""
    row = find_item(item, review)
    try:
        asked = run_now(row, row.item.checks.all())
    except Conflict as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, f"Asked for {', '.join(asked)}: seconds from now.")
    return redirect("readiness:item", review=review, item=item)


@require_POST
@access("readiness.claim")
def add_evidence(request: HttpRequest, review: UUID, item: int) -> HttpResponse:
    """File a text, a link or a file; another person confirms it."""
    row = find_item(item, review)
    form = EvidenceForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            file_evidence(row, form.evidence(), cast(User, request.user))
        except ProductError as error:
            form.add_error(None, error.detail)
        else:
            messages.success(request, "Filed. It counts once another person confirms.")
            return redirect("readiness:item", review=review, item=item)
    return _item_page(request, review, item, form, status=422)


@require_POST
@access("readiness.claim")
def confirm(
    request: HttpRequest, review: UUID, item: int, evidence: int
) -> HttpResponse:
    """A second person agrees with what was filed."""
    row = find_item(item, review)
    try:
        confirm_evidence(row, evidence, cast(User, request.user))
    except ProductError as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, "Confirmed.")
    return redirect("readiness:item", review=review, item=item)


@access("readiness.view")
def blob(
    request: HttpRequest, review: UUID, item: int, evidence: int
) -> HttpResponseBase:
    """What was filed, as a download: nothing of it ever acts on our pages."""
    row = find_item(item, review)
    found = next((one for one in evidence_of(row, 500) if one.pk == evidence), None)
    if found is None or not found.blob_sha256:
        raise NotFound("There is no such file.", code="not_found")
    path = blob_path(found.blob_sha256)
    if not path.exists():
        raise NotFound("The file is no longer stored.", code="not_found")
    response = FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=found.blob_name or f"{found.blob_sha256[:16]}.txt",
        content_type="application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response

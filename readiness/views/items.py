"""What people do to a line of a review, and its page."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from types import MappingProxyType
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from kernel.access import access
from kernel.blobs import read
from kernel.errors import BadRequest, Conflict, Invalid, NotFound, ProductError
from kernel.numbers import whole_number
from kernel.registry import probe_title
from kernel.requests import PersonRequest
from kernel.texts import plain
from kernel.uploads import EVIDENCE_BYTES, takes_upload
from kernel.web import VARY, wanted_part
from readiness.forms import EvidenceForm, ExemptionForm, exemption_forms
from readiness.models import ReviewItem
from readiness.pages.board import FILTERS, LineFilter
from readiness.pages.item import item_context, record_context
from readiness.pages.review import tick_context
from readiness.queries.board import board
from readiness.queries.item import find_evidence, find_item
from readiness.queries.reviews import find_review
from readiness.services.claims import claim_item, fill_fields
from readiness.services.comments import comment
from readiness.services.evidence.collecting import run_now
from readiness.services.evidence.filing import confirm_evidence, file_evidence
from readiness.services.restoring import restore_item


@require_POST
@access("readiness.claim")
def claim(request: PersonRequest, review: UUID, item: int) -> HttpResponse:
    """Tick or untick: the item and everything it moves, or a redirect to it."""
    done = request.POST.get("done")
    revision = whole_number(request.POST.get("revision", ""))
    if done not in {"true", "false"} or revision is None:
        raise BadRequest("A tick names `done` and the `revision` it saw.", code="tick")
    conflict = None
    try:
        row = claim_item(
            item,
            review=review,
            done=done == "true",
            revision=revision,
            note=plain(request.POST.get("note", ""), "note"),
            by=request.user,
        )
    except Conflict as error:
        row, conflict = find_item(item, review), error
    if wanted_part(request) is not None:
        return _ticked(request, row, conflict)
    if conflict is not None:
        return _stale_page(request, row, conflict)
    # Of a long checklist only the section of the line is open.
    section = urlencode({"section": row.item.section.slug})
    page = reverse("readiness:review", args=[review])
    return redirect(f"{page}?{section}#{row.item.key}")


def _ticked(
    request: PersonRequest, ticked: ReviewItem, conflict: Conflict | None
) -> HttpResponse:
    """The row, its ancestors, and every count that it moves, in one answer."""
    query = parse_qs(urlsplit(request.headers.get("HX-Current-URL", "")).query)
    keep = query.get("state", ["all"])[0]
    asked = LineFilter(keep if keep in FILTERS else "all")
    context = tick_context(ticked, request.user, timezone.now(), conflict, asked)
    status = 409 if conflict else 200
    response = render(request, "readiness/parts/ticked.html", context, status=status)
    patch_vary_headers(response, VARY)
    return response


def _stale_page(
    request: PersonRequest, ticked: ReviewItem, conflict: Conflict
) -> HttpResponse:
    """The same without JavaScript: who changed it, and the line as it is now."""
    context = tick_context(ticked, request.user, timezone.now(), conflict, LineFilter())
    return render(request, "readiness/conflict.html", context, status=409)


@require_safe
@access("readiness.view")
def item(request: PersonRequest, review: UUID, item: int) -> HttpResponse:
    """An item with the whole history of its evidence; for its row on the page of the
    review only what stands behind its state."""
    if wanted_part(request) == "record":
        return _record(request, review, item)
    return item_page(request, review, item)


def _record(request: PersonRequest, review: UUID, item: int) -> HttpResponse:
    today = board(find_review(review), timezone.now())
    if item not in today.by_id:
        raise NotFound("There is no such item.", code="not_found")
    context = record_context(today, today.by_id[item], request.user)
    response = render(request, "readiness/parts/opened.html", context)
    patch_vary_headers(response, VARY)
    return response


def item_page(
    request: PersonRequest,
    review: UUID,
    item: int,
    form: EvidenceForm | None = None,
    status: int = 200,
    said: Mapping[str, str] = MappingProxyType({}),
    asked: ExemptionForm | None = None,
) -> HttpResponse:
    """The page of a line with what was not taken: evidence (`form`), a comment (`said`:
    its `text` and `problem`), or a waiver or "not applicable" (`asked`)."""
    row = find_review(review)
    shown = board(row, timezone.now())
    if item not in shown.by_id:
        raise NotFound("There is no such item.", code="not_found")
    context = item_context(shown, shown.by_id[item], request.user)
    shown_again = {**context, "form": form or EvidenceForm(), "said": said}
    if context["may_claim"] and context["view"].ticks:
        shown_again["asks"] = exemption_forms(asked)
    return render(request, "readiness/item.html", shown_again, status=status)


@require_POST
@access("readiness.claim")
def fill(request: PersonRequest, review: UUID, item: int) -> HttpResponse:
    """Fill the blanks of a line, such as a date of expiry."""
    row = find_item(item, review)
    revision = whole_number(request.POST.get("revision", ""))
    if revision is None:
        raise BadRequest("Filling names the `revision` it saw.", code="revision")
    values = {
        name.removeprefix("field:"): str(value).strip()
        for name, value in request.POST.items()
        if name.startswith("field:")
    }
    try:
        values = {name: plain(value, name) for name, value in values.items()}
        fill_fields(row, values, revision=revision, by=request.user)
    except (Conflict, Invalid) as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, "Filled in.")
    return redirect("readiness:item", review=review, item=item)


@require_POST
@access("readiness.claim")
def restore(request: PersonRequest, review: UUID, item: int) -> HttpResponse:
    """Bring a line back to what a signature holds of it."""
    row = find_item(item, review)
    revision = whole_number(request.POST.get("revision", ""))
    if revision is None:
        raise BadRequest("Restoring names the `revision` it saw.", code="revision")
    try:
        signoff = UUID(request.POST.get("signoff", ""))
    except ValueError as error:
        raise BadRequest("Restoring names a signature.", code="signoff") from error
    try:
        restore_item(row, signoff, revision, request.user)
    except Conflict as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, f"{row.item.key} is again what was signed.")
    return redirect("readiness:item", review=review, item=item)


@require_POST
@access("readiness.claim")
def say(request: PersonRequest, review: UUID, item: int) -> HttpResponse:
    """Comment on a line; comments are never signed."""
    row, typed = find_item(item, review), request.POST.get("text", "")
    try:
        comment(row, plain(typed, "text"), request.user)
    except Invalid as error:
        return item_page(
            request,
            review,
            item,
            status=422,
            said={"text": typed, "problem": error.detail},
        )
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
        named = ", ".join(map(probe_title, asked))
        messages.success(request, f"Asked for {named}: seconds from now.")
    return redirect("readiness:item", review=review, item=item)


@takes_upload(EVIDENCE_BYTES)
@require_POST
@access("readiness.claim")
def add_evidence(request: PersonRequest, review: UUID, item: int) -> HttpResponse:
    """File a text, a link or a file; another person confirms it."""
    row = find_item(item, review)
    form = EvidenceForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            file_evidence(row, form.evidence(), request.user)
        except ProductError as error:
            form.add_error(None, error.detail)
        else:
            messages.success(request, "Filed. It counts once another person confirms.")
            return redirect("readiness:item", review=review, item=item)
    return item_page(request, review, item, form, status=422)


@require_POST
@access("readiness.claim")
def confirm(
    request: PersonRequest, review: UUID, item: int, evidence: int
) -> HttpResponse:
    """A second person agrees with what was filed."""
    row = find_item(item, review)
    try:
        confirm_evidence(row, evidence, request.user)
    except ProductError as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, "Confirmed.")
    return redirect("readiness:item", review=review, item=item)


@require_safe
@access("readiness.view")
def blob(
    request: HttpRequest, review: UUID, item: int, evidence: int
) -> HttpResponseBase:
    """What was filed, as a download: nothing of it ever acts on our pages."""
    row = find_item(item, review)
    record = find_evidence(row, evidence)
    if not record.blob_sha256:
        raise NotFound("There is no such file.", code="not_found")
    content = read(record.blob_sha256)
    if content is None:
        raise NotFound(
            "The file is no longer stored as it was filed.", code="not_found"
        )
    response = FileResponse(
        BytesIO(content),
        as_attachment=True,
        filename=record.blob_name or f"{record.blob_sha256[:16]}.txt",
        content_type="application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response

"""What people do about waivers and "not applicable" on the page of a line."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from kernel.access import access
from kernel.errors import BadRequest, Conflict, NotFound, ProductError
from kernel.requests import PersonRequest
from readiness.forms import ExemptionForm, NotApplicableForm, WaiverForm
from readiness.models import NotApplicable, Waiver
from readiness.models.reviews import ExemptionRecord
from readiness.queries.exemptions import REVOKERS, find_exemption
from readiness.queries.item import find_item, with_children
from readiness.services import exemptions
from readiness.views.items import item_page

DECISIONS: dict[str, tuple[Callable[..., None], str]] = {
    "approve": (exemptions.approve, "Approved: it counts from now on."),
    "revoke": (exemptions.revoke, "Taken back."),
}


@require_POST
@access("readiness.claim")
def ask_waiver(request: PersonRequest, review: UUID, item: int) -> HttpResponse:
    """Ask for a waiver of a line, or of it and what stands under it."""
    return _asked(request, review, item, WaiverForm(request.POST))


@require_POST
@access("readiness.claim")
def ask_not_applicable(request: PersonRequest, review: UUID, item: int) -> HttpResponse:
    """Say that a line, or it and what stands under it, has nothing to say here."""
    return _asked(request, review, item, NotApplicableForm(request.POST))


def _asked(
    request: PersonRequest, review: UUID, item: int, form: ExemptionForm
) -> HttpResponse:
    line = find_item(item, review)
    if form.is_valid():
        lines = with_children(line) if form.cleaned_data["with_children"] else [line]
        try:
            form.ask(lines, request.user, timezone.now())
        except ProductError as error:
            form.tell(error)
        else:
            counts = f"{len(lines)} lines" if len(lines) > 1 else line.item.key
            messages.success(request, f"Asked for {counts}. {form.next_step}")
            return redirect("readiness:item", review=review, item=item)
    return item_page(request, review, item, status=422, asked=form)


@require_POST
@access(*REVOKERS)
def decide_waiver(
    request: PersonRequest, review: UUID, item: int, exemption: int
) -> HttpResponse:
    """Approve a waiver that somebody else asked for, or take one back."""
    return _decided(request, review, item, find_exemption(Waiver, exemption))


@require_POST
@access(*REVOKERS)
def decide_not_applicable(
    request: PersonRequest, review: UUID, item: int, exemption: int
) -> HttpResponse:
    """Agree that a line has nothing to say here, or take that back."""
    return _decided(request, review, item, find_exemption(NotApplicable, exemption))


def _decided(
    request: HttpRequest, review: UUID, item: int, row: ExemptionRecord
) -> HttpResponse:
    if row.review_item.pk != item or row.review_item.review.uuid != review:
        raise NotFound("There is no such request here.", code="not_found")
    act, said = DECISIONS.get(request.POST.get("decision", ""), (None, ""))
    if act is None:
        raise BadRequest("Say whether to approve it or to revoke it.", code="decision")
    try:
        act(row, request.user)
    except Conflict as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, said)
    return redirect("readiness:item", review=review, item=item)

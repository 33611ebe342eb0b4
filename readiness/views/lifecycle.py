"""The page of what becomes of a review, and its forms."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from kernel.access import access
from kernel.errors import Conflict, FieldError, Forbidden, Invalid
from kernel.requests import PersonRequest
from kernel.texts import plain
from readiness.models import Review
from readiness.pages.lifecycle import lifecycle_context
from readiness.queries.board import board
from readiness.queries.follow_ups import find_follow_up
from readiness.queries.reviews import find_review
from readiness.services import follow_ups
from readiness.services import lifecycle as services

FIELDS = ("reason", "note", "kind", "text", "day")


@require_safe
@access("readiness.view")
def page(request: PersonRequest, review: UUID) -> HttpResponse:
    """What became of a review and by whom, its follow-ups, and what may be done now."""
    return _page(request, find_review(review))


@require_POST
@access("readiness.deploy")
def deploy(request: PersonRequest, review: UUID) -> HttpResponse:
    """Mark it deployed."""
    row = find_review(review)
    return done(
        request,
        row,
        "deploy",
        "Deployed: its follow-ups have their dates.",
        lambda: services.deploy(row, request.user),
    )


@require_POST
@access("readiness.open", objects="one's own, or Administrator")
def abort(request: PersonRequest, review: UUID) -> HttpResponse:
    """End it, with a reason."""
    row, reason = find_review(review), typed(request, "reason")
    return done(
        request,
        row,
        "abort",
        "Aborted.",
        lambda: services.abort(row, reason, request.user),
    )


@require_POST
@access("readiness.end")
def invalidate(request: PersonRequest, review: UUID) -> HttpResponse:
    """Say that nothing of it can be relied on."""
    row, reason = find_review(review), typed(request, "reason")
    return done(
        request,
        row,
        "invalidate",
        "Invalidated.",
        lambda: services.invalidate(row, reason, request.user),
    )


@require_POST
@access("readiness.claim", "readiness.deploy")
def plan(request: PersonRequest, review: UUID) -> HttpResponse:
    """Set the day of the next review."""
    row = find_review(review)

    def change() -> None:
        try:
            day = date.fromisoformat(typed(request, "day"))
        except ValueError as error:
            fault = FieldError("/day", "date", "a day as 2026-12-31")
            raise Invalid.of([fault]) from error
        services.set_next_review(row, day, request.user)

    return done(request, row, "plan", "The next review is planned.", change)


@require_POST
@access("readiness.claim", "readiness.deploy")
def answer(request: PersonRequest, review: UUID, follow_up: int) -> HttpResponse:
    """Say what was seen after the deployment."""
    row, note = find_follow_up(follow_up, review), typed(request, "note")
    return done(
        request,
        row.review,
        f"answer-{row.pk}",
        f"The follow-up after {row.window} is answered.",
        lambda: follow_ups.answer(row, note, request.user),
    )


def typed(request: PersonRequest, name: str) -> str:
    return plain(request.POST.get(name, ""), name)


def done(
    request: PersonRequest,
    review: Review,
    form: str,
    said: str,
    change: Callable[[], object],
) -> HttpResponse:
    """Back to the page, or the page again with what was typed and why it was refused
    at the form."""
    try:
        change()
    except (Conflict, Forbidden, Invalid) as error:
        given = {name: typed(request, name) for name in FIELDS}
        refused = {**given, "form": form, "problem": error.detail}
        return _page(request, find_review(review.uuid), refused, error.status)
    messages.success(request, said)
    return redirect("readiness:lifecycle", review=review.uuid)


def _page(
    request: PersonRequest,
    review: Review,
    refused: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    context = lifecycle_context(board(review, now), request.user, now)
    return render(
        request,
        "readiness/lifecycle.html",
        {**context, "refused": refused or {}},
        status=status,
    )

"""Pages of work on several lines, of notes, and of what changed since the last review."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from kernel.access import access
from kernel.display import plural
from kernel.errors import BadRequest, Conflict, Invalid, ProductError
from kernel.numbers import whole_number
from kernel.requests import PersonRequest
from readiness.models import Review, ReviewItem
from readiness.pages.work import change_rows, lines_context
from readiness.queries.board import board
from readiness.queries.notes import find_note
from readiness.queries.review_diff import compared
from readiness.queries.reviews import find_review
from readiness.queries.work import LineSearch, lines_of
from readiness.services import notes
from readiness.services.assigning import assign, own_section
from readiness.services.claims import MOST_AT_ONCE, RefusedLine, claim_several
from readiness.views.lifecycle import done, typed

NAMES = {"q": "text", "state": "state", "section": "section", "assignee": "assignee"}


@require_safe
@access("readiness.view")
def lines(request: PersonRequest, review: UUID) -> HttpResponse:
    """Lines that somebody looks for, with what may be done to several."""
    return _page(request, find_review(review), asked(request))


@require_POST
@access("readiness.claim")
def work(request: PersonRequest, review: UUID) -> HttpResponse:
    """Claim the chosen lines, take their claims back, or give them to somebody."""
    row, do = find_review(review), request.POST.get("do")
    kept = parse_qs(request.POST.get("query", ""))
    query = {name: kept.get(name, [""])[0] for name in NAMES}
    refused: list[RefusedLine] = []
    try:
        chosen = _chosen(request, row)
        if not chosen:
            raise Invalid("Choose at least one line.", code="required")
        if do == "assign":
            assign(
                [line for line, _ in chosen], typed(request, "assignee"), request.user
            )
        elif do in {"claim", "unclaim"}:
            refused = claim_several(
                chosen, done=do == "claim", note="", by=request.user
            )
        else:
            raise BadRequest("There is no such thing to do.", code="do")
    except (Conflict, Invalid) as error:
        return _page(request, row, query, problem=error.detail, status=error.status)
    told = f"{len(chosen) - len(refused)} of {plural(len(chosen), 'line')} changed."
    if refused:
        return _page(request, row, query, refused=refused, problem=told, status=409)
    messages.success(request, told)
    where = reverse("readiness:lines", args=[row.uuid])
    return redirect(f"{where}?{_query(query)}")


@require_POST
@access("readiness.claim")
def own(request: PersonRequest, review: UUID) -> HttpResponse:
    """Say who owns a section."""
    row, section = find_review(review), typed(request, "section")
    try:
        own_section(row, section, typed(request, "owner"), request.user)
    except (Conflict, Invalid) as error:
        query = dict.fromkeys(NAMES, "")
        return _page(request, row, query, problem=error.detail, status=error.status)
    messages.success(request, "The section has its owner.")
    return redirect("readiness:lines", review=row.uuid)


def _chosen(request: PersonRequest, review: Review) -> list[tuple[ReviewItem, int]]:
    """The lines with the revisions that were seen of them."""
    seen: dict[int, int] = {}
    values = request.POST.getlist("line")
    if len(values) > MOST_AT_ONCE:
        raise Invalid(f"Choose at most {MOST_AT_ONCE} lines at once.", code="many")
    for value in values:
        line, _, revision = str(value).partition(":")
        pk, number = whole_number(line), whole_number(revision)
        if pk is None or number is None:
            raise BadRequest("A line is chosen with its revision.", code="line")
        seen[pk] = number
    return [(line, seen[line.pk]) for line in lines_of(review, list(seen))]


def _page(
    request: PersonRequest,
    review: Review,
    query: dict[str, str],
    *,
    refused: list[RefusedLine] | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    today = board(review, timezone.now())
    context = {
        **lines_context(
            today,
            search_of(query),
            request.user,
            query=_query(query),
            after=request.GET.get("after", ""),
        ),
        "refused": refused or [],
        "problem": problem,
    }
    return render(request, "readiness/lines.html", context, status=status)


def asked(request: HttpRequest) -> dict[str, str]:
    """The filter as the address names it."""
    return {name: request.GET.get(name, "") for name in NAMES}


def search_of(query: Mapping[str, str]) -> LineSearch:
    return LineSearch(**{NAMES[name]: value for name, value in query.items()})


def _query(query: dict[str, str]) -> str:
    return urlencode({name: value for name, value in query.items() if value})


@require_safe
@access("readiness.view")
def diff(request: HttpRequest, review: UUID) -> HttpResponse:
    """What changed since the last review of the checklist."""
    row = find_review(review)
    held = compared(row, None, timezone.now())
    context = {
        "review": row,
        "url": reverse("readiness:review", args=[row.uuid]),
        "against": held.against,
        "diff": held.diff,
        "rows": change_rows(held.diff),
    }
    return render(request, "readiness/diff.html", context)


@require_POST
@access("readiness.claim")
def write_note(request: PersonRequest, review: UUID) -> HttpResponse:
    """Write a note or a known issue."""
    row = find_review(review)
    kind, text = typed(request, "kind"), typed(request, "text")
    return done(
        request,
        row,
        "note",
        "Written down.",
        lambda: notes.write(row, kind, text, request.user),
    )


@require_POST
@access("readiness.claim")
def resolve_note(request: PersonRequest, review: UUID, note: int) -> HttpResponse:
    """A known issue is one no more."""
    row = find_note(note, review)
    try:
        notes.resolve(row, request.user)
    except ProductError as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, "Resolved.")
    return redirect("readiness:lifecycle", review=review)

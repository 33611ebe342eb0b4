"""The page on which a person reads and signs, and the one that verifies."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.queries import signing_key_of
from accounts.services import login_limits
from accounts.services.limits import gate
from audit import queries as audit
from kernel.access import access
from kernel.errors import Conflict, Forbidden, Invalid
from kernel.requests import PersonRequest
from kernel.texts import plain
from readiness.pages.signoffs import meanings
from readiness.queries.board import board
from readiness.queries.records import named
from readiness.queries.reviews import find_review
from readiness.queries.statements import last_signature, my_role, statement_for
from readiness.queries.verification import checked_signatures
from readiness.services.signing import SignatureRequest, sign


@gate("sign")
@access("readiness.view", writes=("readiness.sign",))
def sign_page(request: PersonRequest, review: UUID) -> HttpResponse:
    """Read what you sign, then sign it; works without a script."""
    row = find_review(review)
    person = request.user
    asked = request.POST.get("role") or request.GET.get("role")
    role = asked or my_role(row, person) or str(row.policy[0]["role"])
    problem: Conflict | Forbidden | Invalid | None = None
    if request.method == "POST":
        try:
            sign(
                row,
                _signature_request(request, role),
                person,
                partial(login_limits.confirming, request),
            )
        except (Conflict, Forbidden, Invalid) as error:
            problem = error
        else:
            messages.success(request, f"Signed as {role}.")
            return redirect("readiness:review", review=row.uuid)
    shown = statement_for(board(row, timezone.now()), role, person)
    last = last_signature(shown.signed, role, person)
    context: dict[str, Any] = {
        "review": row,
        "shown": shown,
        "last": last,
        "key": signing_key_of(person),
        "problem": problem,
        "meaning": request.POST.get("meaning", ""),
        "note": request.POST.get("note", ""),
        "meanings": meanings(may_approve=shown.may_approve),
        "groups": max(int(rule["group"]) for rule in row.policy),
    }
    status = problem.status if problem else 200
    return render(request, "readiness/sign.html", context, status=status)


def _signature_request(request: HttpRequest, role: str) -> SignatureRequest:
    given = request.POST
    return SignatureRequest(
        role=role,
        meaning=given.get("meaning", ""),
        statement_sha256=given.get("statement_sha256", ""),
        password=given.get("password", ""),
        passphrase=given.get("passphrase", ""),
        note=plain(given.get("note", ""), "note"),
    )


@require_safe
@access("readiness.view")
def verify_page(request: HttpRequest, review: UUID) -> HttpResponse:
    """Every envelope checked again from its bytes; the log walked whole, at most a
    minute ago and never before its newest event."""
    row = find_review(review)
    shown = board(row, timezone.now())
    again = checked_signatures(shown)
    context = {
        "review": row,
        "differs": named(shown.differences),
        "checked": again.checked,
        "missing": again.signatures.missing,
        "log": audit.verification(),
    }
    return render(request, "readiness/verify.html", context)

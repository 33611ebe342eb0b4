"""Pages of alerts and rules."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.models import User
from kernel.access import access
from kernel.cache import tag
from kernel.errors import Conflict
from kernel.registry import actor_names
from kernel.web import not_modified, page_or_fragment
from operations import queries
from operations.forms import ThresholdForm
from operations.services import alerting, incidents, rules

DECIDES = ("operations.acknowledge",)


@access("operations.view")
def index(request: HttpRequest) -> HttpResponse:
    """Open alerts first, then what resolved, page by page."""
    etag = f"{tag(alerting.TAG)}-{request.GET.urlencode()}-{request.user.pk}"
    unchanged = not_modified(request, etag)
    if unchanged:
        return unchanged
    resolved, following = queries.alerts(
        state="resolved", limit=50, after=request.GET.get("cursor", "")
    )
    context = {
        "open_alerts": queries.open_alerts(),
        "resolved": resolved,
        "next_cursor": following,
        "rules": queries.rules(),
    }
    response = page_or_fragment(
        request,
        "operations/alerts.html",
        {"alerts": "operations/parts/alerts.html"},
        context,
    )
    response["ETag"] = f'W/"{etag}"'
    return response


@access("operations.view")
def detail(request: HttpRequest, uid: UUID) -> HttpResponse:
    alert = queries.alert(uid)
    entries = queries.timeline(alert)
    context = {
        "alert": alert,
        "timeline": entries,
        "names": actor_names({entry.actor for entry in entries}),
        "rule": {rule.name: rule for rule in queries.rules()}.get(alert.rule),
    }
    return page_or_fragment(
        request,
        "operations/alert.html",
        {"alert": "operations/parts/alert.html"},
        context,
    )


@require_POST
@access(*DECIDES)
def acknowledge(request: HttpRequest, uid: UUID) -> HttpResponse:
    return _decide(
        request, uid, incidents.acknowledge, "Acknowledged: nobody else is paged."
    )


@require_POST
@access("operations.manage")
def resolve(request: HttpRequest, uid: UUID) -> HttpResponse:
    return _decide(request, uid, incidents.resolve_by_hand, "Resolved by hand.")


def _decide(request: HttpRequest, uid: UUID, decision: Any, said: str) -> HttpResponse:
    try:
        decision(uid, cast(User, request.user), timezone.now())
    except Conflict as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, said)
    return redirect("operations:alert", uid=uid)


@access("operations.view", writes=("operations.manage",))
def rule(request: HttpRequest, name: str) -> HttpResponse:
    """A rule with its form; a stale one says what it is now."""
    row = queries.rule(name)
    given = request.POST if request.method == "POST" else None
    shown = {"threshold": f"{row.threshold.normalize():f}", "revision": row.revision}
    form = ThresholdForm(name, given, initial=shown)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                rules.set_threshold(
                    name,
                    form.cleaned_data["threshold"],
                    revision=form.cleaned_data["revision"],
                    by=cast(User, request.user),
                )
            except Conflict as error:
                form.add_error(None, error.detail)
                status = 409
            else:
                messages.success(request, f"The threshold of {row.title} is changed.")
                return redirect("operations:rule", name=name)
        else:
            status = 422
    context = {
        "rule": row,
        "form": form,
        "may": request.user.has_perm("operations.manage"),
    }
    return render(request, "operations/rule.html", context, status=status)

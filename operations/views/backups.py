"""The backups page: what there is, how old, and a button to take one now."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from kernel.access import access
from operations import pages
from operations.services.backups import taking


@require_safe
@access("operations.view")
def index(request: HttpRequest) -> HttpResponse:
    context = pages.backups(request.GET.get("cursor", ""))
    context["may"] = request.user.has_perm("operations.manage")
    return render(request, "operations/backups.html", context)


@require_POST
@access("operations.manage")
def take(request: HttpRequest) -> HttpResponse:
    """Ask for one; the heavy worker takes it."""
    taking.request()
    messages.success(request, "A backup is queued; it appears here when it is done.")
    return redirect("operations:backups")

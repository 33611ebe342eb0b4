"""Filters that a person keeps under a name."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.services.filters import LISTS, forget_filter, save_filter
from kernel.access import access
from kernel.errors import Invalid
from kernel.requests import PersonRequest
from kernel.texts import plain
from kernel.web import local_path


@require_POST
@access()
def keep(request: PersonRequest, of: str) -> HttpResponse:
    """Save a filter of a list under a name, or forget it."""
    if of not in LISTS:
        raise Http404
    name, query = (plain(request.POST.get(key, ""), key) for key in ("name", "query"))
    try:
        if request.POST.get("do") == "forget":
            forget_filter(request.user, of, name)
        else:
            save_filter(request.user, of, name, query)
    except Invalid as error:
        messages.error(request, error.detail)
    return redirect(local_path(request.POST.get("next", ""), "/"))

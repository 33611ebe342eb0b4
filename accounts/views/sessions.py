"""Ending one's own sessions, from the page that lists them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.services import sessions
from kernel.access import access
from kernel.requests import PersonRequest


@require_POST
@access(objects="own sessions")
def end(request: PersonRequest, sid: str) -> HttpResponse:
    """End one of them; ending this one logs out."""
    ended = sessions.end_own(request.user, sid)
    if not ended:
        messages.info(request, "That session had ended already.")
    elif sid == sessions.sid_of(request):
        request.session.flush()
        return redirect("accounts:login")
    else:
        messages.success(request, "That session is ended.")
    return redirect("accounts:profile")


@require_POST
@access(objects="own sessions")
def end_all(request: PersonRequest) -> HttpResponse:
    """Log out everywhere, here too."""
    sessions.end_everywhere(request.user)
    request.session.flush()
    messages.success(request, "You are logged out everywhere.")
    return redirect("accounts:login")

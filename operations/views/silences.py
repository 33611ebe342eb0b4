"""Ending a silence before its time."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from kernel.access import access
from kernel.errors import Conflict
from kernel.requests import PersonRequest
from operations.services import silences


@require_POST
@access("operations.acknowledge")
def end(request: PersonRequest, uid: UUID) -> HttpResponse:
    try:
        silences.end(uid, request.user, timezone.now())
    except Conflict as error:
        messages.error(request, error.detail)
    else:
        messages.success(
            request, "The silence has ended: people are told again of what fires."
        )
    return redirect("operations:alerts")

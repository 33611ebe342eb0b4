"""The operations page, the jobs page, and the buttons that run something."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from kernel.access import access
from kernel.cache import tag
from kernel.texts import plain
from kernel.web import not_modified, page_or_fragment
from operations import pages
from operations.services import alerting, catalogue, probing, scheduler

# Ages on the page grow without anything happening: an unchanged page is sent again
# after so many seconds.
AGES_KEPT_SECONDS = 20


@require_safe
@access("operations.view")
def index(request: HttpRequest) -> HttpResponse:
    """Failing first; a poll gets a 304 until something ran, fired or grew old."""
    at = timezone.now()
    shown = pages.shown_probes(request.GET.get("p", ""))
    etag = "-".join(
        [
            tag(catalogue.TAG, alerting.TAG),
            str(int(at.timestamp()) // AGES_KEPT_SECONDS),
            shown,
            str(request.user.pk),
        ]
    )
    unchanged = not_modified(request, etag)
    if unchanged:
        return unchanged
    return page_or_fragment(
        request,
        "operations/index.html",
        {"board": "operations/parts/board.html"},
        pages.board(at, shown),
    )


@require_safe
@access("operations.view")
def jobs(request: HttpRequest) -> HttpResponse:
    return render(request, "operations/jobs.html", pages.jobs(timezone.now()))


@require_POST
@access("operations.manage")
def run_job(request: HttpRequest, name: str) -> HttpResponse:
    run = scheduler.request_job(name)
    messages.success(request, f"{run.job.title} is queued.")
    return redirect("operations:jobs")


@require_POST
@access("readiness.run", "operations.manage")
def run_probe(request: HttpRequest, name: str) -> HttpResponse:
    """The form's other fields are the params."""
    params = {key: plain(str(value), key) for key, value in request.POST.items()}
    params.pop("csrfmiddlewaretoken", None)
    run = probing.request(name, params)
    messages.success(request, f"{run.job.title} is queued.")
    return redirect("operations:index")

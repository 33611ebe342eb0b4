"""The operations page, the jobs page, and the buttons that run something."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from kernel.access import access
from kernel.cache import tag
from kernel.errors import Conflict, Invalid
from kernel.requests import PersonRequest
from kernel.texts import plain
from kernel.web import not_modified, page_or_fragment
from operations import pages, queries
from operations.forms import PauseForm
from operations.queries.jobs import JobLine
from operations.services import alerting, catalogue, pausing, probing, scheduler

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


@require_http_methods(["GET", "HEAD", "POST"])
@access("operations.manage")
def pause_job(request: PersonRequest, name: str) -> HttpResponse:
    """Why and for how long; or why nobody may."""
    line = queries.job_line(name, timezone.now())
    if request.method != "POST":
        return _pause(request, line, PauseForm(), 200)
    form = PauseForm(request.POST)
    try:
        pausing.pause(name, **form.check(), by=request.user, at=timezone.now())
    except Invalid as error:
        if not form.errors:
            form.tell(error)
        return _pause(request, line, form, 422)
    except Conflict as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, f"{line.job.title} is paused.")
    return redirect("operations:jobs")


def _pause(
    request: HttpRequest, line: JobLine, form: PauseForm, status: int
) -> HttpResponse:
    context = {"line": line, "form": form}
    return render(request, "operations/pause.html", context, status=status)


@require_POST
@access("operations.manage")
def resume_job(request: PersonRequest, name: str) -> HttpResponse:
    try:
        job = pausing.resume(name, by=request.user, at=timezone.now())
    except Conflict as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, f"{job.title} keeps its schedule again.")
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

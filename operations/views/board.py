"""The operations page, the jobs page, and the buttons that run something."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from kernel.access import access
from kernel.cache import tag
from kernel.web import not_modified, page_or_fragment
from operations import queries
from operations.presenters import day_strip
from operations.queries.copies import backup_page
from operations.services import alerting, catalogue, probing, scheduler

SHOWN = ("all", "failing", "no-data")
# Ages on the page grow without anything happening: an unchanged page is sent again
# after so many seconds.
AGES_KEPT_SECONDS = 20


@access("operations.view")
def index(request: HttpRequest) -> HttpResponse:
    """Failing first; a poll gets a 304 until something ran, fired or grew old."""
    at = timezone.now()
    shown = request.GET.get("p", "all")
    etag = "-".join(
        [
            tag(catalogue.TAG, alerting.TAG),
            str(int(at.timestamp()) // AGES_KEPT_SECONDS),
            shown if shown in SHOWN else "all",
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
        _board(at, shown),
    )


def _board(at: datetime, shown: str) -> dict[str, Any]:
    probes, jobs = queries.probe_board(at), queries.job_board(at)
    processes = queries.processes(at)
    failing = [line for line in probes if line.state == "failing"]
    no_data = [line for line in probes if line.state in {"no_data", "never"}]
    backups, _ = backup_page(limit=5)
    return {
        "at": at,
        "alerts": [row for row in queries.open_alerts() if row.state == "firing"],
        "failing": failing,
        "no_data": no_data,
        "probes": [
            (line, day_strip(line.day))
            for line in {"failing": failing, "no-data": no_data}.get(shown, probes)
        ],
        "probes_all": probes,
        "shown": shown if shown in SHOWN else "all",
        "passing": sum(line.state in {"passing", "measured"} for line in probes),
        "jobs": jobs,
        "jobs_failing": [line for line in jobs if line.state == "failing"],
        "processes": processes,
        "fresh": sum(not line.stale for line in processes),
        "last_tick": queries.last_tick(),
        "backups": backups,
    }


@access("operations.view")
def jobs(request: HttpRequest) -> HttpResponse:
    """Every job with its schedule, and the newest runs."""
    at = timezone.now()
    context = {
        "at": at,
        "jobs": queries.job_board(at),
        "runs": queries.recent_runs(50),
    }
    return render(request, "operations/jobs.html", context)


@require_POST
@access("operations.manage")
def run_job(request: HttpRequest, name: str) -> HttpResponse:
    scheduler.request_job(name)
    messages.success(request, f"{name} is queued.")
    return redirect("operations:jobs")


@require_POST
@access("readiness.run", "operations.manage")
def run_probe(request: HttpRequest, name: str) -> HttpResponse:
    """The form's other fields are the params."""
    own = {"csrfmiddlewaretoken"}
    params = {key: value for key, value in request.POST.items() if key not in own}
    probing.request(name, {key: str(value) for key, value in params.items()})
    messages.success(request, f"{name} is queued.")
    return redirect("operations:index")

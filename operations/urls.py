from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from operations.api import alerts as alerts_api
from operations.api import backups as backups_api
from operations.api import csp as csp_api
from operations.api import engine
from operations.api import rules as rules_api
from operations.api import silences as silences_api
from operations.views import (
    alerts,
    backups,
    board,
    csp,
    files,
    health,
    metrics,
    rules,
    runbooks,
    silences,
)

app_name = "operations"
urlpatterns: list[URLPattern | URLResolver] = [
    path("health", health.health_all, name="health"),
    path("health/live", health.live, name="live"),
    path("health/fault", health.fault, name="fault"),
    path("health/ready", health.ready, name="ready"),
    path("metrics", metrics.metrics, name="metrics"),
    path("operations/", board.index, name="index"),
    path("operations/jobs/", board.jobs, name="jobs"),
    path("operations/jobs/<str:name>/run/", board.run_job, name="run-job"),
    path("operations/jobs/<str:name>/pause/", board.pause_job, name="pause-job"),
    path("operations/jobs/<str:name>/resume/", board.resume_job, name="resume-job"),
    path("operations/probes/<slug:name>/run/", board.run_probe, name="run-probe"),
    path("operations/backups/", backups.index, name="backups"),
    path("operations/backups/take/", backups.take, name="take-backup"),
    path("operations/files/<slug:name>.csv", files.table, name="file"),
    path("operations/csp/", csp.index, name="csp"),
    path("runbooks/", runbooks.index, name="runbooks"),
    path("runbooks/<slug:name>/", runbooks.detail, name="runbook"),
    path("alerts/", alerts.index, name="alerts"),
    path("alerts/rules/<slug:name>/", rules.rule, name="rule"),
    path("alerts/<uuid:uid>/", alerts.detail, name="alert"),
    path(
        "alerts/<uuid:uid>/acknowledge/", alerts.acknowledge, name="acknowledge-alert"
    ),
    path("alerts/<uuid:uid>/resolve/", alerts.resolve, name="resolve-alert"),
    path("alerts/<uuid:uid>/silence/", alerts.silence, name="silence-alert"),
    path("alerts/rules/<slug:name>/silence/", rules.silence, name="silence-rule"),
    path("alerts/silences/<uuid:uid>/end/", silences.end, name="end-silence"),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("csp-report", csp_api.CspReports.as_view(), name="csp-report"),
    path("operations/jobs", engine.Jobs.as_view(), name="jobs"),
    path("operations/jobs/<str:name>/run", engine.RunJob.as_view(), name="run-job"),
    path(
        "operations/jobs/<str:name>/pause", engine.PauseJob.as_view(), name="pause-job"
    ),
    path(
        "operations/jobs/<str:name>/resume",
        engine.ResumeJob.as_view(),
        name="resume-job",
    ),
    path("operations/probes", engine.Probes.as_view(), name="probes"),
    path(
        "operations/probes/<slug:name>/run",
        engine.RunProbe.as_view(),
        name="run-probe",
    ),
    path("operations/backups", backups_api.Backups.as_view(), name="backups"),
    path("operations/alerts", alerts_api.Alerts.as_view(), name="alerts"),
    path(
        "operations/alerts/<uuid:uid>/ack", alerts_api.Acknowledge.as_view(), name="ack"
    ),
    path(
        "operations/alerts/<uuid:uid>/resolve",
        alerts_api.Resolve.as_view(),
        name="resolve",
    ),
    path(
        "operations/alerts/<uuid:uid>/silence",
        silences_api.SilenceAlert.as_view(),
        name="silence-alert",
    ),
    path("operations/silences", silences_api.Silences.as_view(), name="silences"),
    path(
        "operations/silences/<uuid:uid>/end",
        silences_api.EndSilence.as_view(),
        name="end-silence",
    ),
    path("operations/rules", rules_api.Rules.as_view(), name="rules"),
    path("operations/rules/<slug:name>", rules_api.SingleRule.as_view(), name="rule"),
]

"""The WSGI application. It is served behind its door: rrr_dashboard/asgi.py."""

import os
from pathlib import Path
from wsgiref.types import WSGIApplication

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rrr_dashboard.settings")

from django.conf import settings

from kernel import build, half_restored, locks
from kernel.refusals import RefusedStart
from rrr_dashboard import metric_files, privacy, tracing

# Imported for its effect: without it a web process publishes to amqp://localhost.
from rrr_dashboard.celery import app as celery_app  # noqa: F401

privacy.keep_private()
# A restore must not replace the database under a process that serves it.
locks.hold(settings.STATE_DIR / "database.lock", exclusive=False)
half_restored.refuse_half_restored()
build.refuse_other_commit()
if metrics := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    metric_files.make_room(Path(metrics))

django_application = get_wsgi_application()


def _make_limits() -> None:
    from accounts.services import limits  # its models need the apps, which are ready

    try:
        limits.prepare()
    except OSError as error:
        raise RefusedStart(f"{error.filename}: {error.strerror}") from error


def _report_memory() -> None:
    from operations.services import memory

    memory.keep_reporting()


def _read_tokens() -> None:
    """What reads them is loaded now, and not by the first request that shows one."""
    from accounts.services import signing  # noqa: F401


_make_limits()
_report_memory()
_read_tokens()


def _behind_hot_reads() -> WSGIApplication:
    from rrr_dashboard.reads.gate import HotReads  # so do these
    from rrr_dashboard.reads.pages import HotPages
    from rrr_dashboard.reads.short import TwoWays

    return HotReads(TwoWays(HotPages(django_application)))


application = _behind_hot_reads()
if settings.OTLP_ENDPOINT:
    application = tracing.Traced(application)

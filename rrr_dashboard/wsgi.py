"""The WSGI application. It is served behind its door: rrr_dashboard/asgi.py."""

import os
from pathlib import Path

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rrr_dashboard.settings")

from django.conf import settings

from kernel import build, half_restored, locks
from rrr_dashboard import metric_files, privacy

# Imported for its effect: without it a web process publishes to amqp://localhost.
from rrr_dashboard.celery import app as celery_app  # noqa: F401

privacy.keep_private()
# A restore must not replace the database under a process that serves it.
locks.hold(settings.STATE_DIR / "database.lock", exclusive=False)
half_restored.refuse_half_restored()
build.refuse_other_commit()
if metrics := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    metric_files.make_room(Path(metrics))

application = get_wsgi_application()

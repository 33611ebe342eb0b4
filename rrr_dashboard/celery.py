"""The Celery app: Redis broker, results ignored, messages only ring the bell.

What must happen is a row in the database (operations.JobRun); see
docs/architecture.md. Time limits and visibility follow OPERATIONS: a lost
message costs at most one tick, a hanging Redis never delays a web request.
"""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rrr_dashboard.settings")

app = Celery("rrr_dashboard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

"""The Celery app: Redis broker, results ignored, messages only ring the bell.

What must happen is a row in the database (operations.JobRun); see
docs/architecture.md. Time limits and visibility follow OPERATIONS: a lost
message costs at most one tick, a hanging Redis never delays a web request.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, bootsteps
from celery.signals import beat_init, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rrr_dashboard.settings")

app = Celery("rrr_dashboard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


class WithoutBroker(bootsteps.StartStopStep):
    """Runs beside the worker from its start, whether or not a broker is there."""

    requires = ("celery.worker.components:Pool",)

    def create(self, parent: Any) -> Any:
        from operations.services.polling import Polling

        return Polling(parent.app.amqp.queues.consume_from)


app.steps["worker"].add(WithoutBroker)


@worker_init.connect
@beat_init.connect
def _begin(**kwargs: Any) -> None:
    from kernel.build import refuse_other_commit
    from rrr_dashboard.privacy import keep_private

    refuse_other_commit()
    keep_private()

"""The Celery app: Redis broker, results ignored, messages only ring the bell.

What must happen is a row in the database (operations.JobRun); see
docs/architecture.md. Time limits and visibility follow OPERATIONS: a lost
message costs at most one tick, a hanging Redis never delays a web request.
"""

from __future__ import annotations

import os
import warnings
from logging.config import dictConfig
from typing import Any

from celery import Celery, bootsteps
from celery.exceptions import SecurityWarning
from celery.signals import (
    beat_init,
    before_task_publish,
    setup_logging,
    task_postrun,
    task_prerun,
    worker_init,
    worker_process_init,
)
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars

# Of messages that run code when they are read; ours are JSON.
warnings.filterwarnings("ignore", category=SecurityWarning)
REQUEST_HEADER = "rrr_request"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rrr_dashboard.settings")
# Celery would run Django's checks and tell nobody what they found: beat would load all
# pages for that.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

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
    from kernel import dialling
    from kernel.build import refuse_other_commit
    from rrr_dashboard.privacy import keep_private

    refuse_other_commit()
    keep_private()
    dialling.guard()


@worker_init.connect
def _load_pages_and_tokens(**kwargs: Any) -> None:
    """Mails name pages, probes ask for them: loaded before the fork, so that all
    children share them."""
    from accounts.services import signing  # noqa: F401
    from rrr_dashboard import urls  # noqa: F401


@worker_process_init.connect
def _trace(**kwargs: Any) -> None:
    """In each child: a thread that sends spans does not outlive a fork."""
    from rrr_dashboard import tracing

    tracing.begin("worker")


@setup_logging.connect
def _speak_json(**kwargs: Any) -> None:
    """Instead of Celery's own logging: the lines that all our processes write. What
    its handlers of signals print ("Warm shutdown") no setting of it leads elsewhere."""
    from celery.apps import worker
    from django.conf import settings

    from kernel import logs

    dictConfig(settings.LOGGING)
    logs.speak_json()
    worker.safe_say = logs.say_at_once  # type: ignore[attr-defined] # not in its stubs


@before_task_publish.connect
def _name_request(headers: dict[str, Any] | None = None, **kwargs: Any) -> None:
    """What a request sets off has its id in the worker's lines, too."""
    request = get_contextvars().get("request_id")
    if headers is not None and request:
        headers[REQUEST_HEADER] = request


@task_prerun.connect
def _bind(task: Any = None, task_id: str = "", **kwargs: Any) -> None:
    request = (task.request.headers or {}).get(REQUEST_HEADER) or task.request.get(
        REQUEST_HEADER
    )
    told = {"request_id": request} if request else {}
    bind_contextvars(task=task.name, task_id=task_id, **told)


@task_postrun.connect
def _unbind(**kwargs: Any) -> None:
    clear_contextvars()

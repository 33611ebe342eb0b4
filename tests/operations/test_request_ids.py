"""What a request sets off has its id in the worker's lines, too."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from celery.app.task import Context
from celery.signals import before_task_publish, task_postrun, task_prerun
from structlog.contextvars import bound_contextvars, get_contextvars

from rrr_dashboard import celery


def task(headers: dict[str, Any]) -> Any:
    """A task as a worker that took a message with these headers has it."""
    return SimpleNamespace(name="run_probe", request=Context(headers=headers))


def test_a_message_carries_the_id_of_the_request_that_sent_it() -> None:
    headers = dict[str, Any]()
    with bound_contextvars(request_id="abc"):
        before_task_publish.send(sender="run_probe", headers=headers)
    assert headers[celery.REQUEST_HEADER] == "abc"
    task_prerun.send(sender="run_probe", task=task(headers), task_id="1")
    assert get_contextvars() == {
        "request_id": "abc",
        "task": "run_probe",
        "task_id": "1",
    }
    task_postrun.send(sender="run_probe", task=task(headers), task_id="1")
    assert get_contextvars() == {}


def test_a_tick_belongs_to_no_request() -> None:
    headers = dict[str, Any]()
    before_task_publish.send(sender="tick", headers=headers)
    assert celery.REQUEST_HEADER not in headers
    task_prerun.send(sender="tick", task=task(headers), task_id="2")
    assert "request_id" not in get_contextvars()
    task_postrun.send(sender="tick", task=task(headers), task_id="2")

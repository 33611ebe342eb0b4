"""The product that answers nobody: it counts no errors, so somebody must ask."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest

from operations.models import Alert
from operations.queries import web
from operations.services import starts
from tests.operations.well import firing, look

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("operator", "silent_bell", "well"),
]
STATUS = {"fails": 500, "refuses for a moment": 503, "leads on": 302, "answers": 200}


class Answering(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def answering(status: int) -> Iterator[int]:
    """A web server that says `status` to everything; its port."""
    handler = type("Handler", (Answering,), {"status": status})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()


@contextmanager
def silent() -> Iterator[int]:
    """What takes connections and never answers; its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


@pytest.mark.parametrize("how", STATUS)
def test_a_page_that_fails_is_no_answer(how: str, now: datetime, settings: Any) -> None:
    starts.record(now)
    with answering(STATUS[how]) as settings.PORT:
        look(now, 40)
    assert (("web", "web") in firing()) is (STATUS[how] >= 500)


def test_neither_is_a_page_that_does_not_come(
    now: datetime, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts.record(now)
    with silent() as settings.PORT, monkeypatch.context() as impatient:
        impatient.setattr(web, "ANSWER_SECONDS", 0.1)
        at = look(now, 20)
        assert ("web", "web") not in firing(), "a slow moment is none"
        at = look(at, 20)
    assert firing() == {("web", "web")}
    story = Alert.objects.get(rule="web").timeline.values_list("text", flat=True)
    assert f"127.0.0.1:{settings.PORT}" in " ".join(story)
    with answering(200) as settings.PORT:
        look(at, 40)
    assert firing() == set()


def test_who_never_started_is_not_missed(now: datetime, settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        settings.PORT = closed.getsockname()[1]
    at = look(now, 40)
    assert firing() == set()
    starts.record(now)
    look(at, 40)
    assert firing() == {("web", "web")}

"""A product that serves and does not hear itself says where it asked, and what to do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from unittest.mock import Mock

import pytest

from kernel import http
from rrr_dashboard import way_in
from rrr_dashboard.management.commands import doctor, serve
from tests.served import free_port


class Web(BaseHTTPRequestHandler):
    """A web process that is ready for those who come as the proxy sends them."""

    def do_GET(self) -> None:
        told = (self.headers["Host"], self.headers["X-Forwarded-Proto"])
        public = told == ("localhost:1", "https") and self.path == "/health/ready"
        self.send_response(200 if public else 400)
        self.end_headers()

    def log_message(self, *words: Any) -> None: ...


@pytest.fixture
def here(settings: Any) -> Iterator[str]:
    """It listens at BIND and PORT, and nothing stands where people go."""
    server = HTTPServer(("127.0.0.1", 0), Web)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.BIND, settings.PORT = "0.0.0.0", server.server_port  # noqa: S104
    settings.PUBLIC_ORIGIN, settings.INTERNAL_URL = "https://localhost:1", ""
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_without_the_proxy_it_says_how_it_asks_itself(here: str) -> None:
    """It said "does not serve yet", though it served."""
    said = way_in.in_the_way()
    assert f"the web process serves at {here}, but https://localhost:1/health/r" in said
    assert "(localhost:1: " in said
    assert "refused" in said
    assert f"set INTERNAL_URL={here}" in said


def test_a_certificate_that_nobody_believes_is_named(
    here: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = "desk.example.com:443: certificate verify failed: self-signed certificate"
    monkeypatch.setattr(http, "own", Mock(side_effect=http.NoAnswer(why)))
    assert f"fails ({why}): mend" in way_in.in_the_way()


def test_a_proxy_that_answers_for_nobody_is_named(
    here: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "own", Mock(return_value=http.Reply(502, {}, b"")))
    assert "fails (it answers 502): mend" in way_in.in_the_way()


def test_nothing_is_in_the_way_of_what_hears_itself_or_does_not_serve(
    here: str, settings: Any
) -> None:
    settings.INTERNAL_URL = here
    assert way_in.in_the_way() == ""
    settings.INTERNAL_URL, settings.PORT = "", free_port()
    assert way_in.in_the_way() == ""


def test_serve_says_it_where_it_said_that_nothing_serves(
    here: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "READY_SECONDS", 0.0)
    said: list[str] = []
    command = serve.Command()
    monkeypatch.setattr(command, "say", said.append)
    assert not command._announce(Mock(logs=None))
    assert f"set INTERNAL_URL={here}" in said[0]
    assert not any("does not serve yet" in line for line in said)


def test_doctor_says_it_too(here: str) -> None:
    finding = doctor._web()
    assert finding.level == "fail"
    assert f"set INTERNAL_URL={here}" in finding.detail

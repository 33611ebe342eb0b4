"""The one way out: what it refuses, and how little it waits or reads."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from kernel import http


class Peer(BaseHTTPRequestHandler):
    """Answers what the path asks for."""

    def do_GET(self) -> None:
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:1/secret")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("X-Own", self.headers.get(http.OWN_HEADER, ""))
        self.end_headers()
        self.wfile.write(b"x" * (200_000 if self.path == "/big" else 5))

    def log_message(self, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def peer() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Peer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://10.1.2.3/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://0.0.0.0/",
        "ftp://example.test/",
        "file:///etc/passwd",
        "nonsense",
    ],
)
def test_addresses_that_are_not_public_are_refused(url: str) -> None:
    with pytest.raises(http.Refused):
        http.send(url)


def test_an_allowed_network_is_reached(peer: int, settings: Any) -> None:
    settings.OUTGOING_ALLOW = ["127.0.0.0/8"]
    answer = http.send(f"http://127.0.0.1:{peer}/", method="GET")
    assert (answer.status, answer.body) == (200, b"xxxxx")


def test_redirects_are_not_followed_and_big_answers_are_cut(
    peer: int, settings: Any
) -> None:
    settings.OUTGOING_ALLOW = ["127.0.0.1/32"]
    assert http.send(f"http://127.0.0.1:{peer}/redirect", method="GET").status == 302
    assert (
        len(http.send(f"http://127.0.0.1:{peer}/big", method="GET").body)
        == http.MAX_OUT
    )


def test_own_requests_are_signed_for_their_path(peer: int, settings: Any) -> None:
    settings.PUBLIC_ORIGIN, settings.BIND, settings.PORT = "", "127.0.0.1", peer
    signature = http.own("/api/portfolio?book=1").headers["x-own"]
    assert http.is_own("/api/portfolio", signature)
    assert not http.is_own("/api/trades", signature)
    assert not http.is_own("/api/portfolio", "")


def test_a_closed_port_and_a_silent_peer_are_no_answer(settings: Any) -> None:
    settings.PUBLIC_ORIGIN, settings.BIND = "", "127.0.0.1"
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings.PORT = silent.getsockname()[1]
        with pytest.raises(http.NoAnswer):
            http.own("/health", timeout=0.2)
    with pytest.raises(http.NoAnswer):
        http.own("/health", timeout=0.2)

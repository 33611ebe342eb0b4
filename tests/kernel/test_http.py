"""The one way out: what it refuses, and how little it waits or reads."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.test import RequestFactory

from kernel import http
from kernel.web import own_origin
from rrr_dashboard import readers

ENOUGH = threading.Event()


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
        self.send_header("X-Host", ",".join(self.headers.get_all("Host") or ()))
        self.send_header("X-Scheme", self.headers.get("X-Forwarded-Proto", ""))
        self.end_headers()
        if self.path.startswith("/drip"):
            while not ENOUGH.wait(0.05):
                self.wfile.write(b"x")
                self.wfile.flush()
            return
        self.wfile.write(b"x" * (200_000 if self.path == "/big" else 5))

    def log_message(self, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def peer() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Peer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ENOUGH.clear()
    yield server.server_port
    ENOUGH.set()
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
        "http://[::7f00:1]/",
        "http://[::ffff:0:10.1.2.3]/",
        "http://[64:ff9b::10.1.2.3]/",
        "http://[64:ff9b:1::10.1.2.3]/",
        "http://[2001:0:53aa:64c:0:fbff:f5fe:fdfc]/",
        "http://[2002:a01:203::1]/",
        "http://[fec0::1]/",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "http://[ff02::1]/",
        "http://[",
        "http://example.test:99999/",
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


@pytest.mark.parametrize("host", ["localhost", "LocalHost"])
def test_an_allowed_name_is_reached_however_it_is_written(
    peer: int, settings: Any, host: str
) -> None:
    settings.OUTGOING_ALLOW = [readers.host_or_network("Localhost")]
    assert http.may_reach(host, "127.0.0.1")
    assert http.send(f"http://{host}:{peer}/", method="GET").status == 200


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


def test_past_the_proxy_own_requests_look_as_public_ones_do(
    peer: int, settings: Any
) -> None:
    settings.INTERNAL_URL = f"http://127.0.0.1:{peer}"
    settings.PUBLIC_ORIGIN = "https://desk.example.test:8443"
    seen = http.own("/api/portfolio").headers
    assert (seen["x-host"], seen["x-scheme"]) == ("desk.example.test:8443", "https")
    assert http.is_own("/api/portfolio", seen["x-own"])
    assert own_origin() == settings.PUBLIC_ORIGIN, "mails link there"


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


def test_a_peer_that_drips_gets_no_more_than_the_whole_deadline(
    peer: int, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes in time, and the answer never ends: each wait alone would have
    been kept for ever."""
    settings.PUBLIC_ORIGIN, settings.BIND, settings.PORT = "", "127.0.0.1", peer
    with pytest.raises(http.NoAnswer, match="no whole answer within"):
        http.own("/drip", timeout=0.3)
    settings.OUTGOING_ALLOW = ["127.0.0.1/32"]
    monkeypatch.setattr(http, "TIMEOUT", 0.3)
    with pytest.raises(http.NoAnswer, match="no whole answer within"):
        http.send(f"http://127.0.0.1:{peer}/drip", method="GET")


def test_a_name_that_is_never_resolved_is_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = threading.Event()

    def hanging(*args: Any, **kwargs: Any) -> Any:
        asked.wait()
        raise OSError("too late")

    monkeypatch.setattr(http, "TIMEOUT", 0.1)
    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    with pytest.raises(http.NoAnswer, match="no whole answer within"):
        http.send("http://example.test/")
    asked.set()


def test_an_ipv6_address_of_our_own_is_written_as_one(settings: Any) -> None:
    settings.PUBLIC_ORIGIN, settings.BIND, settings.PORT = "", "::1", 8000
    assert own_origin() == "http://[::1]:8000"


def test_people_are_led_to_where_they_came_unless_an_address_is_set(
    rf: RequestFactory, settings: Any
) -> None:
    settings.PUBLIC_ORIGIN, settings.BIND, settings.PORT = "", "::", 8000
    request = rf.get("/", headers={"Host": "localhost:9000"})
    assert own_origin(request) == "http://localhost:9000"
    assert own_origin() == "http://127.0.0.1:8000"
    settings.PUBLIC_ORIGIN = "https://desk.example.test"
    assert own_origin(request) == own_origin() == "https://desk.example.test"


def test_what_is_no_signature_is_not_ours() -> None:
    assert not http.is_own("/", "\u00e9")


# --- our own limits ----------------------------------------------------------------------


def _answers(
    monkeypatch: pytest.MonkeyPatch, *answers: tuple[int, str]
) -> tuple[list[str], list[float]]:
    """What is asked, and the waits between; the last answer comes again and again."""
    asked: list[str] = []
    waited: list[float] = []

    def own(path: str, **given: Any) -> http.Reply:
        status, again = answers[min(len(asked), len(answers) - 1)]
        asked.append(path)
        return http.Reply(status, {"retry-after": again} if again else {}, b"")

    monkeypatch.setattr(http, "own", own)
    monkeypatch.setattr("time.sleep", waited.append)
    return asked, waited


def test_a_turn_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, waited = _answers(monkeypatch, (429, "1"), (429, "2"), (401, ""))
    assert http.in_turn("/api/me").status == 401
    assert (len(asked), waited) == (3, [1, 2])


@pytest.mark.parametrize(("again", "asks"), [("1", http.TURNS), ("40", 1)])
def test_a_turn_that_does_not_come_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, again: str, asks: int
) -> None:
    asked, _ = _answers(monkeypatch, (429, again))
    with pytest.raises(http.NoAnswer, match=f"more often than limits allow.*{again} s"):
        http.in_turn("/api/me")
    assert len(asked) == asks

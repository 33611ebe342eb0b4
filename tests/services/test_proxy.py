"""The shipped nginx alone, before an upstream of the test's own: what it passes on as it
came, and what it says itself."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from kernel.middleware.headers import HeadersMiddleware
from tests.served import free_port, until
from tests.services.engine import user_of

pytestmark = [pytest.mark.process, pytest.mark.embedded]
START = Path(settings.BASE_DIR) / "deploy" / "nginx" / "start.sh"
HOST = "desk.example.test:8443"
FIXED = {
    **HeadersMiddleware.HEADERS,
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
}
HSTS = "max-age=31536000; includeSubDomains"
# The product's own say something else, so that a doubled one is seen.
OF_THE_PRODUCT = {name: f"the product's {name}" for name in FIXED}
LONGEST_LINE = 8_000


class Instance(BaseHTTPRequestHandler):
    """An instance that answers as its address says, or as the product does."""

    RAW = {
        "/nothing": b"",
        # as granian refuses what it cannot parse
        "/bare": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        "/endless": b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 100_000 + b"\r\n\r\n",
    }

    def do_GET(self) -> None:
        if self.path in self.RAW:
            self.close_connection = True
            self.wfile.write(self.RAW[self.path])
            return
        self.send_response(int(self.headers.get("X-Answer", "200")))
        for name, value in OF_THE_PRODUCT.items():
            self.send_header(name, value)
        self.send_header("Strict-Transport-Security", "the product's")
        self.send_header("X-Request-ID", self.headers.get("X-Request-ID", "none"))
        if "?" in self.path:
            quoted = self.path.replace("%", "%25").replace("&", "%26")
            self.send_header("Location", f"/accounts/login/?next={quoted}")
            self.send_header("Set-Cookie", f"messages={'a' * 4_000}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@dataclass(frozen=True)
class Said:
    status: int
    headers: Message
    text: str


@dataclass(frozen=True)
class Proxy:
    tls: int
    plain: int
    certificate: Path

    def ask(
        self, line: str, headers: dict[str, str] | None = None, *, tls: bool = True
    ) -> Said:
        """The answer to a request line as it stands here: no client tidies it up."""
        port = self.tls if tls else self.plain
        with socket.create_connection(("127.0.0.1", port), 30) as wire:
            wire = self._secure(wire) if tls else wire
            sent = {"Host": HOST, "Connection": "close", **(headers or {})}
            fields = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
            wire.sendall(f"{line} HTTP/1.1\r\n{fields}\r\n".encode())
            answer = http.client.HTTPResponse(wire, method=line.partition(" ")[0])
            answer.begin()
            return Said(answer.status, answer.headers, answer.read().decode())

    def _secure(self, wire: socket.socket) -> socket.socket:
        context = ssl.create_default_context(cafile=str(self.certificate))
        return context.wrap_socket(wire, server_hostname=HOST.partition(":")[0])


@pytest.fixture(scope="module")
def upstream() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Instance)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@contextlib.contextmanager
def started(instance: int, origin: str) -> Iterator[Proxy]:
    """start.sh as docker-compose.yml runs it, without rights."""
    folder = Path(tempfile.mkdtemp(prefix="rrr-proxy-"))
    certificate, user = folder / "certificate", user_of("nginx")
    certificate.mkdir()
    if user is not None:
        os.chown(folder, user, -1)
        os.chown(certificate, user, -1)
    tls, plain = free_port(), free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["sh", str(START)],
            env={
                "PATH": os.environ["PATH"],
                "PROXY_DIR": str(folder),
                "CERTIFICATE_DIR": str(certificate),
                "INSTANCES": f"127.0.0.1:{instance}",
                "HTTPS_ADDRESS": f"127.0.0.1:{tls}",
                "HTTP_ADDRESS": f"127.0.0.1:{plain}",
                "PUBLIC_ORIGIN": origin,
            },
            stderr=log,
            user=user,
            start_new_session=True,
        )
    try:
        assert until(30, lambda: process.poll() is not None or _listens(tls))
        assert process.poll() is None, (folder / "log").read_text()
        yield Proxy(tls, plain, certificate / "tls.crt")
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False


@pytest.fixture(scope="module")
def proxy(upstream: int) -> Iterator[Proxy]:
    with started(upstream, f"https://{HOST}") as proxy:
        yield proxy


@pytest.fixture(scope="module")
def lonely() -> Iterator[Proxy]:
    """A proxy whose only instance is gone."""
    with started(free_port(), f"https://{HOST}") as proxy:
        yield proxy


@pytest.mark.parametrize("quoted", ["%C3%A4", "%ff", "&a=", "&"])
def test_the_longest_address_leads_to_the_login_and_back(
    proxy: Proxy, quoted: str
) -> None:
    line = f"/trades/?text={quoted * (LONGEST_LINE // len(quoted))}"
    answer = proxy.ask(f"GET {line}", {"X-Answer": "302"})
    assert answer.status == 302
    assert len(answer.headers["Location"]) > LONGEST_LINE


def test_a_longer_one_is_refused(proxy: Proxy) -> None:
    assert proxy.ask(f"GET /?{'a' * 9_000}").status == 414


def test_an_answer_that_is_none_is_not_said_to_be_missing(proxy: Proxy) -> None:
    """Trying again in a few seconds would not mend it."""
    answer = proxy.ask("GET /endless")
    assert (answer.status, answer.headers["Retry-After"]) == (502, None)
    problem = json.loads(answer.text)
    assert (problem["status"], problem["code"]) == (502, "bad_gateway")


@pytest.mark.parametrize("path", ["/nothing", "/"])
def test_no_answer_is_a_503_that_says_when_to_try_again(
    proxy: Proxy, lonely: Proxy, path: str
) -> None:
    answer = (proxy if path == "/nothing" else lonely).ask(f"GET {path}")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(answer.text)
    assert problem["status"] == 503
    assert problem["request_id"] == answer.headers["X-Request-ID"]


OWN: dict[str, tuple[str, dict[str, str], int]] = {
    "a method that is traced": ("TRACE /", {}, 405),
    "a body over the limit": ("POST /", {"Content-Length": "60000000"}, 413),
    "a NUL in the path": ("GET /%00", {}, 400),
    "a path out of the tree": ("GET /static/../../", {}, 400),
    "an address that is too long": (f"GET /{'a' * 9_000}", {}, 414),
    "a header that is too long": ("GET /", {"Cookie": "a" * 9_000}, 400),
    "no host": ("GET /", {"Host": ""}, 400),
    "no answer": ("GET /nothing", {}, 503),
    "an answer without end": ("GET /endless", {}, 502),
    "granian's own": ("GET /bare", {}, 400),
}


@pytest.mark.parametrize("what", OWN)
def test_what_the_proxy_says_itself_carries_every_fixed_header_once(
    proxy: Proxy, what: str
) -> None:
    line, headers, status = OWN[what]
    answer = proxy.ask(line, headers)
    assert answer.status == status
    assert _told(answer, FIXED) == {name: [value] for name, value in FIXED.items()}
    assert answer.headers.get_all("Strict-Transport-Security") == [HSTS]
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])


@pytest.mark.parametrize("line", ["GET /", "GET /api/me", "TRACE /", "GET /%00"])
def test_plain_http_gets_the_same_but_no_hsts(proxy: Proxy, line: str) -> None:
    """On the port of TLS, too, where nginx calls it a bad request."""
    mixed = dataclasses.replace(proxy, plain=proxy.tls)
    for answer in (proxy.ask(line, tls=False), mixed.ask(line, tls=False)):
        assert _told(answer, FIXED) == {name: [value] for name, value in FIXED.items()}
        assert "Strict-Transport-Security" not in answer.headers
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])


def _told(answer: Said, names: dict[str, str]) -> dict[str, list[str] | None]:
    return {name: answer.headers.get_all(name) for name in names}


@pytest.mark.parametrize("status", ["200", "302", "404", "413", "502", "503", "504"])
def test_what_the_product_says_stands_as_it_came(proxy: Proxy, status: str) -> None:
    answer = proxy.ask("GET /", {"X-Answer": status})
    assert answer.status == int(status)
    assert _told(answer, OF_THE_PRODUCT) == {
        name: [value] for name, value in OF_THE_PRODUCT.items()
    }
    assert answer.headers.get_all("Strict-Transport-Security") == ["the product's"]
    assert "Retry-After" not in answer.headers


def test_a_request_has_one_name_before_and_behind_the_proxy(proxy: Proxy) -> None:
    answer = proxy.ask("GET /")
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])
    for line in ("GET /", "TRACE /", "GET /nothing"):
        answer = proxy.ask(line, {"X-Request-ID": "trace-42.a_b"})
        assert answer.headers.get_all("X-Request-ID") == ["trace-42.a_b"], line


@pytest.mark.parametrize("given", ["x" * 65, "a b", "<script>", 'a"b', "é"])
def test_another_name_is_not_taken(proxy: Proxy, given: str) -> None:
    for line in ("GET /", "TRACE /"):
        answer = proxy.ask(line, {"X-Request-ID": given})
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])


@pytest.mark.parametrize("host", [HOST, "desk.example.test", "evil.example", ""])
def test_plain_http_leads_to_the_public_address_alone(proxy: Proxy, host: str) -> None:
    answer = proxy.ask("GET /trades/?page=2", {"Host": host}, tls=False)
    if not host:
        assert answer.status == 400
        return
    assert answer.status == 301
    assert answer.headers["Location"] == f"https://{HOST}/trades/?page=2"


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/me", "//api/me", "/%61pi/me"])
def test_a_program_in_the_open_is_refused_and_not_led_on(
    proxy: Proxy, path: str
) -> None:
    """Led on, it would send its token in the open each time and nobody would know."""
    for method in ("GET", "POST"):
        answer = proxy.ask(f"{method} {path}", {"Content-Length": "0"}, tls=False)
        assert answer.status == 403
        assert "Location" not in answer.headers
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = json.loads(answer.text)
        assert (problem["status"], problem["code"]) == (403, "https_only")
        assert f"https://{HOST}" in problem["detail"]


@pytest.mark.parametrize(
    ("origin", "leads_to"),
    [
        ("https://desk.example.test", "https://desk.example.test/x"),
        ("https://desk.example.test/", "https://desk.example.test/x"),
        ("https://[2001:db8::7]:8443", "https://[2001:db8::7]:8443/x"),
    ],
)
def test_the_public_address_is_that_of_the_settings(
    upstream: int, origin: str, leads_to: str
) -> None:
    with started(upstream, origin) as proxy:
        answer = proxy.ask("GET /x", {"Host": "evil.example"}, tls=False)
        assert answer.headers["Location"] == leads_to


@pytest.mark.parametrize("origin", ["https://a;b", "https://$host", "https://a b", ""])
def test_what_is_no_address_starts_nothing(upstream: int, origin: str) -> None:
    with (
        pytest.raises(AssertionError, match="PUBLIC_ORIGIN"),
        started(upstream, origin),
    ):
        pass

"""Probes of what stands outside of the product, against stand-ins: what is missing is
named, what a setting claims must be there, and a part that is right is not the whole."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from kernel import http
from kernel.build import Build
from operations.probes import looking_up
from tests.operations.tls import Authority, served
from tests.probing import Own, see

pytestmark = pytest.mark.django_db
HEAD = "ab" * 20
Answer = tuple[int, dict[str, str], bytes]
Answering = Callable[[str, Any], Answer]


@pytest.fixture
def stand_in(settings: Any) -> Iterator[Callable[[Answering], str]]:
    """stand_in(lambda path, headers: (200, {}, b"")) -> the address of a server."""
    settings.OUTGOING_ALLOW = ["127.0.0.0/8"]
    servers: list[ThreadingHTTPServer] = []

    def start(answering: Answering) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, headers, body = answering(self.path, self.headers)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking_up, "SHOWN_WITHIN", 0.0)


@pytest.mark.parametrize(
    ("name", "params", "lacks"),
    [
        ("tls_cert", {}, "PUBLIC_ORIGIN is no https:// address"),
        ("lb", {}, "no balancer"),
        ("otel", {}, "OTLP_ENDPOINT is not set"),
        ("otel", {"part": "endpoint"}, "OTLP_ENDPOINT is not set"),
        ("log_sink", {}, "names no `url` with {mark}"),
    ],
)
def test_what_this_product_lacks_is_named(
    name: str, params: dict[str, str], lacks: str
) -> None:
    seen = see(name, **params)
    assert (seen.value, lacks in seen.error) == (None, True)


# --- a certificate


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def public(
    settings: Any, monkeypatch: pytest.MonkeyPatch, authority: Authority
) -> Callable[..., None]:
    """public(port, "127.0.0.1", "127.0.0.2"): the name desk.test has these addresses."""

    def at(port: int, *addresses: str) -> None:
        settings.PUBLIC_ORIGIN = f"https://desk.test:{port}"
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        entries: list[Any] = [(socket.AF_INET, 1, 6, "", (a, port)) for a in addresses]
        real = socket.getaddrinfo

        def resolve(host: str, *arguments: Any, **given: Any) -> list[Any]:
            return entries if host == "desk.test" else real(host, *arguments, **given)

        monkeypatch.setattr("socket.getaddrinfo", resolve)

    return at


def test_days_are_counted(authority: Authority, public: Callable[..., None]) -> None:
    with served(authority.issue("desk.test", days=40)) as port:
        public(port, "127.0.0.1")
        seen = see("tls_cert")
    assert (seen.value, seen.unit) in {("39", "days"), ("40", "days")}


@pytest.mark.parametrize(
    ("name", "days", "trusted"),
    [("other.test", 40, True), ("desk.test", -1, True), ("desk.test", 40, False)],
)
def test_a_wrong_name_an_ended_one_and_one_of_nobody_are_found(
    authority: Authority,
    public: Callable[..., None],
    tmp_path: Any,
    name: str,
    days: int,
    trusted: bool,
) -> None:
    issuer = authority if trusted else Authority(tmp_path)
    with served(issuer.issue(name, days=days)) as port:
        public(port, "127.0.0.1")
        seen = see("tls_cert")
    assert seen.value == "0"
    assert "certificate verify failed" in seen.detail


def test_the_other_address_of_the_name_is_looked_at_too(
    authority: Authority, public: Callable[..., None]
) -> None:
    """The first has a good certificate."""
    with (
        served(authority.issue("desk.test", days=40)) as port,
        served(authority.issue("desk.test", days=-1), "127.0.0.2", port),
    ):
        public(port, "127.0.0.1", "127.0.0.2")
        seen = see("tls_cert")
    assert (seen.value, seen.detail.startswith("127.0.0.2: ")) == ("0", True)


def test_a_claimed_address_where_nobody_answers_fails(
    public: Callable[..., None],
) -> None:
    public(1, "127.0.0.1")
    assert see("tls_cert").value == "0"


# --- a balancer


@pytest.fixture
def balancer(
    stand_in: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """balancer("a", "b"): answers by turns as these instances; what lb finds."""
    monkeypatch.setattr("kernel.build.running", lambda: Build(HEAD, clean=True))

    def between(*instances: str, **last: Any) -> str:
        turns = iter(range(1_000))

        def answer(path: str, headers: Any) -> Answer:
            assert http.is_own(path, headers.get(http.OWN_HEADER, ""))
            turn = next(turns)
            told = {"X-RRR-Instance": instances[turn % len(instances)]}
            told["X-RRR-Commit"] = HEAD
            if turn == 19:  # the last of them
                told["X-RRR-Commit"] = last.get("commit", HEAD)
                return last.get("status", 200), told, b""
            return 200, told, b""

        settings.PUBLIC_ORIGIN, settings.TRUSTED_PROXY_COUNT = stand_in(answer), 1
        seen = see("lb")
        assert seen.error == ""
        return "" if seen.value == "0" else seen.detail

    return between


def test_two_instances_behind_one_address_are_balanced(
    balancer: Callable[..., str],
) -> None:
    assert balancer("a:8000", "b:8000") == ""


@pytest.mark.parametrize(
    ("instances", "last", "fault"),
    [
        (("a",), {}, "all answered by one instance"),
        (("",), {}, "all answered by one instance"),
        (("a", "b"), {"status": 502}, "request 20: it answers 502"),
        (("a", "b"), {"commit": "cd" * 20}, "request 20: commit cdcdcdcdcdcd answers"),
    ],
)
def test_one_instance_or_a_bad_one_among_them_is_found(
    balancer: Callable[..., str], instances: Any, last: Any, fault: str
) -> None:
    """Nineteen of twenty answers are good."""
    assert fault in balancer(*instances, **last)


def test_a_claimed_balancer_where_nobody_answers_fails(settings: Any) -> None:
    settings.OUTGOING_ALLOW = ["127.0.0.0/8"]
    settings.PUBLIC_ORIGIN, settings.TRUSTED_PROXY_COUNT = "http://127.0.0.1:1", 1
    assert see("lb").value == "20"


# --- a collector of traces


@pytest.fixture
def traced(own: Own, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The trace ids that the web process was asked with."""
    asked: list[str] = []

    def ask(path: str, **given: Any) -> http.Reply:
        asked.append(given["headers"]["traceparent"].split("-")[1])
        return http.Reply(200, {}, b"")

    monkeypatch.setattr(http, "own", ask)
    return asked


def collector(*, takes: int = 200, shows: Callable[[str], bytes]) -> Answering:
    def answer(path: str, headers: Any) -> Answer:
        if path == "/v1/traces":
            return takes, {}, b""
        return 200, {}, shows(path.rpartition("/")[2])

    return answer


def otel(settings: Any, address: str, **params: str) -> str:
    settings.OTLP_ENDPOINT = address
    seen = see("otel", **{"url": f"{address}/api/traces/{{trace}}", **params})
    assert seen.error == ""
    return "" if seen.value == "0" else seen.detail


def test_a_span_that_is_found_again_is_traced(
    stand_in: Any, settings: Any, traced: list[str]
) -> None:
    def shows(trace: str) -> bytes:
        return b"GET /accounts/login/" if trace in traced else b"{}"

    assert otel(settings, stand_in(collector(shows=shows))) == ""


def test_a_collector_that_takes_all_and_shows_nothing_of_it_is_found(
    stand_in: Any, settings: Any, traced: list[str]
) -> None:
    """Or the web process sends nothing: the export of the probe itself is taken."""
    address = stand_in(collector(shows=lambda trace: b'{"data": []}'))
    assert otel(settings, address, part="endpoint") == ""
    assert "is not found: it does not show it" in otel(settings, address)


@pytest.mark.parametrize("part", ["", "endpoint"])
def test_a_claimed_collector_that_takes_nothing_fails(
    stand_in: Any, settings: Any, traced: list[str], part: str
) -> None:
    address = stand_in(collector(takes=500, shows=lambda trace: b"/accounts/login/"))
    assert otel(settings, address, part=part) == "OTLP_ENDPOINT: it answers 500"
    assert "OTLP_ENDPOINT: 127.0.0.1:1" in otel(
        settings, "http://127.0.0.1:1", part=part
    )


def test_where_no_trace_can_be_looked_up_none_is_believed(
    stand_in: Any, settings: Any
) -> None:
    settings.OTLP_ENDPOINT = stand_in(collector(shows=lambda trace: b""))
    assert "no `url` with {trace}" in see("otel").error


# --- a place for logs


@pytest.fixture
def sink(
    stand_in: Any, own: Own, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., str]]:
    """sink(worker=True, web=True): what log_sink finds where these lines arrive."""
    lines: list[str] = []
    flags = {"worker": True, "web": True}

    class Shipping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if flags["worker"]:
                mark = getattr(record, "request_id", "")
                lines.append(json.dumps({"event": "marked", "request_id": mark}))

    def ask(path: str, *, headers: Any, **given: Any) -> http.Reply:
        assert not http.is_own(path, headers[http.OWN_HEADER])
        if flags["web"]:
            lines.append(json.dumps({"request_id": headers["X-Request-ID"]}))
        return http.Reply(404, {}, b"")

    monkeypatch.setattr(http, "own", ask)
    logger, handler = logging.getLogger("rrr.probe"), Shipping()
    logger.addHandler(handler)
    level, logger.level = logger.level, logging.INFO

    def found(shown: Callable[[str], str] = lambda query: "", **given: bool) -> str:
        flags.update(given)
        address = stand_in(
            lambda path, headers: (
                200,
                {},
                (shown(path) or "\n".join(lines)).encode(),
            )
        )
        seen = see("log_sink", url=f"{address}/search?q={{mark}}")
        assert seen.error == ""
        return "" if seen.value == "0" else seen.detail

    yield found
    logger.removeHandler(handler)
    logger.level = level


def test_lines_that_arrive_are_found(sink: Callable[..., str]) -> None:
    assert sink() == ""


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"web": False}, "the line of the web process: it does not show it"),
        ({"worker": False}, "the line of a worker: it does not show it"),
    ],
)
def test_lines_of_one_part_alone_are_found_out(
    sink: Callable[..., str], given: dict[str, bool], fault: str
) -> None:
    assert sink(**given) == fault


def test_a_page_that_repeats_what_was_asked_for_is_no_line(
    sink: Callable[..., str],
) -> None:
    assert "does not show it" in sink(lambda path: f"<p>No results for {path}</p>")
    assert "does not show it" in sink(lambda path: json.dumps({"query": path}))


def test_a_claimed_place_where_nobody_answers_fails(own: Own, settings: Any) -> None:
    settings.OUTGOING_ALLOW = ["127.0.0.0/8"]
    assert see("log_sink", url="http://127.0.0.1:1/{mark}").value == "2"

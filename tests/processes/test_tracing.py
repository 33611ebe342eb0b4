"""One trace leads from a request through database and Redis into the worker that it
rang for, as a collector receives it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)

from tests.once_started import once_started
from tests.served import ROOT, Served, until
from tests.slowness import Slowness

pytestmark = [pytest.mark.process, pytest.mark.embedded, pytest.mark.timeout(600)]
JOB = "/api/operations/jobs/portfolio-equity/run"


class Collector(HTTPServer):
    """Keeps what it is sent: (process, span)."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, Any]] = []
        super().__init__(("127.0.0.1", 0), Receiver)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def named(self, name: str) -> list[Any]:
        return [span for _, span in self.spans if span.name == name]

    def trace_of(self, span: Any) -> list[tuple[str, Any]]:
        return [pair for pair in self.spans if pair[1].trace_id == span.trace_id]


class Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        sent = ExportTraceServiceRequest.FromString(self.rfile.read(size))
        for resource in sent.resource_spans:
            about = attributes(resource.resource)
            for scope in resource.scope_spans:
                self.server.spans += [
                    (about["rrr.process"], span) for span in scope.spans
                ]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words: object) -> None:
        """Nothing."""


def attributes(holder: Any) -> dict[str, str]:
    return {pair.key: pair.value.string_value for pair in holder.attributes}


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("django_db_setup")
def test_a_trace_leads_from_a_request_into_the_worker(
    tmp_path: Path, collector: Collector
) -> None:
    state = once_started(tmp_path / "state")
    served = Served(state, OTLP_ENDPOINT=collector.address).ready()
    try:
        served.add_people("olga", role="Operator")
        token = served.token("olga")
        answer = served.ask(JOB, {}, token=token, key="once")
        assert answer.status == 202, answer
        run = f"POST /{JOB.strip('/').replace('portfolio-equity', '<str:name>')}"
        assert until(30 * Slowness(), lambda: collector.named(run)), {
            (p, s.name) for p, s in collector.spans
        }
        [request] = collector.named(run)
        assert until(
            60 * Slowness(),
            lambda: any(p == "worker" for p, _ in collector.trace_of(request)),
        )
        told = collector.trace_of(request)
        assert {process for process, _ in told} == {"web", "worker"}
        kinds = {attributes(span).get("db.system.name") for _, span in told}
        kinds |= {attributes(span).get("db.system") for _, span in told}
        assert {"sqlite", "redis"} <= kinds
        everything = json.dumps([str(span) for _, span in collector.spans])
        assert token not in everything
        assert "correct horse" not in everything
    finally:
        assert served.stop() == 0


def test_nothing_of_it_is_loaded_where_no_collector_is_named(tmp_path: Path) -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import rrr_dashboard.served, sys;"
            # redis-py looks for the rest by itself.
            "ours = 'opentelemetry.instrumentation', 'opentelemetry.exporter';"
            "print([name for name in sys.modules if name.startswith(ours)])",
        ],
        cwd=ROOT,
        env={**os.environ, "STATE_DIR": str(tmp_path), "OTLP_ENDPOINT": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "[]\n"

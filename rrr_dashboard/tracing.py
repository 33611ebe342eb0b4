"""OpenTelemetry traces: a request, what it asks the database and Redis, and the jobs
that it rings for. Only where OTLP_ENDPOINT is set; elsewhere nothing is followed.

Spans say what kind of thing was done, never with what: routes and not paths, which hold
names and secrets, and statements without their values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.db.backends.signals import connection_created
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from kernel.web import MACHINES, known_method

NAME = "rrr_dashboard"
SEND_SECONDS = 3


def begin(process: str) -> None:
    """Trace from here on; once a process, after it was forked."""
    if not settings.OTLP_ENDPOINT:
        return
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.celery import CeleryInstrumentor
    from opentelemetry.instrumentation.redis import RedisInstrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    about = {
        "service.name": "rrr-dashboard",
        "service.version": settings.RRR_VERSION,
        "deployment.environment.name": settings.RRR_ENV,
        "rrr.process": process,
    }
    provider = TracerProvider(resource=Resource.create(about))
    address = f"{settings.OTLP_ENDPOINT.rstrip('/')}/v1/traces"
    exporter = OTLPSpanExporter(endpoint=address, timeout=SEND_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    RedisInstrumentor().instrument()
    CeleryInstrumentor().instrument()  # type: ignore[no-untyped-call]
    connection_created.connect(_follow_statements, dispatch_uid=NAME)


def _follow_statements(connection: Any, **_: Any) -> None:
    if _statement not in connection.execute_wrappers:
        connection.execute_wrappers.append(_statement)


def _statement(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
) -> Any:
    from opentelemetry import trace

    with trace.get_tracer(NAME).start_as_current_span(
        verb_of(sql), kind=trace.SpanKind.CLIENT
    ) as span:
        span.set_attribute("db.system.name", context["connection"].vendor)
        span.set_attribute("db.query.text", sql[:2_000])
        return execute(sql, params, many, context)


def verb_of(sql: str) -> str:
    """The statement's first word, whatever stands around it."""
    word = re.search(r"[A-Za-z]+", sql)
    return word[0].upper()[:20] if word else "SQL"


class Traced:
    """A WSGI application whose requests are spans. What machines ask all the time is
    none."""

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(MACHINES):
            return self.application(environ, start_response)
        from opentelemetry import propagate, trace

        sent = {"traceparent": environ.get("HTTP_TRACEPARENT", "")}
        method = known_method(environ["REQUEST_METHOD"])
        with trace.get_tracer(NAME).start_as_current_span(
            method, context=propagate.extract(sent), kind=trace.SpanKind.SERVER
        ) as span:
            span.set_attribute("http.request.method", method)

            def begin(status: str, headers: Any, *error: Any) -> Any:
                span.set_attribute("http.response.status_code", int(status[:3]))
                return start_response(status, headers, *error)

            return self.application(environ, begin)


def name_request(method: str, route: str, request_id: str) -> None:
    """Name the span of the request that is being answered."""
    if not settings.OTLP_ENDPOINT:
        return
    from opentelemetry import trace

    span = trace.get_current_span()
    span.update_name(f"{method} {route}")
    span.set_attribute("http.route", route)
    span.set_attribute("rrr.request_id", request_id)


class TracingMiddleware:
    """Names the request's span as soon as its route is known."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if not settings.OTLP_ENDPOINT:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> None:
        match = request.resolver_match
        if match is not None:
            identity = getattr(request, "request_id", "")
            method = known_method(request.method or "")
            name_request(method, f"/{match.route}", identity)

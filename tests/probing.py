"""Asking the product of this process as its own probes ask the running one, and a
product that is right only where it is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from kernel import http
from kernel.registry import PROBES, Measurement
from operations.services import walking

Own = Callable[..., http.Reply]
Lie = Callable[..., None]


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Own:
    """kernel.http.own asks this process' product instead of a port."""

    def ask(
        path: str,
        *,
        method: str = "GET",
        headers: Any = None,
        body: bytes | None = None,
        timeout: float = 5.0,
        port: int | None = None,
    ) -> http.Reply:
        signed = http.own_signature(path.partition("?")[0])
        given = {http.OWN_HEADER: signed, **(headers or {})}
        kind = given.pop("Content-Type", "application/octet-stream")
        cookie = given.pop("Cookie", "")
        client = Client(raise_request_exception=False)
        client.cookies.load(cookie)
        answer: Any = client.generic(method, path, body or b"", kind, headers=given)
        names = {name.lower(): value for name, value in answer.items()}
        streamed = answer.streaming
        content = b"".join(answer.streaming_content) if streamed else answer.content
        return http.Reply(answer.status_code, names, content)

    monkeypatch.setattr(http, "own", ask)
    monkeypatch.setattr(walking, "_newest", (float("-inf"), "", []))
    return ask


@pytest.fixture
def changed(own: Own, monkeypatch: pytest.MonkeyPatch) -> Lie:
    """changed("/health", status=503): that address answers otherwise from now on."""

    def change(path: str, **values: Any) -> None:
        _answer_otherwise(monkeypatch, own, lambda asked: asked == path, values)

    return change


@pytest.fixture
def elsewhere(own: Own, monkeypatch: pytest.MonkeyPatch) -> Lie:
    """elsewhere("/api/me", status=200): every address but this one answers otherwise."""

    def change(*paths: str, **values: Any) -> None:
        _answer_otherwise(monkeypatch, own, lambda asked: asked not in paths, values)

    return change


def _answer_otherwise(
    monkeypatch: pytest.MonkeyPatch,
    own: Own,
    where: Callable[[str], bool],
    values: dict[str, Any],
) -> None:
    """`headers` are laid over those of the answer; one that is None is taken away."""

    def ask(asked: str, **given: Any) -> http.Reply:
        real = own(asked, **given)
        if not where(asked):
            return real
        over = values.get("headers", {})
        headers = {
            name: value
            for name, value in {**real.headers, **over}.items()
            if value is not None
        }
        return http.Reply(
            values.get("status", real.status), headers, values.get("body", real.body)
        )

    monkeypatch.setattr(http, "own", ask)


def see(name: str, /, **params: str) -> Measurement:
    return PROBES[name].function(params)

"""Whose address it is, who asks, and which part of a page htmx wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from kernel.middleware.framing import FramingMiddleware
from kernel.web import client_address, is_api, page_or_fragment, wanted_part

ADDRESSES: dict[str, tuple[int, str, str, str]] = {
    # what: proxies in front, X-Forwarded-For, REMOTE_ADDR, the caller
    "no proxy": (0, "", "192.0.2.7", "192.0.2.7"),
    "an invented header without a proxy": (0, "10.0.0.1", "192.0.2.7", "192.0.2.7"),
    "one proxy": (1, "198.51.100.4", "127.0.0.1", "198.51.100.4"),
    "one proxy, invented entries before": (
        1,
        "10.0.0.1, 6.6.6.6, 198.51.100.4",
        "127.0.0.1",
        "198.51.100.4",
    ),
    "two proxies": (2, "198.51.100.4, 10.0.0.9", "127.0.0.1", "198.51.100.4"),
    "two proxies, one entry": (2, "198.51.100.4", "10.0.0.9", "10.0.0.9"),
    "one proxy, no header": (1, "", "127.0.0.1", "127.0.0.1"),
    "one proxy, empty entries": (1, " , ,198.51.100.4, ", "127.0.0.1", "198.51.100.4"),
    "a word instead of an address": (1, "unknown", "192.0.2.7", "192.0.2.7"),
    "IPv6 in another spelling": (1, "2001:DB8:0:0::1", "127.0.0.1", "2001:db8::1"),
    "a unix socket": (0, "", "", "0.0.0.0"),  # noqa: S104
}


@pytest.mark.parametrize("what", ADDRESSES)
def test_the_caller_is_who_the_trusted_proxies_saw(
    what: str, rf: RequestFactory, settings: Any
) -> None:
    proxies, forwarded, remote, address = ADDRESSES[what]
    settings.TRUSTED_PROXY_COUNT = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = rf.get("/", headers=headers, REMOTE_ADDR=remote)
    assert client_address(request) == address


@pytest.mark.parametrize(
    ("path", "program"),
    [
        ("/api/trades", True), ("/api/", True), ("/health", True),
        ("/health/live", True), ("/metrics", True), ("/openapi.json", True),
        ("/", False), ("/trades/", False), ("/apiary/", False), ("/docs", False),
    ],
)  # fmt: skip
def test_a_program_is_told_from_a_person_by_the_path(path: str, program: bool) -> None:
    assert is_api(path) is program


@pytest.mark.parametrize(
    ("headers", "part"),
    [
        ({}, None),
        ({"HX-Target": "li#SEC-01"}, None),
        ({"HX-Request-Type": "full", "HX-Target": "li#SEC-01"}, None),
        ({"HX-Request-Type": "partial"}, None),
        ({"HX-Request-Type": "partial", "HX-Target": "li#SEC-01"}, "SEC-01"),
        ({"HX-Request-Type": "partial", "HX-Target": "events"}, "events"),
        ({"HX-Request-Type": "partial", "HX-Target": "div#"}, None),
    ],
)
def test_htmx_says_which_part_it_wants(
    headers: dict[str, str], part: str | None, rf: RequestFactory
) -> None:
    assert wanted_part(rf.get("/", headers=headers)) == part


@pytest.mark.parametrize(
    ("target", "whole"),
    [("section#events", False), ("section#other", True), ("", True)],
)
def test_a_known_part_comes_alone(target: str, whole: bool, rf: RequestFactory) -> None:
    headers = {"HX-Request-Type": "partial", "HX-Target": target}
    request = rf.get("/audit/", headers=headers)
    parts = {"events": "components/empty.html"}
    context = {"title": "Nothing yet", "why": "None", "status": 404}
    answer = page_or_fragment(request, "components/problem.html", parts, context)
    assert ("Nothing yet" not in answer.content.decode()) is whole
    assert {"HX-Request", "HX-Request-Type", "HX-Target"} <= {
        name.strip() for name in answer["Vary"].split(",")
    }
    assert "ETag" not in answer


def asked(
    rf: RequestFactory, path: str, **more: Any
) -> tuple[HttpResponse, list[HttpRequest]]:
    """What the framing lets through, and what it answers itself."""
    let_in: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponse:
        let_in.append(request)
        return HttpResponse("in")

    framing: Callable[[HttpRequest], Any] = FramingMiddleware(view)
    return framing(rf.generic("POST", path, **more)), let_in


def length(size: int, **more: str) -> dict[str, Any]:
    return {"CONTENT_LENGTH": str(size), **more}


KNOWN = {"HTTP_COOKIE": f"{settings.SESSION_COOKIE_NAME}=any"}
TOKEN = {"HTTP_AUTHORIZATION": "Bearer any"}
EVIDENCE = "/api/readiness/items/7/evidence"
FRAMES: dict[str, tuple[str, dict[str, Any], int]] = {
    "a small body": ("/trades/", length(1_000_000, **KNOWN), 200),
    "a byte more": ("/trades/", length(1_000_001, **KNOWN), 413),
    "a file of trades": ("/trades/import/", length(50_000_000, **KNOWN), 200),
    "a byte more of it": ("/trades/import/", length(50_000_001, **KNOWN), 413),
    "by a program": ("/api/trades/import", length(50_000_000, **TOKEN), 200),
    "with a slash": ("/api/trades/import/", length(50_000_000, **TOKEN), 200),
    "a checklist": ("/readiness/templates/import/", length(9_000_000, **KNOWN), 200),
    "a file of evidence": (EVIDENCE, length(12_000_000, **TOKEN), 200),
    "a byte more evidence": (EVIDENCE, length(12_000_001, **TOKEN), 413),
    "no such page": ("/no/import/here/", length(1_000_001, **KNOWN), 413),
    "another of its pages": ("/api/trades/imports", length(1_000_001, **TOKEN), 413),
    "a stranger": ("/accounts/login/", length(64_000), 200),
    "a stranger with more": ("/accounts/login/", length(64_001), 413),
    "a stranger's import": ("/api/trades/import", length(64_001), 413),
    "no length, in chunks": (
        "/trades/",
        {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"},
        411,
    ),
    "a length in words": ("/trades/", {"CONTENT_LENGTH": "many"}, 400),
    "a length of 5,000 digits": ("/trades/", {"CONTENT_LENGTH": "9" * 5_000}, 413),
    "a length below nothing": ("/trades/", {"CONTENT_LENGTH": "-1"}, 400),
    "a superscript": ("/trades/", {"CONTENT_LENGTH": "\u00b2"}, 400),
    "another host": ("/trades/", {"HTTP_HOST": "evil.example"}, 400),
    "a NUL in the path": ("/trades/%00/", {}, 400),
    "a NUL in the query": ("/trades/", {"QUERY_STRING": "q=%00"}, 400),
}


@pytest.mark.parametrize("what", FRAMES)
def test_a_request_is_framed_before_anything_reads_it(
    what: str, rf: RequestFactory
) -> None:
    path, more, status = FRAMES[what]
    answer, let_in = asked(rf, path, **more)
    assert answer.status_code == status
    assert bool(let_in) is (status == 200)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("trace-42.a_b", True), ("A" * 64, True), ("A" * 65, False), ("", False),
        ("a b", False), ("a\tb", False), ("<b>", False), ("é", False),
    ],
)  # fmt: skip
def test_a_request_keeps_a_sane_name(given: str, kept: bool, db: None) -> None:
    answer = Client().get("/health/live", headers={"X-Request-ID": given})
    assert (answer["X-Request-ID"] == given) is kept
    assert answer["X-Request-ID"]

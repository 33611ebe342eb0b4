"""One line an answer: who asked which route, and nothing that is secret."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accounts.services import tokens
from kernel import http

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines(capfd: pytest.CaptureFixture[str]):
    """lines(): what was logged of requests since the last call."""

    def read() -> list[dict[str, Any]]:
        written = capfd.readouterr().err.splitlines()
        return [json.loads(line) for line in written if '"rrr.access"' in line]

    return read


def test_a_line_tells_who_asked_what_and_what_came_of_it(
    person, client_of, lines
) -> None:
    ada = person("ada", "Trader")
    client_of(ada).get("/trades/", headers={"X-Request-ID": "abc"})
    (line,) = lines()
    assert line["ms"] > 0
    assert line["at"].endswith("Z")
    expected = {
        "request_id": "abc",
        "principal": ada.actor,
        "method": "GET",
        "route": "/trades/",
        "status": 200,
    }
    assert {name: line[name] for name in expected} == expected


def test_a_token_is_a_principal_too_and_nobody_is_none(person, client, lines) -> None:
    ada = person("ada", "Trader")
    bearer = {"Authorization": f"Bearer {tokens.issue(ada).access}"}
    client.get("/api/trades", headers=bearer)
    client.get("/api/trades")
    assert [(line["principal"], line["status"]) for line in lines()] == [
        (ada.actor, 200),
        ("", 401),
    ]


def test_health_metrics_files_and_our_own_probes_are_not_logged(client, lines) -> None:
    for path in ("/health", "/health/live", "/metrics", "/static/none.css"):
        client.get(path)
    signed = http.own_signature("/api/trades")
    client.get("/api/trades", headers={http.OWN_HEADER: signed})
    assert lines() == []
    client.get("/api/trades", headers={http.OWN_HEADER: "forged"})
    assert len(lines()) == 1


def test_no_secret_of_an_address_and_no_invented_method_is_logged(
    client, lines
) -> None:
    client.get("/accounts/invitation/a-secret-of-somebody/?token=hidden")
    client.generic("INVENTED", "/trades/")
    logged = lines()
    assert "secret" not in json.dumps(logged)
    assert "hidden" not in json.dumps(logged)
    assert [line["method"] for line in logged] == ["GET", "other"]


def test_a_log_that_cannot_be_written_fails_no_request(
    client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kernel.middleware.access_log.os.write", full)
    assert client.get("/api/trades").status_code == 401

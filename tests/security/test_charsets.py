"""Bodies are UTF-8, framed once, and carry no parameters beside them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

ECHO, LOGIN = "/api/test/echo", "/accounts/login/"
UTF_7 = b"username=%2BADw-script%2BAD4-&password=x"


@pytest.mark.parametrize("charset", ["utf-7", "UTF-16", "latin-1", "cp1252", '"utf-7"'])
@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (LOGIN, "application/x-www-form-urlencoded"),
        (LOGIN, "multipart/form-data; boundary=x"),
        (ECHO, "application/json"),
        ("/api/trades/import", "multipart/form-data; boundary=x"),
        ("/api/csp-report", "application/csp-report"),
    ],
)
def test_another_charset_is_a_415(
    anyone: Client, path: str, kind: str, charset: str
) -> None:
    answer = anyone.generic("POST", path, UTF_7, f"{kind}; charset={charset}")
    assert answer.status_code == 415


@pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip"])
def test_what_is_said_to_be_compressed_is_a_415(anyone: Client, coding: str) -> None:
    answer = anyone.generic(
        "POST", ECHO, b"{}", "application/json", headers={"Content-Encoding": coding}
    )
    assert answer.status_code == 415
    assert "without Content-Encoding" in answer.json()["detail"]


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "us-ascii"])
def test_utf_8_is_taken(anyone: Client, charset: str) -> None:
    kind = f"application/json; charset={charset}"
    answer = anyone.generic("POST", ECHO, b'{"a": "\xc3\xbc"}', kind)
    assert answer.json() == {"got": {"a": "ü"}}


def test_two_ways_of_framing_are_refused(anyone: Client) -> None:
    answer = anyone.generic(
        "POST", ECHO, b"{}", "application/json", HTTP_TRANSFER_ENCODING="chunked"
    )
    assert answer.status_code == 400
    assert "contradict" in answer.json()["detail"]


@pytest.mark.parametrize("length", ["-1", "+2", "2, 2", "0x2", "\u0662", "2.0"])
def test_a_length_that_is_no_number_is_refused(anyone: Client, length: str) -> None:
    answer = anyone.generic(
        "POST", ECHO, b"{}", "application/json", CONTENT_LENGTH=length
    )
    assert answer.status_code == 400


def test_a_change_takes_no_parameter(anyone: Client) -> None:
    answer = anyone.post(f"{ECHO}?dry_run=true", {}, "application/json")
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("unknown_parameter")


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_a_method_that_is_not_taken_is_a_405_whatever_the_query(
    anyone: Client, method: str
) -> None:
    """It was a 400 for the query, as if the method would do without one."""
    answer = anyone.generic(method, f"{ECHO}?dry_run=true", b"{}", "application/json")
    assert (answer.status_code, answer["Allow"]) == (405, "POST, OPTIONS")


def test_browsers_report_with_whatever_they_have(anyone: Client, db: Any) -> None:
    answer = anyone.generic(
        "POST", "/api/csp-report?v=3", b"[]", "application/reports+json"
    )
    assert answer.status_code == 204

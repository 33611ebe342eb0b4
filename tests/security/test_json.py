"""JSON is taken strictly or not at all; nothing that is sent breaks the server."""

from __future__ import annotations

import pytest
from django.test import Client

ECHO = "/api/test/echo"


def send(
    client: Client, body: bytes, kind: str = "application/json"
) -> tuple[int, str]:
    # Of who shows no token at all much less is taken.
    answer = client.generic("POST", ECHO, body, kind, HTTP_AUTHORIZATION="Bearer any")
    return answer.status_code, answer.content.decode()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "not JSON"),
        (b'{"a": 1, "a": 2}', "names a key twice"),
        (b'{"x": {"a": 1, "a": 1}}', "names a key twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'{"a": "x\\u0000y"}', "NUL"),
        (b'{"x\\u0000": 1}', "NUL"),
        (b'{"a": "\\ud800"}', "half a character"),
        (b"[" * 33 + b"]" * 33, "nested deeper"),
        (b"[" * 100_000, "beyond all limits"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "nested deeper"),
        (b"9" * 5_000, "beyond all limits"),
        (b"1e99999999999999999999", "beyond all limits"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": 01}', "not JSON"),
        (b'{"a": 1} trailing', "not JSON"),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else None,
)
def test_it_is_refused_with_the_reason(anyone: Client, body: bytes, words: str) -> None:
    status, answer = send(anyone, body)
    assert status == 400, answer
    assert words in answer


def test_numbers_stay_exact(anyone: Client) -> None:
    status, answer = send(anyone, b'{"a": 123456789012.123456789012345678}')
    assert (status, answer) == (200, '{"got":{"a":"123456789012.123456789012345678"}}')


def test_depth_32_is_taken(anyone: Client) -> None:
    assert send(anyone, b"[" * 32 + b"]" * 32)[0] == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "", "multipart/x"])
def test_another_content_type_is_a_415(anyone: Client, kind: str) -> None:
    status, answer = send(anyone, b'{"a": 1}', kind)
    assert status == 415, answer


def test_more_than_a_megabyte_is_refused_before_it_is_read(anyone: Client) -> None:
    status, answer = send(anyone, b'"' + b"x" * 1_000_000 + b'"')
    assert status == 413
    assert "1,000,000" in answer


def test_exactly_a_megabyte_is_read(anyone: Client) -> None:
    assert send(anyone, b'"' + b"x" * 999_998 + b'"')[0] == 200


def test_an_unknown_query_parameter_is_refused(anyone: Client, person: object) -> None:
    from accounts.services import tokens

    ada = person("ada")  # type: ignore[operator]
    header = {"Authorization": f"Bearer {tokens.issue(ada).access}"}
    answer = anyone.get("/api/me?no_such=1", headers=header)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "?no_such"


def test_who_takes_no_type_that_is_given_here_is_told_so(anyone: Client) -> None:
    answer = anyone.get("/api/me", headers={"Accept": "image/webp"})
    assert answer.status_code == 406
    assert answer["Content-Type"] == "application/problem+json"

"""One JSON object a line, with the request id, without secrets."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest
import structlog
from django.test import RequestFactory

from kernel import logs


def line(message: str, **extra: object) -> dict[str, object]:
    record = logging.LogRecord(
        "rrr.test", logging.WARNING, __file__, 1, message, (), None
    )
    record.__dict__.update(extra)
    found: dict[str, object] = json.loads(logs.formatter().format(record))
    return found


def test_a_line_is_one_json_object_with_time_level_and_logger() -> None:
    found = line("two\nlines")
    assert found["event"] == "two\nlines"
    assert (found["level"], found["logger"]) == ("warning", "rrr.test")
    assert str(found["at"]).endswith("Z")


def test_the_request_id_is_in_every_line_of_a_request() -> None:
    with structlog.contextvars.bound_contextvars(request_id="abc"):
        assert line("x")["request_id"] == "abc"


@pytest.mark.parametrize(
    ("message", "extra"),
    [
        ("Authorization was Bearer abc.def.ghi", {}),
        ("postgresql://rrr:hunter2@db/rrr failed", {}),
        ("token rrr_a1_s3cr3tvalue", {}),
        ("x", {"password": "hunter2", "DEMO_PASSWORD": "hunter2"}),
    ],
)
def test_secrets_are_blanked(message: str, extra: dict[str, object]) -> None:
    text = json.dumps(line(message, **extra))
    assert "[redacted]" in text
    for secret in ("hunter2", "abc.def.ghi", "s3cr3tvalue"):
        assert secret not in text


class Told:
    """A thing whose text holds a link that still works."""

    def __repr__(self) -> str:
        return "<Told: /accounts/password/reset/l1ve-token/?page=3>"


@pytest.mark.parametrize(
    "held",
    [
        Told(),
        [Told()],
        ("a", {"b": [Told()]}),
        {"/accounts/invitation/l1ve-token/": 1},
        {"password": "l1ve-token"},
        {1: {2: {3: {4: {5: {6: {7: {8: Told()}}}}}}}},
        "/accounts/invitation/l1ve-token/",
        b"/accounts/invitation/l1ve-token/",
        OSError("Bearer l1ve-token"),
    ],
)
def test_a_secret_is_blanked_wherever_it_lies(held: object) -> None:
    assert "l1ve-token" in str(held) or "l1ve-token" in repr(held)
    text = json.dumps(line("x", what=held))
    assert "[redacted]" in text
    assert "l1ve-token" not in text


def test_plain_values_are_told_as_they_are() -> None:
    given = {"count": 3, "share": 0.5, "well": True, "none": None, "path": "/trades/"}
    assert line("x", what=given)["what"] == given
    assert line("x", **given).items() >= given.items()


def test_what_django_hands_on_tells_no_address_that_was_asked_for() -> None:
    """As `django.request` and `django.security` log: with the whole request."""
    request = RequestFactory().get("/accounts/password/reset/l1ve-token/?q=private")
    assert "q=private" in repr(request), "else this proves nothing"
    found = line("Internal Server Error", request=request, status_code=500)
    assert "request" not in found
    assert found["status_code"] == 500
    assert "l1ve-token" not in json.dumps(found)
    assert "q=private" not in json.dumps(found)


def test_a_503_on_purpose_is_no_second_line_and_a_500_is_one() -> None:
    news = logs.Unexpected()
    for status, kept in ((500, True), (503, False), (507, False)):
        record = logging.makeLogRecord({"status_code": status})
        assert news.filter(record) is kept
    assert news.filter(logging.makeLogRecord({}))


PROCESS = """
import logging.config, threading, warnings
from kernel import logs
logging.config.dictConfig(logs.config())
logs.speak_json()
warnings.warn("old")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
raise ValueError("the end")
"""


def test_warnings_and_what_nobody_caught_are_lines_too() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROCESS], capture_output=True, text=True, check=False
    )
    told = [json.loads(line) for line in ended.stderr.splitlines()]
    assert [(line["level"], line["logger"]) for line in told] == [
        ("warning", "py.warnings"),
        ("critical", "rrr.process"),
        ("critical", "rrr.process"),
    ]
    assert "ZeroDivisionError" in told[1]["exception"]
    assert "the end" in told[2]["exception"]
    assert ended.returncode == 1


def test_what_a_signals_handler_says_is_a_line_too(
    capfd: pytest.CaptureFixture[str],
) -> None:
    logs.say_at_once("worker: Warm shutdown (MainProcess)", sys.__stdout__)
    written = capfd.readouterr()
    line = json.loads(written.err)
    assert (line["event"], line["level"]) == (
        "worker: Warm shutdown (MainProcess)",
        "info",
    )
    assert (written.out, written.err.count("\n")) == ("", 1)

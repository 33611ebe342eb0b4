"""Logs: one JSON object a line, the request id in each, secrets blanked.

The standard library's loggers are used everywhere; structlog only formats.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import threading
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import structlog

from kernel.redaction import BLANK, SECRET_NAME, without_secrets

logger = logging.getLogger("rrr.process")

# Django's loggers hand these on: as text they hold the whole address that was asked for.
NEVER_TOLD = ("request", "response")
# structlog's own, which it takes away again before a line is written.
META = ("_record", "_from_structlog")
DEEPEST = 6
Event = MutableMapping[str, Any]


def redact(logger: Any, method: str, event: Event) -> Event:
    """Blank what is secret by its name or by its looks, however deep it lies; what is
    no plain value becomes its text."""
    for name in NEVER_TOLD:
        event.pop(name, None)
    for name, value in event.items():
        if name not in META:
            event[name] = _blanked(name, value, 0)
    return event


def _blanked(name: str, value: object, depth: int) -> object:
    if SECRET_NAME.search(name):
        return BLANK
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping) and depth < DEEPEST:
        return {
            without_secrets(str(key)): _blanked(str(key), held, depth + 1)
            for key, held in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset) and depth < DEEPEST:
        return [_blanked("", held, depth + 1) for held in value]
    return without_secrets(value if isinstance(value, str) else repr(value))


SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    structlog.processors.format_exc_info,
    redact,
]


def formatter() -> structlog.stdlib.ProcessorFormatter:
    """The formatter of every handler."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )


class Unexpected(logging.Filter):
    """Not a second line for a 503 or 507 that we answered on purpose: what was the
    matter was said where it was found."""

    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(record, "status_code", None) not in {503, 507}


def speak_json() -> None:
    """In a process that serves: warnings and errors that nobody caught are lines, too."""
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_of_thread


def _uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logger.critical("nobody caught this", exc_info=(kind, error, trace))


def _uncaught_of_thread(given: threading.ExceptHookArgs) -> None:
    if given.exc_value is not None:
        _uncaught(given.exc_type, given.exc_value, given.exc_traceback)


def say_at_once(text: str, stream: object = None) -> None:
    """A line from a signal's handler, which may have interrupted another line's writing:
    no lock, no buffer, one write. Stands in for what Celery prints; `stream` is its."""
    line = {
        "event": text.strip(),
        "level": "info",
        "logger": "rrr.process",
        "at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
    }
    with contextlib.suppress(OSError, ValueError):
        os.write(sys.stderr.fileno(), json.dumps(line).encode() + b"\n")


def config() -> dict[str, Any]:
    """Django's LOGGING."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": formatter}},
        "filters": {"news": {"()": Unexpected}},
        "handlers": {"lines": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["lines"], "level": "WARNING"},
        "loggers": {
            "rrr": {"level": "INFO"},
            # Django logs every 4xx as a warning; clients' mistakes are not news.
            "django.request": {"level": "ERROR", "filters": ["news"]},
            "django.security.DisallowedHost": {"level": "CRITICAL"},
        },
    }

"""Django's SQLite backend, whose writers in a web process queue before they ask."""

from __future__ import annotations

import functools
import sqlite3
import time
from typing import Any

from django.conf import settings
from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

from kernel import patience
from kernel.door import WEB_THREADS
from kernel.sqlite.queue import QueueRefused, Turnstile, WriteQueue

# What is overridden here is missing from django-stubs.
Wrapper: Any = base.DatabaseWrapper
QUEUE = WriteQueue(most=WEB_THREADS // 2)


@functools.cache
def turnstile() -> Turnstile:
    return Turnstile(settings.STATE_DIR)


class DatabaseWrapper(Wrapper):  # type: ignore[misc] # see above
    """See the module."""

    _ticket: object | None = None  # our place among the writers of this process
    _passed = False  # through the turnstile of all processes

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        limits = patience.ours()
        if limits is not None:
            params["timeout"] = limits.write
        return params

    def _start_transaction_under_autocommit(self) -> None:
        limits = patience.ours()
        if limits is None or self.transaction_mode != "IMMEDIATE":
            super()._start_transaction_under_autocommit()
            return
        ends = time.monotonic() + limits.write
        try:
            self._ticket = QUEUE.enter(ends)
            turnstile().enter(ends)
            self._passed = True
            self._wait_at_most(max(0.0, ends - time.monotonic()))
            super()._start_transaction_under_autocommit()
            self._wait_at_most(limits.write)
        except QueueRefused as refused:
            self._leave()
            raise OperationalError(f"database is locked: {refused}") from None
        except BaseException:
            self._leave()
            raise
        QUEUE.writing()

    def _wait_at_most(self, seconds: float) -> None:
        connection: sqlite3.Connection = self.connection
        connection.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")

    def _set_autocommit(self, autocommit: bool) -> None:
        try:
            super()._set_autocommit(autocommit)
        finally:
            if autocommit:
                self._leave()

    def _close(self) -> None:
        try:
            super()._close()
        finally:
            self._leave()

    def _leave(self) -> None:
        passed, self._passed = self._passed, False
        if passed:
            turnstile().leave()
        ticket, self._ticket = self._ticket, None
        if ticket is not None:
            QUEUE.leave(ticket)

"""Django's SQLite backend, whose writers in a web process queue before they ask."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

from kernel import patience
from kernel.door import WEB_THREADS
from kernel.patience import Patience
from kernel.sqlite.queue import QueueRefused, Turnstile, Wait, WriteQueue
from kernel.sqlite.served_file import refuse_another

# What is overridden here is missing from django-stubs.
Wrapper: Any = base.DatabaseWrapper
Cursor: Any = base.SQLiteCursorWrapper
WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)
QUEUE = WriteQueue(most=WEB_THREADS // 2)


# Each of a web process' threads keeps its connection, and with it so much at most.
WEB_CACHE_KB = 8_000


def file_of(name: object) -> Path:
    """The file that a database's NAME in the settings stands for."""
    return Path(str(name).removeprefix("file:").partition("?")[0])


def _identity(connection: sqlite3.Connection) -> tuple[int, int] | None:
    """Which file lies under the database's name; None for none, and in memory."""
    (_, _, path), *_ = connection.execute("PRAGMA database_list")
    try:
        there = os.stat(path)  # noqa: PTH116 - asked for each request
    except OSError:
        return None
    return there.st_dev, there.st_ino


@functools.cache
def turnstile() -> Turnstile:
    return Turnstile(settings.STATE_DIR)


def _limits() -> Patience | None:
    """What holds for this process' writers, if they queue."""
    limits = patience.ours()
    return limits if limits is not None and limits.queues else None


class QueueingCursor(Cursor):  # type: ignore[misc] # see above
    """Also a statement outside a transaction waits for its turn."""

    wrapper: DatabaseWrapper

    def execute(self, query: str, params: Any = None) -> Any:
        with self.wrapper.turn(query):
            return super().execute(query, params)

    def executemany(self, query: str, param_list: Any) -> Any:
        with self.wrapper.turn(query):
            return super().executemany(query, param_list)


class DatabaseWrapper(Wrapper):  # type: ignore[misc] # see above
    """See the module."""

    _opened: tuple[int, int] | None = None  # which file
    _ticket: object | None = None  # our place among the writers of this process
    _passed = False  # through the turnstile of all processes
    _written = False  # and got the database's lock

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        limits = patience.ours()
        if limits is not None and limits.longest_lock is not None:
            params["timeout"] = limits.longest_lock
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        refuse_another(file_of(self.settings_dict["NAME"]))
        connection: sqlite3.Connection = super().get_new_connection(conn_params)
        if _limits() is not None:
            connection.execute(f"PRAGMA cache_size = -{WEB_CACHE_KB}")
        self._opened = _identity(connection)
        return connection

    def is_usable(self) -> bool:
        """Whether what was opened still lies under its name: connections outlive
        requests, and a file that vanished or was restored must not."""
        return self._opened == _identity(self.connection)

    def create_cursor(self, name: str | None = None) -> QueueingCursor:
        cursor: QueueingCursor = self.connection.cursor(factory=QueueingCursor)
        cursor.wrapper = self
        return cursor

    def _start_transaction_under_autocommit(self) -> None:
        limits = _limits()
        if limits is None or self.transaction_mode != "IMMEDIATE":
            super()._start_transaction_under_autocommit()
            return
        with self._asking(limits):
            super()._start_transaction_under_autocommit()

    @contextlib.contextmanager
    def turn(self, query: str) -> Iterator[None]:
        """Our turn while a statement writes that is a transaction of its own."""
        limits = _limits()
        if limits is None or self._passed or not WRITES.match(query):
            yield
            return
        try:
            with self._asking(limits):
                yield
        finally:
            self._leave()

    @contextlib.contextmanager
    def _asking(self, limits: Patience) -> Iterator[None]:
        """Our turn, and what is left of the wait to ask for SQLite's own lock. The
        turn is kept, except when the lock was not to be had."""
        wait = Wait(limits.write, limits.queue, turnstile().written)
        try:
            self._ticket = QUEUE.enter(wait)
            turnstile().enter(wait)
            self._passed = True
            self._wait_at_most(wait.left())
            yield
        except QueueRefused as refused:
            self._leave()
            raise OperationalError(f"database is locked: {refused}") from None
        except BaseException:
            self._leave()
            raise
        finally:
            self._wait_at_most(limits.write)
        self._written = True
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
        written, self._written = self._written, False
        if passed:
            turnstile().leave(written=written)
        ticket, self._ticket = self._ticket, None
        if ticket is not None:
            QUEUE.leave(ticket)

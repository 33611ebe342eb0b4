"""What a connection to PostgreSQL is asked for, in a web process and elsewhere."""

from __future__ import annotations

import pytest
from django.db import connections

from kernel import patience
from kernel.patience import Patience
from kernel.postgresql.base import DatabaseWrapper
from rrr_dashboard import server_readers
from rrr_dashboard.settings import database


def asked() -> tuple[int, dict[str, str]]:
    """Seconds for the connection, and the server's settings for it."""
    address = server_readers.database("postgresql://h/d")
    settings = connections.configure_settings({"default": database(address)})
    params = DatabaseWrapper(settings["default"]).get_connection_params()
    words = params["options"].replace("-c ", "").split()
    return params["connect_timeout"], dict(word.split("=") for word in words)


def test_elsewhere_a_statement_may_take_its_time() -> None:
    connect, server = asked()
    assert connect == 3
    assert "statement_timeout" not in server
    assert "lock_timeout" not in server
    assert server["idle_in_transaction_session_timeout"] == "1h"


def test_for_a_request_the_server_gives_up_before_the_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "_ours", Patience())
    connect, server = asked()
    assert connect == 2
    assert server["statement_timeout"] == server["lock_timeout"] == "2500ms"
    assert Patience.statement < Patience.answer
    assert server["idle_in_transaction_session_timeout"] == "10s"


def test_watch_has_an_end_to_every_wait_and_time_to_tell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "_ours", None)
    patience.keep_watch()
    connect, server = asked()
    assert connect == 3
    assert server["statement_timeout"] == server["lock_timeout"] == "8000ms"
    # A look every 5 s; the alert is due after 30.
    assert connect + patience.WATCH.answer + 5 < 30
    # SQLite's lock is waited for as a worker waits: behind no queue of requests.
    assert not patience.WATCH.queues


def test_a_lost_client_is_noticed_in_both(monkeypatch: pytest.MonkeyPatch) -> None:
    for limits in (None, Patience()):
        monkeypatch.setattr(patience, "_ours", limits)
        _, server = asked()
        assert server["client_connection_check_interval"] == "5s"
        keepalive = [int(server[f"tcp_keepalives_{it}"]) for it in KEEPALIVE]
        assert keepalive == [10, 5, 3]


KEEPALIVE = ("idle", "interval", "count")

"""Django's PostgreSQL backend, whose every wait in a web process has an end."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any, TypeVar

import psycopg
from django.db.backends.postgresql import base, client
from psycopg import IsolationLevel, errors

from kernel import patience
from kernel.patience import DatabaseBreaker, DatabaseSilent
from kernel.postgresql.options import for_programs

T = TypeVar("T")
BREAKER = DatabaseBreaker()
# So that the server lets go of what a lost client has locked.
SERVER_LIMITS = {
    "idle_in_transaction_session_timeout": "1h",
    "client_connection_check_interval": "5s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}


class LimitedConnection(psycopg.Connection[Any]):
    """A connection that is closed when an answer does not come in time."""

    def wait(
        self,
        gen: Generator[Any, Any, T],
        interval: float = 0.1,
        timeout: float | None = None,
    ) -> T:
        limits = patience.ours()
        if limits is None:
            return super().wait(gen, interval, timeout)
        _admit()
        try:
            answer = super().wait(gen, interval, timeout or limits.answer)
        except errors._WaitTimeout:
            # What the server makes of it is not known: nobody asks on this line again.
            self.pgconn.finish()
            BREAKER.failed()
            raise psycopg.OperationalError(
                f"no answer within {limits.answer:g} s"
            ) from None
        BREAKER.succeeded()
        return answer


def _admit() -> None:
    try:
        BREAKER.admit()
    except DatabaseSilent as refused:
        raise psycopg.OperationalError(str(refused)) from None


class DatabaseClient(client.DatabaseClient):
    """psql goes the way that the product goes (`manage.py dbshell`)."""

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: Iterable[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        command, given = super().settings_to_cmd_args_env(settings_dict, parameters)
        return command, {**(given or {}), **for_programs(settings_dict["OPTIONS"])}


class DatabaseWrapper(base.DatabaseWrapper):
    """See the module."""

    client_class = DatabaseClient

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        asked = dict(SERVER_LIMITS)
        limits = patience.ours()
        if limits is not None:
            params["connect_timeout"] = limits.connect
            statement = f"{limits.statement * 1000:.0f}ms"
            asked |= {"statement_timeout": statement, "lock_timeout": statement}
            asked["idle_in_transaction_session_timeout"] = "10s"
        words = [f"-c {name}={value}" for name, value in asked.items()]
        params["options"] = " ".join([params.get("options", ""), *words]).strip()
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self.isolation_level = IsolationLevel.READ_COMMITTED
        if patience.ours() is not None:
            _admit()
        try:
            return LimitedConnection.connect(**conn_params)
        except errors.ConnectionTimeout:
            BREAKER.failed()
            raise

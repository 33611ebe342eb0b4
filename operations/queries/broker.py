"""Does the broker take messages? One that answers and refuses every change (out of
memory, a read-only replica, a full disk) would stop all work in silence."""

from __future__ import annotations

from typing import Any

from celery import Celery, current_app
from django.conf import settings
from kombu import Connection
from kombu.exceptions import KombuError
from redis import RedisError

# What a publisher may wait for the broker; workers, who wait for work, wait longer.
PATIENCE = {"max_retries": 0, "socket_timeout": 0.2, "socket_connect_timeout": 0.2}
KEPT_SECONDS = 60


def app() -> Celery:
    return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return]


def broker_connection() -> Connection:
    """One that does not wait for long, to be closed by whoever asked for it."""
    options = {**app().conf.broker_transport_options, **PATIENCE}
    return app().connection_for_write(transport_options=options)


def broker_refusal() -> str:
    """Why the broker takes no message just now; "" when it does. Within a second: by
    default kombu sleeps two between its tries, also after the last."""
    try:
        with broker_connection() as connection:
            connection.ensure_connection(max_retries=1, timeout=1, interval_start=0)
            channel: Any = connection.default_channel
            channel.client.set(f"rrr:{settings.RRR_ENV}:taken", "", ex=KEPT_SECONDS)
    except (KombuError, RedisError, OSError) as error:
        why = str(error).strip() or type(error).__name__
        return why.splitlines()[0].rstrip(".")
    return ""

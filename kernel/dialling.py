"""Whom a process may reach, whoever in it dials: the last wall behind kernel.http.

A library that dials itself asks nobody. So an audit hook looks at each connection and
each datagram of Python's sockets: to a public address it may go, to one that is not only
where a service of our own is, and to a name (which would be looked up after we had
looked) never, unless it is that service's. A look-up is a way out, too: the question
carries the name to whoever answers for it. So Python's sockets look up the names of our
services, of OUTGOING_ALLOW and of ourselves, what the guarded client asks for, and
AWS where the backups are; no other. What dials below Python's sockets no hook
sees: libpq (our database), granian (it listens), programs that we start.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import socket
import sys
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from kernel.http import looked_up, may_reach
from kernel.web import own_origin

logger = logging.getLogger("rrr.outgoing")
# Each with the place of the address among its arguments.
EVENTS = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}
LOOK_UPS = frozenset(
    {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
)
# Where boto3 asks for a bucket, and for the rights of a role.
OF_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
FAMILIES = frozenset({socket.AF_INET, socket.AF_INET6})
LOOPBACK, LOCALHOST = "127.0.0.1", "localhost"
ANY = 0
PORTS = {
    "http": 80,
    "https": 443,
    "redis": 6379,
    "rediss": 6379,
    "amqp": 5672,
    "postgresql": 5432,
}
# A name of a service of ours may move to another address.
FRESH_SECONDS = 5.0


class NotOurs(PermissionError):
    """Nobody here has to do with that address. To a library: it cannot be reached."""


def guard() -> None:
    """From now on, for as long as this process and its children live."""
    if not _guarding:
        _guarding.append(True)
        sys.addaudithook(_look)


_guarding: list[bool] = []


def _look(event: str, args: tuple[Any, ...]) -> None:
    if event in EVENTS:
        refuse_foreign(args[0], args[EVENTS[event]])
    elif event in LOOK_UPS:
        refuse_foreign_name(args[0])


def refuse_foreign(through: socket.socket, address: Any) -> None:
    """Raises NotOurs. A socket that is no internet's, and one that is connected
    already, goes nowhere that we would not know."""
    if through.family not in FAMILIES or not isinstance(address, tuple):
        return
    host, port = str(address[0]), int(address[1])
    if not _is_ours(host, port):
        logger.warning("a connection to %s, port %s, was refused", host, port)
        raise NotOurs(
            f"{host}:{port} is neither public nor a service of ours; "
            "name it in OUTGOING_ALLOW if that is meant"
        )


def refuse_foreign_name(asked: str | bytes | None) -> None:
    """Raises NotOurs, before any name server is asked."""
    host = asked.decode(errors="replace") if isinstance(asked, bytes) else asked or ""
    if not _may_look_up(_spelled(host)):
        logger.warning("the look-up of %s was refused", host)
        raise NotOurs(
            f"{host} is no service of ours; name it in OUTGOING_ALLOW if that is meant"
        )


def _may_look_up(host: str) -> bool:
    if not host or host == _spelled(looked_up.get()) or _is_address(host):
        return True
    if settings.BACKUP_URL.startswith("s3://") and host.endswith(OF_AWS):
        return True
    named = {LOCALHOST, socket.gethostname(), *settings.OUTGOING_ALLOW}
    for service, _ in own_services():
        named.update(service.split(","))  # a database may be one of several
    return host in {_spelled(name) for name in named}


def _spelled(host: str) -> str:
    """One spelling of a name: as a name server is asked."""
    with contextlib.suppress(UnicodeError):
        host = host.encode("idna").decode()
    return host.lower().rstrip(".")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:  # a name, or an address in a spelling of old
        return False
    return True


def _is_ours(host: str, port: int) -> bool:
    """A name is looked up after we have looked: it must be that of a service."""
    services = frozenset(own_services())
    if (host.lower(), port) in services or _is_instance(host, port):
        return True
    if not _is_address(host):
        return host.lower() in settings.OUTGOING_ALLOW
    if may_reach("", host):
        return True
    named = services | {(name, ANY) for name in settings.OUTGOING_ALLOW}
    here = _addresses(named, round(time.monotonic() / FRESH_SECONDS))
    return (host, port) in here or (host, ANY) in here


def own_services() -> Iterator[tuple[str, int]]:
    """Host and port of what the settings name, and of ourselves."""
    yield settings.BIND, settings.PORT
    yield LOOPBACK, settings.PORT
    database = settings.DATABASES["default"]
    if database.get("HOST"):
        yield database["HOST"], int(database.get("PORT") or PORTS["postgresql"])
    if settings.EMAIL_URL:
        yield settings.EMAIL_HOST, settings.EMAIL_PORT
    for url in (
        settings.REDIS_URL,
        settings.CELERY_BROKER_URL,
        settings.OTLP_ENDPOINT,
        settings.AWS_ENDPOINT_URL,
        settings.INTERNAL_URL,
        own_origin(),
    ):
        parts = urlsplit(url)
        if parts.hostname:
            yield parts.hostname, parts.port or PORTS.get(parts.scheme, ANY)


def _is_instance(host: str, port: int) -> bool:
    """A web process that a probe of ours has started beside the product."""
    record = Path(settings.STATE_DIR) / "instances" / f"{port}.json"
    return host == LOOPBACK and record.exists()


@lru_cache(maxsize=1)
def _addresses(
    named: frozenset[tuple[str, int]], _moment: int
) -> frozenset[tuple[str, int]]:
    """Where these are now. Whose name nobody knows is nowhere."""
    addresses = set[tuple[str, int]]()
    for host, port in named:
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            continue
        addresses.update((str(entry[4][0]), port) for entry in entries)
    return frozenset(addresses)

"""Whether a server's certificate is good, at every address of its name."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass

DAY = 86_400
SECONDS = 2.0


@dataclass(frozen=True)
class Certificate:
    """What stands at one address: days until it ends, or the `fault` for which it is
    not believed."""

    address: str
    days: float = 0.0
    fault: str = ""


def certificates(host: str, port: int) -> Iterator[Certificate]:
    """Chain and name are checked as a browser does. Raises OSError for a name that
    does not resolve."""
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for address in sorted({str(entry[4][0]) for entry in entries}):
        try:
            yield Certificate(address, _days(host, address, port))
        except (OSError, ValueError) as error:
            yield Certificate(address, fault=str(error) or type(error).__name__)


def _days(host: str, address: str, port: int) -> float:
    context = ssl.create_default_context()
    with (
        socket.create_connection((address, port), SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        told = secure.getpeercert() or {}
    ends = ssl.cert_time_to_seconds(str(told["notAfter"]))
    return (ends - time.time()) / DAY

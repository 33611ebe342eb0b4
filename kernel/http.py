"""The only way out: guarded HTTP to the world, and signed HTTP to ourselves.

`send` resolves the host, refuses private, loopback, link-local, CGNAT and
v4-mapped addresses unless OUTGOING_ALLOW names them, connects to exactly the
address it checked, follows no redirect, waits 5 s and reads 64 kB.
`own` reaches only the product itself.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

TIMEOUT = 5.0
MAX_OUT = 65_536
MAX_OWN = 5_000_000
OWN_HEADER = "X-RRR-Own"


class Refused(Exception):
    """The address may not be reached; the text says why."""


class NoAnswer(Exception):
    """Nothing came back in time, or the connection failed; the text says how."""


@dataclass(frozen=True)
class Reply:
    """Status, headers (names in lower case) and at most the allowed bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def own_signature(path: str) -> str:
    """HMAC that tells our own requests from others', so they are not counted."""
    return hmac.new(
        settings.SECRET_KEY.encode(), path.encode(), hashlib.sha256
    ).hexdigest()


def is_own(path: str, header: str) -> bool:
    return bool(header) and hmac.compare_digest(header, own_signature(path))


def own_base() -> str:
    """Where this product answers: PUBLIC_ORIGIN, else its own BIND and PORT."""
    if settings.PUBLIC_ORIGIN:
        return str(settings.PUBLIC_ORIGIN)
    host = "127.0.0.1" if settings.BIND in {"0.0.0.0", "::", ""} else settings.BIND  # noqa: S104
    return f"http://{host}:{settings.PORT}"


def own(
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = TIMEOUT,
) -> Reply:
    """Ask the running product itself; no redirects, 5 MB. Raises NoAnswer."""
    signed = {OWN_HEADER: own_signature(path.partition("?")[0]), **(headers or {})}
    return _exchange(own_base() + path, None, method, signed, body, timeout, MAX_OWN)


def send(
    url: str,
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Reply:
    """Ask somebody else. Raises Refused or NoAnswer."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Refused(f"{url[:80]!r} is no http(s) address.")
    address = _allowed_address(
        parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    )
    return _exchange(url, address, method, dict(headers or {}), body, TIMEOUT, MAX_OUT)


def _allowed_address(host: str, port: int) -> str:
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NoAnswer(f"{host} does not resolve: {error}") from error
    addresses = [str(entry[4][0]) for entry in entries]
    for text in addresses:
        if not _may_reach(host, text):
            raise Refused(
                f"{host} resolves to {text}, which is not public; "
                "name it in OUTGOING_ALLOW if that is meant."
            )
    return addresses[0]


def _may_reach(host: str, text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    for allowed in settings.OUTGOING_ALLOW:
        if allowed == host:
            return True
        try:
            if address in ipaddress.ip_network(allowed, strict=False):
                return True
        except ValueError:
            continue
    return address.is_global and not address.is_multicast


def _exchange(
    url: str,
    address: str | None,
    method: str,
    headers: dict[str, str],
    body: bytes | None,
    timeout: float,
    most: int,
) -> Reply:
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(
            host, port, timeout=timeout, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
    if address is not None:
        # Connect to the address that was checked, keep the name for TLS and Host.
        connection._create_connection = (  # type: ignore[attr-defined]
            lambda _target, *args, **kwargs: socket.create_connection(
                (address, port), timeout
            )
        )
    try:
        connection.request(method, target, body=body, headers=headers)
        answer = connection.getresponse()
        content = answer.read(most + 1)[:most]
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, names, content)
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(
            f"{host}:{port}: {str(error) or type(error).__name__}"
        ) from error
    finally:
        connection.close()

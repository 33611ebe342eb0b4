"""The only way out: guarded HTTP to the world, and signed HTTP to ourselves.

`send` resolves the host, refuses what is not public (private, loopback, link-local,
CGNAT, and v6 addresses that carry or translate a v4 one) unless OUTGOING_ALLOW names
it, connects to exactly the address it checked, follows no redirect and reads 64 kB;
from the name's look-up to the last byte it takes 5 s at most.
`own` reaches only the product itself.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from kernel import instances
from kernel.deadline import Overdue, within
from kernel.web import own_address, own_origin

TIMEOUT = 5.0
MAX_OUT = 65_536
MAX_OWN = 5_000_000
# Our own account may ask a hundred times a second, which a quick machine does.
TURNS, LONGEST_TURN = 4, 2
OWN_HEADER = "X-RRR-Own"
# IANA has given out addresses of version 6 in here alone; the rest is loopback,
# unique-local, link-local, discard-only, segment routing, translated v4, or nobody's.
GIVEN_OUT = ipaddress.ip_network("2000::/3")
# What IANA's registries of special addresses keep from the world, and Python 3.11 (or
# another, later) calls global all the same.
NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",  # of protocols: the nearest one that listens, so a network's own
        "192.88.99.0/24",  # relays of 6to4, the nearest one
        "2001::/32",  # Teredo, carries a v4 address
        "2002::/16",  # 6to4, carries a v4 address
        "3fff::/20",  # of documents
    )
)
# The name that `send` asks for at this moment, on this thread: kernel.dialling lets that
# question through.
looked_up: ContextVar[str] = ContextVar("looked_up", default="")


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
    return bool(header) and hmac.compare_digest(
        header.encode(), own_signature(path).encode()
    )


def _own_way() -> tuple[str, dict[str, str]]:
    """Where our own requests go, and the headers that make them look as public ones
    do behind the proxy: INTERNAL_URL leads past it, to the same hosts and cookies."""
    if not settings.INTERNAL_URL:
        return own_origin(), {}
    public = urlsplit(own_origin())
    return str(settings.INTERNAL_URL), {
        "Host": public.netloc,
        "X-Forwarded-Proto": public.scheme,
    }


def _scratch_way(port: int) -> tuple[str, dict[str, str]]:
    if not instances.is_recorded(port):
        raise Refused(f"No instance of ours was started on port {port}.")
    base = f"http://{instances.LOOPBACK}:{port}"
    if not settings.PUBLIC_ORIGIN:
        return base, {}
    public = urlsplit(own_origin())
    return base, {"Host": public.netloc, "X-Forwarded-Proto": public.scheme}


def own(
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = TIMEOUT,
    port: int | None = None,
) -> Reply:
    """Ask the running product itself; no redirects, 5 MB. `port` names one of its
    scratch instances (kernel.instances). Raises NoAnswer, Refused for a port on which
    none of ours was started."""
    base, way = _own_way() if port is None else _scratch_way(port)
    signed = {OWN_HEADER: own_signature(path.partition("?")[0]), **(headers or {})}
    signed = {**way, **signed}
    url = base + path
    return _in_time(
        "{}:{}".format(*_target(url)),
        timeout,
        lambda: _exchange(url, None, method, signed, body, MAX_OWN, timeout),
    )


def own_here(path: str, *, timeout: float = TIMEOUT) -> Reply:
    """Ask the web process of this machine where it listens, whatever way `own` goes.
    Raises NoAnswer."""
    base, public = own_address(), urlsplit(own_origin())
    way = {"Host": public.netloc, "X-Forwarded-Proto": public.scheme}
    signed = {**way, OWN_HEADER: own_signature(path)}
    return _in_time(
        base,
        timeout,
        lambda: _exchange(base + path, None, "GET", signed, None, MAX_OWN, timeout),
    )


def in_turn(path: str, **asked: Any) -> Reply:
    """As `own`, at the pace of the limits: a 429 tells nothing of what stands behind
    them, neither that it is shut nor that it is open. Raises NoAnswer where a turn is
    too long to wait for."""
    for _ in range(TURNS):
        answer = own(path, **asked)
        if answer.status != HTTPStatus.TOO_MANY_REQUESTS:
            return answer
        turn = int(answer.headers.get("retry-after", "1"))
        if turn > LONGEST_TURN:
            break
        time.sleep(turn)
    raise NoAnswer(f"{path} was asked more often than limits allow: again in {turn} s")


def send(
    url: str,
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Reply:
    """Ask somebody else. Raises Refused or NoAnswer."""
    host, port = _target(url)

    def exchange() -> Reply:
        address = _allowed_address(host, port)
        return _exchange(url, address, method, dict(headers or {}), body, MAX_OUT)

    return _in_time(f"{host}:{port}", TIMEOUT, exchange)


def refuse_not_public(url: str) -> None:
    """For a client of another library: raises Refused where `send` would, and NoAnswer
    when the host does not resolve."""
    host, port = _target(url)
    try:
        within(TIMEOUT, lambda: _allowed_address(host, port))
    except Overdue:
        raise NoAnswer(f"{host} does not resolve within {TIMEOUT:g} s") from None


def _target(url: str) -> tuple[str, int]:
    """Host and port. Raises Refused for what is no address of the web."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Refused(f"{url[:80]!r} is no http(s) address.") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise Refused(f"{url[:80]!r} is no http(s) address.")
    return host, port or (443 if parts.scheme == "https" else 80)


def _in_time(peer: str, seconds: float, exchange: Callable[[], Reply]) -> Reply:
    """One deadline over look-up, connection, TLS, request and answer."""
    try:
        return within(seconds, exchange)
    except Overdue:
        raise NoAnswer(f"{peer}: no whole answer within {seconds:g} s") from None


def _allowed_address(host: str, port: int) -> str:
    before = looked_up.set(host)
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NoAnswer(f"{host} does not resolve: {error}") from error
    finally:
        looked_up.reset(before)
    addresses = [str(entry[4][0]) for entry in entries]
    for text in addresses:
        if not may_reach(host, text):
            raise Refused(
                f"{host} resolves to {text}, which is not public; "
                "name it in OUTGOING_ALLOW if that is meant."
            )
    return addresses[0]


def may_reach(host: str, text: str) -> bool:
    """Is this address public, or allowed as it is or by the name of its host, which is
    compared in small letters?"""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    for allowed in settings.OUTGOING_ALLOW:
        if allowed == host.lower():
            return True
        try:
            if address in ipaddress.ip_network(allowed, strict=False):
                return True
        except ValueError:
            continue
    return _is_public(address)


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return (
        address.is_global
        and not address.is_multicast
        and (address.version == 4 or address in GIVEN_OUT)
        and not any(address in network for network in NOT_PUBLIC)
    )


def _exchange(
    url: str,
    address: str | None,
    method: str,
    headers: dict[str, str],
    body: bytes | None,
    most: int,
    timeout: float = TIMEOUT,
) -> Reply:
    parts = urlsplit(url)
    host, port = _target(url)
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

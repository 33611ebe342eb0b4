"""Clients that mean no good: slow, silent, or deaf. Each holds its sockets while a
`with` lasts; a thread drips for those that drip."""

from __future__ import annotations

import contextlib
import resource
import select
import socket
import threading
from collections.abc import Iterator

FEW_BYTES = 1024


def enough_files(count: int) -> None:
    """This process may hold `count` sockets more than it usually may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count + FEW_BYTES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 1024), hard))


@contextlib.contextmanager
def connections(
    port: int, count: int, words: bytes = b"", *, window: int = 0
) -> Iterator[list[socket.socket]]:
    """`count` connections, each of which has sent `words` and reads nothing."""
    enough_files(count)
    held: list[socket.socket] = []
    try:
        for _ in range(count):
            client = socket.socket()
            if window:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
            client.settimeout(20)
            client.connect(("127.0.0.1", port))
            client.sendall(words)
            held.append(client)
        yield held
    finally:
        for client in held:
            client.close()


@contextlib.contextmanager
def dripping(clients: list[socket.socket], seconds: float = 1.0) -> Iterator[None]:
    """One byte from each of them, every second."""
    over = threading.Event()

    def drip() -> None:
        while not over.wait(seconds):
            for client in clients:
                with contextlib.suppress(OSError):
                    client.sendall(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def readable(client: socket.socket) -> bool:
    """Has something been answered?"""
    return bool(select.select([client], [], [], 0)[0])


def head(
    path: str, *, length: int = 0, host: str = "127.0.0.1", token: bool = True
) -> bytes:
    """The head of a request: a POST when it announces a body. Its token is no good,
    which nobody knows before the body has come."""
    method = "POST" if length else "GET"
    framing = f"Content-Length: {length}\r\n" if length else ""
    kind = "Content-Type: application/json\r\n"
    kind += "Authorization: Bearer any\r\n" if token else ""
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{kind}{framing}\r\n".encode()


def answer_of(client: socket.socket) -> bytes:
    """What has been answered until the server ends the connection, or has no more."""
    taken = b""
    with contextlib.suppress(OSError):
        while piece := client.recv(65_536):
            taken += piece
            if b"\r\n\r\n" in taken and b'"request_id"' in taken:
                break
    return taken

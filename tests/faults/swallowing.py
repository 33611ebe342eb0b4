"""A proxy before a server that can be told to swallow the answers: what a network
does that drops packets, and what no timeout of the server's helps against."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class SwallowingProxy:
    """Forwards both ways; while `hanging` is set nothing comes back, nor is refused."""

    def __init__(self, host: str, port: int) -> None:
        self.target = host, port
        self.hanging = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = int(self.listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._join, args=(client,), daemon=True).start()

    def _join(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self.target, timeout=10)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        back = threading.Thread(
            target=self._forward, args=(server, client, True), daemon=True
        )
        back.start()
        self._forward(client, server, False)

    def _forward(
        self, source: socket.socket, sink: socket.socket, answers: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65_536):
                if not (answers and self.hanging.is_set()):
                    sink.sendall(piece)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        self.listener.close()


@contextlib.contextmanager
def swallowing(host: str, port: int) -> Iterator[SwallowingProxy]:
    proxy = SwallowingProxy(host, port)
    try:
        yield proxy
    finally:
        proxy.close()

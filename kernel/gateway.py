"""WSGI spoken to an application by an ASGI server's words."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication, WSGIEnvironment

PIECE_BYTES = 64_000
# In the environ: why a request is refused, found before there was one.
REFUSED = "rrr.refused"
# CGI's names for the two headers that have no HTTP_ before them.
PLAIN = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}


def environ_of(scope: dict[str, Any]) -> WSGIEnvironment:
    """The environ of a request whose body has not come yet: `wsgi.input` is empty.

    A header whose name holds an underscore is left out: it would pass for the one
    with hyphens that a proxy in front is trusted to set.
    """
    server, client = scope.get("server") or ("", 0), scope.get("client") or ("", 0)
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        if b"_" in name:
            continue
        key = PLAIN.get(name) or f"HTTP_{name.decode().upper().replace('-', '_')}"
        text = value.decode("latin-1")
        if key in environ:
            text = environ[key] + ("; " if key == "HTTP_COOKIE" else ",") + text
        environ[key] = text
    return environ


class WsgiCall:
    """One call of a WSGI application. `status` and `headers` hold once `begin` has
    returned; after the last piece `ended` is true and the answer closed."""

    def __init__(self, application: WSGIApplication, environ: WSGIEnvironment) -> None:
        self.application, self.environ = application, environ
        self.status, self.headers = 500, list[tuple[bytes, bytes]]()
        self.ended = False

    def begin(self) -> bytes:
        """Let the application answer; the first piece of its body."""
        self.answer = self.application(self.environ, self._start)
        self.pieces: Iterator[bytes] = iter(self.answer)
        return self.next_piece()

    def next_piece(self) -> bytes:
        """PIECE_BYTES or a little more; less when the answer ends here. Bodies that
        are short need no second thread, and long ones do not fill the memory."""
        taken, size = [], 0
        try:
            for piece in self.pieces:
                taken.append(piece)
                size += len(piece)
                if size >= PIECE_BYTES:
                    return b"".join(taken)
        except BaseException:
            self.close()
            raise
        self.close()
        return b"".join(taken)

    def close(self) -> None:
        self.ended = True
        close = getattr(self.answer, "close", None)
        if close is not None:
            close()

    def _start(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        self.status = int(status[:3])
        self.headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in headers
        ]
        return _no_write


def _no_write(data: bytes) -> object:
    raise NotImplementedError("WSGI's write() is older than any of our code")

"""A client that costs little: kept-alive HTTP/1.1 on a plain socket, in processes of
their own, so that the load does not measure itself."""

from __future__ import annotations

import socket
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

SECONDS = 30  # for one answer


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Line:
    """One connection; a server that closed it is called anew."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._socket: socket.socket | None = None
        self._read = b""

    def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Reply:
        """Raises OSError where nobody answers."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        lines += [f"{name}: {text}" for name, text in headers.items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        sent = "\r\n".join([*lines, "", ""]).encode() + body
        try:
            return self._exchange(sent)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._read = None, b""

    def _exchange(self, sent: bytes) -> Reply:
        if self._socket is None:
            address = ("127.0.0.1", self.port)
            self._socket = socket.create_connection(address, SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(sent)
        while b"\r\n\r\n" not in self._read:
            self._more()
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(": ") for line in rest)
        headers = {name.lower(): text for name, _, text in pairs}
        return Reply(int(first.split(" ", 2)[1]), headers, self._body(headers))

    def _body(self, headers: Mapping[str, str]) -> bytes:
        if headers.get("transfer-encoding") == "chunked":
            return self._chunks()
        return self._bytes(int(headers.get("content-length", "0")))

    def _chunks(self) -> bytes:
        whole = b""
        while True:
            while b"\r\n" not in self._read:
                self._more()
            size, _, self._read = self._read.partition(b"\r\n")
            piece = self._bytes(int(size, 16) + 2)
            if len(piece) == 2:
                return whole
            whole += piece[:-2]

    def _bytes(self, count: int) -> bytes:
        while len(self._read) < count:
            self._more()
        piece, self._read = self._read[:count], self._read[count:]
        return piece

    def _more(self) -> None:
        assert self._socket is not None
        piece = self._socket.recv(65_536)
        if not piece:
            raise ConnectionResetError("the server closed the line")
        self._read += piece


@dataclass
class Tally:
    """What came of some requests: seconds by kind, and answers by status."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, status: str, seconds: float) -> None:
        self.seconds[kind].append(seconds)
        self.statuses[status] += 1

    def add_all(self, others: Iterable[Tally]) -> Tally:
        for other in others:
            for kind, seconds in other.seconds.items():
                self.seconds[kind] += seconds
            self.statuses += other.statuses
        return self

    @property
    def count(self) -> int:
        return self.statuses.total()

    def errors(self, *fine: str) -> int:
        """Answers that are neither 200, 201, 304 nor one of these."""
        good = {"200", "201", "304", *fine}
        return sum(n for status, n in self.statuses.items() if status not in good)

    def percentiles(self, kind: str = "") -> tuple[float, float, float]:
        """P50, P95 and P99 in milliseconds, of one kind or of all."""
        chosen = [self.seconds[kind]] if kind else self.seconds.values()
        times = sorted(second for seconds in chosen for second in seconds)
        if not times:
            return 0.0, 0.0, 0.0
        p50, p95, p99 = (
            times[min(len(times) - 1, int(len(times) * part))] * 1000
            for part in (0.50, 0.95, 0.99)
        )
        return p50, p95, p99


def timed(line: Line, tally: Tally, kind: str, *asked: object) -> Reply | None:
    """Ask and count; None where nobody answered, which is an error of its own."""
    began = time.perf_counter()
    try:
        reply = line.ask(*asked)  # type: ignore[arg-type]
    except OSError as error:
        tally.add(kind, type(error).__name__, time.perf_counter() - began)
        return None
    tally.add(kind, str(reply.status), time.perf_counter() - began)
    return reply

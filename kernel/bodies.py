"""The body of a request, whole before a thread is taken, and in time."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from typing import IO, Any

from kernel.disk import no_room
from kernel.errors import RequestTimeout
from kernel.shares import Hold

# An honest upload over a bad line passes; a byte a second does not, nor does one that
# holds a place on the disk and comes at a fraction of the slowest line.
LEAST_BYTES = 1_000
LEAST_BYTES_ON_DISK = 10_000
WINDOW_SECONDS = 10.0
IN_MEMORY = 64_000

Receive = Callable[[], Awaitable[dict[str, Any]]]


class ClientGone(Exception):
    """Nobody waits for an answer any more."""


class Pace:
    """At least so many bytes in each window, counted on the loop's clock."""

    def __init__(self) -> None:
        self.clock = asyncio.get_running_loop().time
        self.least = LEAST_BYTES
        self._begin()

    def _begin(self) -> None:
        self.ends, self.bytes = self.clock() + WINDOW_SECONDS, 0

    def left(self) -> float:
        return max(0.0, self.ends - self.clock())

    def check(self, arrived: int = 0) -> None:
        """Count what has just arrived, then judge a window that is over.
        Raises RequestTimeout."""
        self.bytes += arrived
        if self.left():
            return
        if self.bytes < self.least:
            raise RequestTimeout(
                f"The request came too slowly: at least {self.least:,} bytes in "
                f"{WINDOW_SECONDS:.0f} seconds are needed.",
                code="slow_body",
            )
        self._begin()


async def receive_body(receive: Receive, on_disk: Hold) -> IO[bytes]:
    """The whole body: in memory up to IN_MEMORY bytes, else in an unlinked file, whose
    bytes `on_disk` counts.

    Raises RequestTimeout when it comes too slowly, ClientGone, Unavailable when others
    fill the disk, and NoRoom when it is full.
    """
    # Closed by whoever handles the request, or by `except` below.
    body = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
    try:
        await _fill(body, receive, on_disk)
    except BaseException:
        body.close()
        raise
    return body


async def _fill(body: IO[bytes], receive: Receive, on_disk: Hold) -> None:
    pace, more, size = Pace(), True, 0
    while more:
        message = await _next(receive, pace)
        if message["type"] == "http.disconnect":
            raise ClientGone
        piece = message.get("body", b"")
        size += len(piece)
        if size > IN_MEMORY:
            on_disk.take(size - on_disk.size)
            pace.least = LEAST_BYTES_ON_DISK
        try:
            body.write(piece)
        except OSError as error:
            raise no_room(changes=True) from error
        more = message.get("more_body", False)
        if more:
            pace.check(len(piece))
    body.seek(0)


async def _next(receive: Receive, pace: Pace) -> dict[str, Any]:
    """The next message. One that has begun to arrive is never thrown away."""
    coming = asyncio.ensure_future(receive())
    try:
        while not (await asyncio.wait({coming}, timeout=pace.left()))[0]:
            pace.check()
    except BaseException:
        coming.cancel()
        raise
    return coming.result()

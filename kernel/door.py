"""The door: what stands between the server's event loop and the WSGI application.

Threads are few, and a client may be slow or silent. So nobody gets a thread before
the request is whole, and nobody keeps one while the answer is read. Whether this
process lives is answered in the loop itself, and whether it may get requests on
threads of its own, so that both are told whatever the others wait for.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

from kernel.bodies import IN_MEMORY, ClientGone, Receive, receive_body
from kernel.errors import ProductError
from kernel.gateway import REFUSED, WsgiCall, environ_of
from kernel.numbers import whole_number
from kernel.shares import Hold, Shares

Send = Callable[[dict[str, Any]], Awaitable[None]]
Refuses = Callable[[WSGIEnvironment], bool]

WEB_THREADS = 8
READY_THREADS = 2
HEALTH_THREADS = 1
# Bodies that are waited for, and the bytes of those that are too long for the memory.
# One address may be an office behind one line, or two of the largest files at once.
MOST_UNREAD, UNREAD_SHARE = 1_000, 250
MOST_ON_DISK, ON_DISK_SHARE = 256_000_000, 110_000_000
# A client that takes nothing for so long is gone.
READ_SECONDS = 60.0
LIVE, READY, HEALTH = "/health/live", "/health/ready", "/health"


class Door:
    """An ASGI application (without lifespan) around a WSGI one.

    `refuses` says of a request's head whether the application will refuse it: then
    its body is not waited for. `caller` is whom a body counts to. A ProductError under
    REFUSED in the environ is for the application to word.
    """

    def __init__(
        self,
        application: WSGIApplication,
        refuses: Refuses,
        caller: Callable[[WSGIEnvironment], str],
    ) -> None:
        self.application, self.refuses, self.caller = application, refuses, caller
        self.web = ThreadPoolExecutor(WEB_THREADS, "web")
        self.lanes = {
            READY: ThreadPoolExecutor(READY_THREADS, "ready"),
            HEALTH: ThreadPoolExecutor(HEALTH_THREADS, "health"),
        }
        self.unread = Shares(MOST_UNREAD, UNREAD_SHARE)
        self.on_disk = Shares(MOST_ON_DISK, ON_DISK_SHARE)

    async def __call__(
        self, scope: dict[str, Any], receive: Receive, send: Send
    ) -> None:
        environ = environ_of(scope)
        with self.on_disk.taking(self._holder(environ)) as on_disk:
            try:
                body = await self._body(environ, receive, on_disk)
            except ClientGone:
                return
            except ProductError as refused:
                # Worded by the application, whose headers and request id it carries.
                environ[REFUSED] = refused
                body = io.BytesIO()
            with body:
                environ["wsgi.input"] = body
                await self._answer(environ, send)

    def _holder(self, environ: WSGIEnvironment) -> str:
        """Whom the body counts to; "" where there is none."""
        framed = environ.get("CONTENT_LENGTH", "0") != "0"
        return self.caller(environ) if framed else ""

    async def _body(
        self, environ: WSGIEnvironment, receive: Receive, on_disk: Hold
    ) -> IO[bytes]:
        """The body; empty where the application will refuse the request unread."""
        if not on_disk.holder or self.refuses(environ):
            return io.BytesIO()
        with self.unread.taking(on_disk.holder) as place:
            place.take(1)
            length = whole_number(environ.get("CONTENT_LENGTH", "")) or 0
            if length > IN_MEMORY:
                self.on_disk.check(on_disk.holder, length)
            return await receive_body(receive, on_disk)

    async def _answer(self, environ: WSGIEnvironment, send: Send) -> None:
        call = WsgiCall(self.application, environ)
        path = environ["PATH_INFO"].rstrip("/")
        if path == LIVE:
            await self._send(call, call.begin(), self.lanes[READY], send)
            return
        lane = self.lanes.get(path, self.web)
        loop = asyncio.get_running_loop()
        await self._send(call, await loop.run_in_executor(lane, call.begin), lane, send)

    async def _send(
        self, call: WsgiCall, piece: bytes, lane: ThreadPoolExecutor, send: Send
    ) -> None:
        """Each piece is fetched when the client has taken the one before."""
        loop = asyncio.get_running_loop()
        start = {"status": call.status, "headers": call.headers}
        try:
            await send({"type": "http.response.start", **start})
            while True:
                last = {"body": piece, "more_body": not call.ended}
                async with asyncio.timeout(READ_SECONDS):
                    await send({"type": "http.response.body", **last})
                if call.ended:
                    return
                piece = await loop.run_in_executor(lane, call.next_piece)
        finally:
            if not call.ended:
                lane.submit(call.close)

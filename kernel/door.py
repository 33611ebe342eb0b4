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

from kernel.bodies import ClientGone, Receive, receive_body
from kernel.errors import ProductError, Unavailable
from kernel.gateway import REFUSED, WsgiCall, environ_of

Send = Callable[[dict[str, Any]], Awaitable[None]]
Refuses = Callable[[WSGIEnvironment], bool]

WEB_THREADS = 8
HEALTH_THREADS = 2
MOST_UNREAD = 1_000
# A client that takes nothing for so long is gone.
READ_SECONDS = 60.0
LIVE = "/health/live"
HEALTH = frozenset({"/health", "/health/ready"})


class Door:
    """An ASGI application (without lifespan) around a WSGI one.

    `refuses` says of a request's head whether the application will refuse it: then
    its body is not waited for. A ProductError under REFUSED in the environ is for
    the application to word.
    """

    def __init__(self, application: WSGIApplication, refuses: Refuses) -> None:
        self.application, self.refuses = application, refuses
        self.web = ThreadPoolExecutor(WEB_THREADS, "web")
        self.health = ThreadPoolExecutor(HEALTH_THREADS, "health")
        self.unread = 0

    async def __call__(
        self, scope: dict[str, Any], receive: Receive, send: Send
    ) -> None:
        environ = environ_of(scope)
        try:
            body = await self._body(environ, receive)
        except ClientGone:
            return
        except ProductError as refused:
            # Worded by the application, whose headers and request id it carries.
            environ[REFUSED] = refused
            body = io.BytesIO()
        with body:
            environ["wsgi.input"] = body
            await self._answer(environ, send)

    async def _body(self, environ: WSGIEnvironment, receive: Receive) -> IO[bytes]:
        """The body; empty where the application will refuse the request unread."""
        empty = environ["wsgi.input"] = io.BytesIO()
        framed = environ.get("CONTENT_LENGTH", "0") != "0"
        if not framed or self.refuses(environ):
            return empty
        if self.unread >= MOST_UNREAD:
            raise Unavailable(
                "Too many uploads are arriving at once.", code="busy", retry_after=10
            )
        self.unread += 1
        try:
            return await receive_body(receive)
        finally:
            self.unread -= 1

    async def _answer(self, environ: WSGIEnvironment, send: Send) -> None:
        call = WsgiCall(self.application, environ)
        path = environ["PATH_INFO"].rstrip("/")
        if path == LIVE:
            await self._send(call, call.begin(), self.health, send)
            return
        lane = self.health if path in HEALTH else self.web
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

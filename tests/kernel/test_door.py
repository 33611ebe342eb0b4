"""The door by itself: what it asks the application, and when it does not."""

from __future__ import annotations

import asyncio
import errno
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from kernel import bodies, door
from kernel.door import Door
from kernel.errors import ProductError
from kernel.gateway import PIECE_BYTES, REFUSED, environ_of
from kernel.middleware.framing import caller
from tests.served import until

Message = dict[str, Any]


def scope(path: bytes = b"/page", *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "POST",
        "raw_path": path,
        "query_string": b"a=%20b",
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
        "client": ("10.0.0.7", 4711),
        "headers": list(headers),
    }


def with_body(length: int) -> dict[str, Any]:
    return scope(b"/page", (b"content-length", str(length).encode()))


class Application:
    """Answers `pieces`; remembers what it was asked, and what was fetched of it."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces or (b"answer",)
        self.environs: list[WSGIEnvironment] = []
        self.bodies: list[bytes] = []
        self.threads: list[str] = []
        self.fetched = self.closed = 0

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        self.environs.append(environ)
        self.bodies.append(environ["wsgi.input"].read())
        self.threads.append(threading.current_thread().name)
        start_response("201 Created", [("X-Name", "value")])
        return self

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            self.fetched += 1
            yield piece

    def close(self) -> None:
        self.closed += 1


class Client:
    """Sends `pieces` as a body, then goes; keeps what it is answered."""

    def __init__(self, *pieces: bytes, whole: bool = True, delay: float = 0) -> None:
        self.messages: list[Message] = [
            {"type": "http.request", "body": piece, "more_body": True}
            for piece in pieces
        ]
        if whole and self.messages:
            self.messages[-1]["more_body"] = False
        self.delay = delay
        self.goes_on: Callable[[], bool] = lambda: True
        self.asked = False
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        self.asked = True
        await asyncio.sleep(self.delay)
        while not self.goes_on():
            await asyncio.sleep(0.005)
        return self.messages.pop(0) if self.messages else {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


def door_of(
    application: Application,
    refuses: Callable[[WSGIEnvironment], bool] = lambda environ: False,
) -> Door:
    return Door(application, refuses, caller)


def through(
    application: Application,
    client: Client,
    asked: dict[str, Any],
    *,
    refuses: Callable[[WSGIEnvironment], bool] = lambda environ: False,
) -> None:
    asyncio.run(door_of(application, refuses)(asked, client.receive, client.send))


def test_a_request_becomes_an_environ() -> None:
    environ = environ_of(
        scope(
            b"/a%2Fb%C3%A9%20c",
            (b"host", b"example.test"),
            (b"content-type", b"text/plain"),
            (b"accept", b"text/html"),
            (b"accept", b"text/plain"),
            (b"cookie", b"a=1"),
            (b"cookie", b"b=2"),
            (b"x-forwarded-for", b"203.0.113.5"),
            (b"x_forwarded_for", b"127.0.0.1"),
        )
    )
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/a/bé c"
    assert environ["QUERY_STRING"] == "a=%20b"
    assert environ["CONTENT_TYPE"] == "text/plain"
    assert environ["HTTP_HOST"] == "example.test"
    assert environ["HTTP_ACCEPT"] == "text/html,text/plain"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert environ["HTTP_X_FORWARDED_FOR"] == "203.0.113.5", "no underscore passes"
    assert environ["REMOTE_ADDR"] == "10.0.0.7"


def test_the_application_gets_the_whole_body_and_the_client_the_whole_answer() -> None:
    application, client = Application(b"one ", b"two"), Client(b"abc", b"def")
    through(application, client, with_body(6))
    assert application.bodies == [b"abcdef"]
    assert client.sent[0]["status"] == 201
    assert client.sent[0]["headers"] == [(b"x-name", b"value")]
    assert client.body == b"one two"
    assert client.sent[-1]["more_body"] is False
    assert application.closed == 1
    assert application.threads[0].startswith("web")


def test_a_long_body_lies_in_a_file() -> None:
    pieces = [bytes([number]) * 50_000 for number in range(1, 4)]
    application = Application()
    through(application, Client(*pieces), with_body(150_000))
    assert application.bodies == [b"".join(pieces)]


def test_no_room_for_a_body_is_a_507_for_the_application_to_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Full(tempfile.SpooledTemporaryFile):  # type: ignore[type-arg]
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.SpooledTemporaryFile", Full)
    application = Application()
    through(application, Client(b"abc"), with_body(3))
    refused = application.environs[0][REFUSED]
    assert (refused.status, refused.code) == (507, "disk_full")
    assert "The disk is full" in refused.detail
    assert application.bodies == [b""]


def test_nobody_is_asked_for_a_client_that_has_gone() -> None:
    application, client = Application(), Client(b"abc", whole=False)
    through(application, client, with_body(6))
    assert application.environs == []
    assert client.sent == []


def test_a_body_that_will_be_refused_is_not_waited_for() -> None:
    application, client = Application(), Client(b"abc")
    through(application, client, with_body(3), refuses=lambda environ: True)
    assert len(client.messages) == 1, "unread"
    assert application.bodies == [b""]


@pytest.mark.parametrize(
    ("pieces", "passes"),
    [
        ([b"x" * 10] * 8, False),
        ([b"x" * 500] * 8, True),
        ([b"x" * 10, b"x" * 10], True),
    ],
    ids=["slow", "slow but steady", "short and whole in time"],
)
def test_a_body_needs_its_pace(
    monkeypatch: pytest.MonkeyPatch, pieces: list[bytes], passes: bool
) -> None:
    monkeypatch.setattr(bodies, "WINDOW_SECONDS", 0.2)
    application = Application()
    through(application, Client(*pieces, delay=0.06), with_body(4_000))
    refused: ProductError | None = application.environs[0].get(REFUSED)
    assert (refused is None) == passes
    if refused:
        assert (refused.status, refused.code) == (408, "slow_body")


def test_only_so_many_bodies_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "MOST_UNREAD", 2)
    application = Application()
    shared = door_of(application)
    for _ in range(2):  # the places are free again afterwards
        asked = [(with_body(3), Client(b"abc")) for _ in range(3)]
        assert all_through(shared, application, asked) == ["", "", "busy"]
    assert application.bodies.count(b"abc") == 4


def all_through(
    shared: Door, application: Application, asked: list[tuple[dict[str, Any], Client]]
) -> list[str]:
    """What all of them at once are refused with; "" for what is taken. Nobody sends
    before each of them is either waited for or refused."""
    clients = [client for _, client in asked]

    def all_are_known() -> bool:
        waited_for = sum(client.asked for client in clients)
        refused = sum(REFUSED in environ for environ in application.environs)
        return waited_for + refused >= len(clients)

    for client in clients:
        client.goes_on = all_are_known

    async def at_once() -> None:
        await asyncio.gather(
            *(shared(head, client.receive, client.send) for head, client in asked)
        )

    asyncio.run(at_once())
    refused = [environ.get(REFUSED) for environ in application.environs]
    application.environs.clear()
    return sorted(error.code if error else "" for error in refused)


def from_address(address: str, length: int) -> dict[str, Any]:
    return {**with_body(length), "client": (address, 4711)}


def test_one_address_never_has_all_the_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "MOST_UNREAD", 4)
    monkeypatch.setattr(door, "UNREAD_SHARE", 2)
    application, flood = Application(), [Client(b"abc") for _ in range(9)]
    asked = [(from_address("10.6.6.6", 3), client) for client in flood]
    asked.append((from_address("10.0.0.1", 3), Client(b"abc")))
    assert all_through(door_of(application), application, asked) == 3 * [""] + 7 * [
        "busy"
    ]


def test_what_lies_on_the_disk_is_bounded_and_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of 20 files at a time five find room, two of them of one address; the next
    round finds as much."""
    monkeypatch.setattr(door, "MOST_ON_DISK", 500_000)
    monkeypatch.setattr(door, "ON_DISK_SHARE", 200_000)
    application = Application()
    shared = door_of(application)
    for _ in range(2):
        asked = [
            (
                from_address(f"10.0.0.{number}", 100_000),
                Client(b"x" * 100_000),
            )
            for number in (*range(10), *[99] * 10)
        ]
        codes = all_through(shared, application, asked)
        assert codes.count("") == 5
        assert codes.count("busy") == 15
    asked = [
        (from_address("10.0.0.99", 100_000), Client(b"x" * 100_000)) for _ in "abc"
    ]
    assert all_through(shared, application, asked) == ["", "", "busy"]


def test_a_file_that_cannot_fit_is_told_so_before_it_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(door, "ON_DISK_SHARE", 200_000)
    application, client = Application(), Client(b"x" * 100_000)
    through(application, client, with_body(300_000))
    refused = application.environs[0][REFUSED]
    assert (refused.status, refused.code, refused.retry_after) == (503, "busy", 10)
    assert len(client.messages) == 1, "unread"


def test_what_fits_into_memory_is_taken_while_the_disk_is_used_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody is kept from logging in by other people's files."""
    monkeypatch.setattr(door, "MOST_ON_DISK", 0)
    application = Application()
    through(application, Client(b"x" * 64_000), with_body(64_000))
    assert application.bodies == [b"x" * 64_000]


def test_a_file_on_the_disk_must_come_ten_times_as_quickly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else a drip would hold 50 MB of it for a week."""
    monkeypatch.setattr(bodies, "WINDOW_SECONDS", 0.2)
    application = Application()
    pieces = [b"x" * 70_000] + [b"x" * 1_000] * 9
    through(application, Client(*pieces, delay=0.06), with_body(100_000))
    assert application.environs[0][REFUSED].code == "slow_body"


def test_an_answer_is_fetched_as_it_is_read() -> None:
    application = Application(*[b"x" * PIECE_BYTES] * 5)
    fetched: list[int] = []

    class Reader(Client):
        async def send(self, message: Message) -> None:
            fetched.append(application.fetched)
            await super().send(message)

    client = Reader()
    through(application, client, scope())
    assert fetched == [1, 1, 2, 3, 4, 5, 5]
    assert len(client.body) == 5 * PIECE_BYTES
    assert application.closed == 1


def test_an_answer_that_nobody_takes_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "READ_SECONDS", 0.05)
    application = Application(*[b"x" * PIECE_BYTES] * 5)

    class Deaf(Client):
        async def send(self, message: Message) -> None:
            if message["type"] == "http.response.body":
                await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        through(application, Deaf(), scope())
    assert application.fetched == 1
    assert until(5, lambda: application.closed == 1)  # on a thread of its own


@pytest.mark.parametrize(
    ("path", "thread"),
    [
        (b"/health/live", "MainThread"),
        (b"/health/live/", "MainThread"),
        (b"/health/ready", "ready"),
        (b"/health/ready/", "ready"),
        (b"/health", "health"),
        (b"/page", "web"),
        (b"/", "web"),
    ],
)
def test_health_waits_for_no_page(path: bytes, thread: str) -> None:
    application = Application()
    through(application, Client(), scope(path))
    assert application.threads[0].startswith(thread)

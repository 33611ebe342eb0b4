"""No spelling of an address, no redirect and no second answer of a name leads inside."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from kernel import http

# Each is a way to write an address that is not public; %s is a port where we listen.
SPELLINGS = (
    *("127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1"),
    *("0177.0.0.1", "017700000001", "0x7f.1", "127.0.0.1.", "127.000.000.001"),
    *("0", "0.0.0.0", "localhost", "LOCALHOST", "localhost.", "127.255.255.254"),  # noqa: S104
    *("10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1"),
    *("192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"),
    *("[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]"),
    *("[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]", "[fe80::1%25lo]"),
    *("[fc00::1]", "[fec0::1]", "[ff02::1]", "public.example@127.0.0.1"),
    *("\u2460\u2461\u2466.0.0.1", "127\u30020\u30020\u30021", "127.0.0.1%00.example"),
)


@pytest.fixture
def inside() -> Iterator[tuple[int, list[Any]]]:
    """A port that listens on all our addresses, and who came."""
    came: list[Any] = []
    server = socket.create_server(
        ("::", 0), family=socket.AF_INET6, dualstack_ipv6=True
    )

    def accept() -> None:
        while True:
            try:
                came.append(server.accept()[1])
            except OSError:
                return

    threading.Thread(target=accept, daemon=True).start()
    yield server.getsockname()[1], came
    server.close()


def test_there_are_forty_spellings() -> None:
    assert len(set(SPELLINGS)) >= 40


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_an_inner_address_is_connected_to(
    inside: tuple[int, list[Any]], spelling: str
) -> None:
    port, came = inside
    with pytest.raises((http.Refused, http.NoAnswer)):
        http.send(f"http://{spelling}:{port}/")
    assert came == []


def test_a_name_that_answers_otherwise_the_second_time_is_asked_once(
    inside: tuple[int, list[Any]], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, _ = inside
    settings.OUTGOING_ALLOW = ["127.0.0.2/32"]  # stands for the public address
    answers = iter(["127.0.0.2", "127.0.0.1", "127.0.0.1"])
    plain, connected = socket.getaddrinfo, list[str]()

    def rebinding(host: Any, *rest: Any, **named: Any) -> Any:
        return plain(
            next(answers) if host == "rebind.example" else host, *rest, **named
        )

    connect = socket.create_connection

    def watched(address: tuple[str, int], *rest: Any, **named: Any) -> socket.socket:
        connected.append(address[0])
        return connect(address, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(socket, "create_connection", watched)
    monkeypatch.setattr(http, "TIMEOUT", 0.5)
    with pytest.raises(http.NoAnswer):  # whoever listens there answers nothing
        http.send(f"http://rebind.example:{port}/")
    assert connected == ["127.0.0.2"]


def test_a_name_with_one_inner_address_among_others_is_refused(
    inside: tuple[int, list[Any]], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, came = inside
    settings.OUTGOING_ALLOW = ["127.0.0.2/32"]
    both = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
        for address in ("127.0.0.2", "127.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *rest, **named: both)
    with pytest.raises(http.Refused):
        http.send(f"http://both.example:{port}/")
    assert came == []

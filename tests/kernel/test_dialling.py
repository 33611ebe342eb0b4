"""No library that dials itself gets inside, whatever it dials: real sockets, in a
process of its own, because what looks at them stays for its life."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.kernel.test_private_addresses import SPELLINGS

pytestmark = pytest.mark.process
HEAD = """
import json, os, socket, sys
from kernel import dialling
dialling.guard()
port, told = int(sys.argv[1]), {}
def tell(name, ask):
    try:
        ask()
        told[name] = "reached"
    except Exception as error:
        told[name] = type(error).__name__
"""
TAIL = "\nprint(json.dumps(told))"
SPELLED = """
import http.client, urllib.request
for spelling in json.loads(sys.argv[2]):
    bare = spelling.strip("[]").replace("%25", "%").rpartition("@")[2]
    for family in (socket.AF_INET, socket.AF_INET6):
        def connect():
            with socket.socket(family) as client:
                client.settimeout(2)
                client.connect((bare, port))
        def send():
            with socket.socket(family, socket.SOCK_DGRAM) as client:
                client.sendto(b"x", (bare, port))
        tell(f"{family.name} {spelling}", connect)
        tell(f"datagram {family.name} {spelling}", send)
    ask = lambda: urllib.request.urlopen(f"http://{spelling}:{port}/", timeout=2)
    tell(f"urllib {spelling}", ask)
    tell(f"name {spelling}", lambda: socket.create_connection((bare, port), 2))
"""


@pytest.fixture
def inside() -> Iterator[tuple[int, list[Any]]]:
    """A port that listens on all our addresses, for connections and for datagrams, and
    who came; whoever asks for a page is sent on to the same place."""
    came: list[Any] = []
    server = socket.create_server(
        ("::", 0), family=socket.AF_INET6, dualstack_ipv6=True
    )
    port = server.getsockname()[1]
    letters = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    letters.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    letters.bind(("::", port))

    def accept() -> None:
        while True:
            try:
                client, address = server.accept()
            except OSError:
                return
            came.append(address)
            client.sendall(
                b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/secret\r\n"
                b"Content-Length: 0\r\nConnection: close\r\n\r\n" % port
            )
            client.close()

    def receive() -> None:
        while True:
            try:
                came.append(letters.recvfrom(10))
            except OSError:
                return

    for listen in (accept, receive):
        threading.Thread(target=listen, daemon=True).start()
    yield port, came
    server.close()
    letters.close()


def dialled(tmp_path: Path, script: str, *words: str, **more: str) -> dict[str, str]:
    """{what was tried: "reached", or how it failed}, in a guarded process."""
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "rrr_dashboard.settings",
        "RRR_ENV": "development",
        "DEMO": "0",
        "SECRET_KEY": settings.SECRET_KEY,
        "JWT_SECRET": settings.JWT_SECRET,
        "STATE_DIR": str(tmp_path),
        **more,
    }
    done = subprocess.run(
        [sys.executable, "-c", HEAD + script + TAIL, *words],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, str] = json.loads(done.stdout)
    return told


def test_no_spelling_of_an_inner_address_is_dialled(
    inside: tuple[int, list[Any]], tmp_path: Path
) -> None:
    port, came = inside
    told = dialled(tmp_path, SPELLED, str(port), json.dumps(SPELLINGS))
    assert len(told) == 6 * len(set(SPELLINGS))
    assert [name for name, how in told.items() if how == "reached"] == []
    assert came == []
    assert told["AF_INET 127.0.0.1"] == told["AF_INET6 [::1]"] == "NotOurs"
    assert told["datagram AF_INET 10.1.2.3"] == "NotOurs"


def test_a_name_that_answers_otherwise_the_second_time_leads_nowhere(
    inside: tuple[int, list[Any]], tmp_path: Path
) -> None:
    """First a public address, which is looked at and let through, then an inner one."""
    port, came = inside
    script = """
answers = iter(["192.0.2.1", "127.0.0.1", "127.0.0.1"])
plain = socket.getaddrinfo
def other(host, *args, **more):
    return plain(next(answers) if host == "rebound.example" else host, *args, **more)
socket.getaddrinfo = other
import urllib.request
for number in range(3):
    ask = lambda: urllib.request.urlopen(f"http://rebound.example:{port}/", timeout=0.3)
    tell(str(number), ask)
"""
    assert "reached" not in dialled(tmp_path, script, str(port)).values()
    assert came == []


def test_a_redirect_leads_not_inside(
    inside: tuple[int, list[Any]], tmp_path: Path
) -> None:
    """127.0.0.2 stands for the public address that sends a library on."""
    port, came = inside
    script = """
import urllib.request
tell("redirect", lambda: urllib.request.urlopen(f"http://127.0.0.2:{port}/", timeout=2))
"""
    told = dialled(tmp_path, script, str(port), OUTGOING_ALLOW="127.0.0.2")
    assert told == {"redirect": "URLError"}
    assert len(came) == 1


SERVICES = {
    "ourselves": ({"PORT": "%s"}, "127.0.0.1"),
    "redis": ({"REDIS_URL": "redis://127.0.0.1:%s/0"}, "127.0.0.1"),
    "redis by name": ({"REDIS_URL": "redis://localhost:%s/0"}, "127.0.0.1"),
    "the broker": ({"CELERY_BROKER_URL": "redis://127.0.0.1:%s/0"}, "127.0.0.1"),
    "mail": ({"EMAIL_URL": "smtp://localhost:%s"}, "localhost"),
    "telemetry": ({"OTLP_ENDPOINT": "http://127.0.0.1:%s"}, "127.0.0.1"),
    "the proxy's inside": ({"INTERNAL_URL": "http://127.0.0.1:%s"}, "127.0.0.1"),
    "the bucket": ({"AWS_ENDPOINT_URL": "http://127.0.0.1:%s"}, "127.0.0.1"),
    "the database": ({"DATABASE_URL": "postgres://u:p@127.0.0.1:%s/d"}, "127.0.0.1"),
    "what is allowed": ({"OUTGOING_ALLOW": "127.0.0.0/8"}, "127.0.0.1"),
    "what is allowed by name": ({"OUTGOING_ALLOW": "localhost"}, "127.0.0.1"),
    "allowed in other letters": ({"OUTGOING_ALLOW": "LocalHost"}, "localhost"),
    "allowed, asked in others": ({"OUTGOING_ALLOW": "localhost"}, "LOCALHOST"),
    "redis in other letters": ({"REDIS_URL": "redis://LocalHost:%s/0"}, "LOCALHOST"),
}


@pytest.mark.parametrize("what", SERVICES)
def test_a_service_of_ours_is_reached_and_its_neighbour_not(
    inside: tuple[int, list[Any]], tmp_path: Path, what: str
) -> None:
    port, _ = inside
    given, host = SERVICES[what]
    script = """
tell("service", lambda: socket.create_connection((sys.argv[2], port), 2))
tell("neighbour", lambda: socket.create_connection((sys.argv[2], port + 1), 2))
tell("address", lambda: socket.create_connection(("127.0.0.9", port), 2))
"""
    filled = {
        name: text % port if "%" in text else text for name, text in given.items()
    }
    told = dialled(tmp_path, script, str(port), host, **filled)
    assert told["service"] == "reached"
    if "allowed" not in what:
        assert (told["neighbour"], told["address"]) == ("NotOurs", "NotOurs")


def test_an_instance_that_a_probe_wrote_down_is_reached(
    inside: tuple[int, list[Any]], tmp_path: Path
) -> None:
    port, _ = inside
    (tmp_path / "instances").mkdir()
    script = """
ask = lambda: socket.create_connection(("127.0.0.1", port), 2)
tell("before", ask)
open(sys.argv[2], "w").close()
tell("while it lives", ask)
os.remove(sys.argv[2])
tell("after", ask)
"""
    record = str(tmp_path / "instances" / f"{port}.json")
    told = dialled(tmp_path, script, str(port), record)
    assert told == {
        "before": "NotOurs",
        "while it lives": "reached",
        "after": "NotOurs",
    }


def test_a_unix_socket_and_a_child_process(tmp_path: Path) -> None:
    """Children inherit the wall; sockets of files are not behind it."""
    script = """
server = socket.socket(socket.AF_UNIX); server.bind(sys.argv[2]); server.listen()
def unix():
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(sys.argv[2])
tell("unix", unix)
reading, writing = os.pipe()
if os.fork() == 0:
    tell("child", lambda: socket.create_connection(("127.0.0.1", port), 2))
    os.write(writing, told["child"].encode())
    os._exit(0)
told["child"] = os.read(reading, 100).decode()
"""
    told = dialled(tmp_path, script, "9", str(tmp_path / "s"))
    assert told == {"unix": "reached", "child": "NotOurs"}


ENTRIES = {
    "web": "import rrr_dashboard.served",
    "worker": "from rrr_dashboard.celery import _begin; _begin()",
    "watch": """
from threading import Event
from operations.management.commands import watch
watch.Event = type("Ended", (Event,), {"is_set": lambda self: True})
watch.heartbeats.forget = lambda kind: None
watch.Command().handle()
""",
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_each_of_our_processes_stands_behind_it(tmp_path: Path, entry: str) -> None:
    script = """
tell("now", lambda: socket.create_connection(("127.0.0.1", 9), 2))
"""
    program = f"import django\ndjango.setup()\n{HEAD}".replace(
        "dialling.guard()", ENTRIES[entry]
    )
    environment = {
        **{name: os.environ[name] for name in ("PATH",)},
        "DJANGO_SETTINGS_MODULE": "rrr_dashboard.settings",
        "RRR_ENV": "development",
        "DEMO": "0",
        "SECRET_KEY": settings.SECRET_KEY,
        "JWT_SECRET": settings.JWT_SECRET,
        "STATE_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", program + script + TAIL, "0"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines(), done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"now": "NotOurs"}

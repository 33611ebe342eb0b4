"""A question to a name server carries the name out: no library asks for a foreign one."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from kernel import dialling
from kernel.http import looked_up
from tests.kernel.test_dialling import dialled

FOREIGN = (
    *("secret.invalid", "SECRET.invalid.", "redis.secret.invalid", "localhost.invalid"),
    *("secret.localhost", "xn--mnchen-3ya.invalid", "münchen.invalid", "127.1", "0x7f"),
    *("amazonaws.com", "secret.amazonaws.com", "secret-amazonaws.com"),
)


@pytest.fixture(autouse=True)
def alone(settings: Any) -> None:
    """Nothing is set that leads out."""
    settings.OUTGOING_ALLOW = []
    settings.BACKUP_URL = "/somewhere"
    settings.EMAIL_URL = settings.OTLP_ENDPOINT = settings.AWS_ENDPOINT_URL = ""


def is_looked_up(name: str | bytes | None) -> bool:
    try:
        dialling.refuse_foreign_name(name)
    except dialling.NotOurs:
        return False
    return True


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_name_is_not_looked_up(name: str) -> None:
    assert not is_looked_up(name)
    assert not is_looked_up(name.encode())


OURS: dict[str, tuple[dict[str, Any], str]] = {
    "redis": ({"REDIS_URL": "redis://:p@redis.invalid:6379/0"}, "redis.invalid"),
    "the broker": ({"CELERY_BROKER_URL": "rediss://b.invalid/1"}, "b.invalid"),
    "mail": (
        {"EMAIL_URL": "x", "EMAIL_HOST": "m.invalid", "EMAIL_PORT": 25},
        "m.invalid",
    ),
    "telemetry": ({"OTLP_ENDPOINT": "https://o.invalid/v1"}, "o.invalid"),
    "the bucket": ({"AWS_ENDPOINT_URL": "https://s3.invalid"}, "s3.invalid"),
    "the inside": ({"INTERNAL_URL": "http://web.invalid:8000"}, "web.invalid"),
    "ourselves": ({"PUBLIC_ORIGIN": "https://desk.invalid"}, "desk.invalid"),
    "what is allowed": ({"OUTGOING_ALLOW": ["hook.invalid"]}, "hook.invalid"),
    "another spelling": ({"OUTGOING_ALLOW": ["Hook.invalid"]}, "HOOK.invalid."),
    "a foreign script": (
        {"OUTGOING_ALLOW": ["münchen.invalid"]},
        "xn--mnchen-3ya.invalid",
    ),
    "AWS": ({"BACKUP_URL": "s3://kept/desk"}, "kept.s3.eu-central-1.amazonaws.com"),
    "a role of AWS": ({"BACKUP_URL": "s3://kept/desk"}, "sts.amazonaws.com"),
}


@pytest.mark.parametrize("what", OURS)
def test_what_the_settings_name_is_looked_up_and_not_without_them(
    settings: Any, what: str
) -> None:
    given, name = OURS[what]
    assert not is_looked_up(name)
    for setting, value in given.items():
        setattr(settings, setting, value)
    assert is_looked_up(name)
    assert is_looked_up(name.encode())
    assert not is_looked_up(f"secret.{name.rstrip('.')}") or "AWS" in what
    assert not is_looked_up(f"{name.rstrip('.')}.invalid")


def test_each_of_several_databases_is_looked_up(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "HOST", "a.invalid,b.invalid")
    assert is_looked_up("a.invalid")
    assert is_looked_up("b.invalid")
    assert not is_looked_up("c.invalid")


@pytest.mark.parametrize("name", [None, "", "localhost", "LOCALHOST.", "10.0.0.1"])
def test_what_asks_no_name_server_is_looked_up(name: str | None) -> None:
    """Whether an address may be reached is asked when it is dialled."""
    assert is_looked_up(name)
    assert is_looked_up("fe80::1%eth0")
    assert is_looked_up(socket.gethostname())


def test_what_the_guarded_client_asks_is_let_through_on_its_thread_alone() -> None:
    before = looked_up.set("hook.invalid")
    seen = []
    other = threading.Thread(target=lambda: seen.append(is_looked_up("hook.invalid")))
    other.start()
    other.join()
    assert is_looked_up("hook.invalid")
    assert seen == [False]
    looked_up.reset(before)
    assert not is_looked_up("hook.invalid")


ASKED = """
import asyncio, urllib.request
name = "secret.invalid"
ways = {
    "getaddrinfo": lambda: socket.getaddrinfo(name, 443),
    "bytes": lambda: socket.getaddrinfo(name.encode(), None),
    "gethostbyname": lambda: socket.gethostbyname(name),
    "gethostbyname_ex": lambda: socket.gethostbyname_ex(name),
    "gethostbyaddr": lambda: socket.gethostbyaddr(name),
    "create_connection": lambda: socket.create_connection((name, 9), 2),
    "asyncio": lambda: asyncio.run(asyncio.open_connection(name, 9)),
}
for way, ask in ways.items():
    tell(way, ask)
tell("urllib", lambda: urllib.request.urlopen(f"http://{name}:9/", timeout=2))
tell("localhost", lambda: socket.getaddrinfo("localhost", 9))
tell("our own name", socket.getfqdn)
"""


@pytest.mark.process
def test_no_way_of_python_s_to_ask_is_open(tmp_path: Path) -> None:
    told = dialled(tmp_path, ASKED, "9")
    assert told.pop("localhost") == told.pop("our own name") == "reached"
    assert told.pop("urllib") == "URLError"
    assert set(told.values()) == {"NotOurs"}
    assert len(told) == 7


# The name server is one of the test's own, which the hook hears of as of the real one.
CLIENT = """
from kernel import http
came, plain = [], socket.getaddrinfo
def server(host, *rest, **named):
    sys.audit("socket.getaddrinfo", host, *rest, 0, 0, 0)
    came.append(host)
    return plain("127.0.0.2" if host == "hook.invalid" else host, *rest, **named)
socket.getaddrinfo = server
def told_by(url):
    try:
        http.send(url)
    except http.NoAnswer as error:
        if "refused" not in str(error):
            raise
tell("our client", lambda: told_by("http://hook.invalid:9/"))
tell("its check", lambda: http.refuse_not_public("http://hook.invalid:9/"))
tell("another", lambda: socket.getaddrinfo("hook.invalid", 9))
told["came"] = json.dumps(came)
"""


@pytest.mark.process
def test_the_guarded_client_asks_for_whom_it_is_told_to_reach(tmp_path: Path) -> None:
    told = dialled(tmp_path, CLIENT, "9", OUTGOING_ALLOW="127.0.0.2")
    came = json.loads(told.pop("came"))
    assert told == {
        "our client": "reached",
        "its check": "reached",
        "another": "NotOurs",
    }
    assert came == ["hook.invalid", "127.0.0.2", "hook.invalid"]

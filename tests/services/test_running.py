"""docker-compose.yml runs: two web instances behind the shipped nginx, end to end."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import socket
import ssl
import tempfile
import threading
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from functools import partial
from pathlib import Path

import pytest
from pyrage.x25519 import Identity

from kernel.middleware.headers import HeadersMiddleware
from tests.served import PASSWORD, until
from tests.services.engine import SERVICES, Composition
from tests.services.table import WEB_INSTANCES

pytestmark = [
    pytest.mark.process,
    pytest.mark.embedded,  # on servers of its own, whatever the suite runs on
    pytest.mark.timeout(600),
]
HOST = "desk.example.test"
VALUES = {
    "RRR_ENV": "production",
    "PUBLIC_ORIGIN": f"https://{HOST}",
    "ALLOWED_HOSTS": HOST,
    "DATABASE_PASSWORD": "p@ss/w%41rd:#?",
    "SECRET_KEY": secrets.token_urlsafe(64),
    "JWT_SECRET": secrets.token_urlsafe(96),
    "METRICS_TOKEN": secrets.token_urlsafe(32),
    "BACKUP_KEY": str(Identity.generate()),
    "FIELD_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
}
WEB = range(WEB_INSTANCES)
PROBED = """
from operations.models import Heartbeat, ProbeResult
newest = ProbeResult.objects.filter(name="health").order_by("-id").first()
kinds = sorted(set(Heartbeat.objects.values_list("kind", flat=True)))
print(newest and newest.value, newest and newest.commit, *kinds)
"""
FIRED = """
from operations.models import Alert
print(*Alert.objects.exclude(fired_at=None).values_list("rule", "target"))
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Composition]:
    # PostgreSQL and nginx run as users of their own and read what is laid out here,
    # though a test before may have made this process a private one.
    before = os.umask(0o022)
    folder = Path(tempfile.mkdtemp(prefix="rrr-services-"))
    folder.chmod(0o755)
    engine = Composition(folder, VALUES)
    try:
        engine.up(scale={"web": WEB_INSTANCES})
        assert until(60, lambda: engine.is_healthy("nginx")), engine.said("nginx")
        yield engine
    finally:
        engine.stop_all()
        shutil.rmtree(folder, ignore_errors=True)
        os.umask(before)


@dataclass(frozen=True)
class ProxyAnswer:
    status: int
    headers: Message
    text: str


class Browser:
    """Speaks https to the proxy, as though the name of PUBLIC_ORIGIN led there, and
    trusts nothing but the certificate that it made."""

    def __init__(self, engine: Composition) -> None:
        made = engine.table.place("/certificate") / "tls.crt"
        self.context = ssl.create_default_context(cafile=str(made))
        self.port = engine.table.ports["8443"]
        self.cookies: dict[str, str] = {}

    def ask(
        self,
        path: str,
        form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> ProxyAnswer:
        """A GET, or a POST of the form; cookies are kept."""
        connection = http.client.HTTPSConnection(HOST, timeout=30)
        plain = socket.create_connection(("127.0.0.1", self.port), 30)
        connection.sock = self.context.wrap_socket(plain, server_hostname=HOST)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"Cookie": cookies, "Origin": f"https://{HOST}", **(headers or {})}
        if form:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        with contextlib.closing(connection):
            body = urllib.parse.urlencode(form) if form else None
            connection.request("POST" if form else "GET", path, body, sent)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        for line in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return ProxyAnswer(answer.status, answer.headers, text)

    def own(self, path: str) -> ProxyAnswer:
        """As one of our own probes."""
        key = VALUES["SECRET_KEY"].encode()
        signature = hmac.new(key, path.encode(), hashlib.sha256).hexdigest()
        return self.ask(path, headers={"X-RRR-Own": signature})


def in_shell(engine: Composition, script: str) -> str:
    """What a script says within the worker's container."""
    shell = ["python", "manage.py", "shell", "-v", "0", "-c", script]
    return engine.run("worker", shell).strip()


def is_free(port: int) -> bool:
    """Does nobody hold a connection to the port?"""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    return not any(row[2].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


def balances(engine: Composition, *instances: int) -> bool:
    """Does the proxy give requests to exactly these while they answer?"""
    text = (engine.table.place("/proxy") / "instances.conf").read_text()
    first = re.findall(r"server 127\.0\.0\.1:(\d+) max_fails=0;", text)
    return {int(port) for port in first} == {engine.table.web[n] for n in instances}


def answered(engine: Composition, instance: int) -> float:
    """How many requests the instance has answered."""
    connection = http.client.HTTPConnection("127.0.0.1", engine.table.web[instance])
    headers = {"Authorization": f"Bearer {VALUES['METRICS_TOKEN']}", "Host": HOST}
    with contextlib.closing(connection):
        connection.request("GET", "/metrics", headers=headers)
        text = connection.getresponse().read().decode()
    found = re.search(
        r"^django_http_requests_before_middlewares_total (\S+)", text, re.M
    )
    assert found, text
    return float(found[1])


def test_every_health_check_says_yes(engine: Composition) -> None:
    checked = [name for name, service in SERVICES.items() if "healthcheck" in service]
    assert checked == ["nginx", "web", "postgres", "redis"]
    for name in checked:
        assert engine.is_healthy(name), engine.said(name)
    assert engine.is_healthy("web", 1)


def test_the_first_administrator_logs_in_over_tls(engine: Composition) -> None:
    command = ["python", "manage.py", "first_admin", "ada", "ada@example.test"]
    engine.run("web", command, f"{PASSWORD}\n")
    browser = Browser(engine)
    page = browser.ask("/accounts/login/")
    assert page.status == 200
    assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    token = page.text.partition('name="csrfmiddlewaretoken" value="')[2].split('"')[0]
    form = {"username": "ada", "password": PASSWORD, "csrfmiddlewaretoken": token}
    assert browser.ask("/accounts/login/", form).status == 302
    assert {"__Host-sessionid", "__Host-csrftoken"} <= set(browser.cookies)
    assert browser.ask("/").status == 200


def test_plain_http_leads_to_tls_and_other_hosts_are_refused(
    engine: Composition,
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", engine.table.ports["8080"])
    with contextlib.closing(connection):
        connection.request("GET", "/trades/?page=2", headers={"Host": HOST})
        answer = connection.getresponse()
        assert answer.status == 301
        assert answer.headers["Location"] == f"https://{HOST}/trades/?page=2"
    assert Browser(engine).ask("/", headers={"Host": "evil.example"}).status == 400


def test_a_long_search_of_a_stranger_leads_to_the_log_in(engine: Composition) -> None:
    answer = Browser(engine).ask(f"/trades/?text={'%C3%A4' * 1_300}")
    assert answer.status == 302
    assert answer.headers["Location"].count("%25C3%25A4") == 1_300


@pytest.mark.parametrize("path", ["/accounts/login/", "/api/me", "/health/live"])
def test_the_proxy_doubles_no_header_of_the_product(
    engine: Composition, path: str
) -> None:
    given = Browser(engine).ask(path).headers
    for name in (*HeadersMiddleware.HEADERS, "X-Request-ID", "Cache-Control"):
        assert len(given.get_all(name) or ()) == 1, name
    assert len(given.get_all("Strict-Transport-Security") or ()) == 1
    policies = given.get_all("Content-Security-Policy") or []
    assert ["script-src" in policy for policy in policies] == [True]


def test_the_image_s_commit_is_borne_out_by_its_list(engine: Composition) -> None:
    answer = Browser(engine).ask("/health/live")
    assert answer.headers["X-RRR-Commit"] == engine.values["RRR_COMMIT"]
    assert answer.headers["X-RRR-Clean"] == "true"


def test_probes_of_the_worker_ask_the_web_process(engine: Composition) -> None:
    def seen() -> str:
        return in_shell(engine, PROBED)

    expected = f"0 {engine.values['RRR_COMMIT']} beat tick watch worker"
    assert until(90, lambda: seen() == expected), seen()
    checks = json.loads(Browser(engine).own("/health").text)["checks"]
    states = {
        name: checks[name][0]["status"] for name in ("database", "worker", "beat")
    }
    assert states == {"database": "pass", "worker": "pass", "beat": "pass"}


def test_nobody_paged_while_the_services_started(engine: Composition) -> None:
    assert in_shell(engine, FIRED) == ""


def test_requests_go_to_both_instances_and_leave_no_connection(
    engine: Composition,
) -> None:
    before = [answered(engine, instance) for instance in WEB]
    browser = Browser(engine)
    for _ in range(20):
        assert browser.ask("/accounts/login/").status == 200
    after = [answered(engine, instance) for instance in WEB]
    assert all(new - old > 5 for new, old in zip(after, before, strict=True))
    for port in engine.table.web:
        assert until(10, partial(is_free, port)), "a connection is kept idle"


def test_the_proxy_is_nobody_and_lives_in_its_own_folder(engine: Composition) -> None:
    main = engine.running["nginx", 0].pid
    session = [
        Path(f"/proc/{pid}")
        for pid in filter(str.isdecimal, os.listdir("/proc"))  # noqa: PTH208
        if _session_of(pid) == main
    ]
    assert len(session) >= 3
    assert 0 not in {place.stat().st_uid for place in session}
    text = (engine.table.place("/proxy") / "nginx.conf").read_text()
    assert re.findall(r"[\s\"']/\w[^\s;]*", text) == [], "a path outside its folder"


def _session_of(pid: str) -> int:
    with contextlib.suppress(OSError):
        return os.getsid(int(pid))
    return 0


def test_a_rolling_restart_loses_no_request(engine: Composition) -> None:
    """Each instance is drained, ended as `docker stop` does, and started again."""
    ended, statuses = threading.Event(), Counter[int]()

    def go_on_asking() -> None:
        browser = Browser(engine)
        while not ended.wait(0.2):  # whoever asks quicker is limited, rightly
            try:
                statuses[browser.ask("/accounts/login/").status] += 1
            except OSError:
                statuses[0] += 1

    client = threading.Thread(target=go_on_asking)
    client.start()
    try:
        for instance, other in ((0, 1), (1, 0)):
            (engine.table.place("/metrics", instance) / "draining").touch()
            assert until(20, partial(balances, engine, other))
            assert engine.is_healthy("web", other), "only one drains"
            assert engine.stop("web", instance) == 0
            engine.start("web", instance)
            assert until(60, partial(balances, engine, *WEB))
    finally:
        ended.set()
        client.join(60)
    assert set(statuses) == {200}
    assert statuses[200] > 20


def test_an_instance_that_is_killed_is_passed_over(engine: Composition) -> None:
    os.killpg(engine.running["web", 0].pid, signal.SIGKILL)
    browser = Browser(engine)
    assert {browser.ask("/accounts/login/").status for _ in range(10)} == {200}
    assert until(20, partial(balances, engine, 1))
    engine.running.pop(("web", 0)).wait(10)
    engine.start("web", 0)
    assert until(60, partial(balances, engine, *WEB))


def test_while_no_instance_answers_the_proxy_says_so_in_words(
    engine: Composition,
) -> None:
    for instance in WEB:
        os.killpg(engine.running["web", instance].pid, signal.SIGKILL)
        engine.running.pop(("web", instance)).wait(10)
    answer = Browser(engine).ask("/api/portfolio")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer.text)["status"] == 503

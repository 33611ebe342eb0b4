"""A `manage.py serve` of a test's own, talked to as a stranger would."""

from __future__ import annotations

import contextlib
import http.client
import http.cookiejar
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from tests.slowness import Slowness

ROOT = Path(settings.BASE_DIR)
PASSWORD = "correct horse battery staple"
EVERY_WINDOW = "second minute hour"
PEOPLE = """
import sys, django
django.setup()
from django.contrib.auth.models import Group
from accounts.models import User
from accounts.services.overrides import override
from trades.services.books import NewBook, create_book
password, role, windows, *names = sys.argv[1:]
for name in names:
    mail = f"{name}@example.test"
    user = User.objects.create_user(name, email=mail, password=password)
    user.groups.add(Group.objects.get(name=role))
    create_book(NewBook(f"{name}'s", "USD"), user)
    if windows:
        override([user], factor=1000, windows=windows.split(), until=None, by="system")
    print(user.pk)
"""
COUNT = """
import sys, django
django.setup()
from trades.models import Fill
print(Fill.objects.filter(external_id__startswith=sys.argv[1]).count())
"""

# Each command line as `manage.py` takes it, one after the other: [code, out, err] each.
IN_TURN = """
import contextlib, io, json, sys
from django.core.management import ManagementUtility
done = []
for words in json.loads(sys.argv[1]):
    sys.argv = ["manage.py", *words]
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            ManagementUtility(sys.argv).execute()
        except SystemExit as ended:
            code = ended.code or 0
    done.append([code, out.getvalue(), err.getvalue()])
print(json.dumps(done))
"""


@dataclass(frozen=True)
class Answer:
    """What a client saw, and how long it took; status 0 when nothing came."""

    status: int
    kind: str
    retry_after: str
    body: bytes
    seconds: float


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Served:
    """One `serve` in a session of its own, talked to as a stranger would.

    `before` is the beginning of its command line: a program that becomes it.
    """

    # Begins each other command line that shall see the product's files.
    beside: tuple[str, ...] = ()

    def __init__(self, state: Path, *, before: str = "", **environment: str) -> None:
        self.state = state
        self.port = free_port()
        self.log = state.parent / f"serve-{self.port}.log"
        self.environment = {
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "rrr_dashboard.settings",
            "RRR_ENV": "development",
            "DEMO": "0",
            "SECRET_KEY": settings.SECRET_KEY,
            "JWT_SECRET": settings.JWT_SECRET,
            "BACKUP_KEY": settings.BACKUP_KEY,
            "STATE_DIR": str(state),
            "PORT": str(self.port),
            **environment,
        }
        self.process = subprocess.Popen(
            [*shlex.split(before), sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def status(self, path: str) -> int:
        try:
            with urllib.request.urlopen(self.url(path), timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def ready(self) -> Served:
        """A first start migrates, which takes minutes on a busy machine."""
        until(
            200 * Slowness(),
            lambda: self.process.poll() is not None or self._says_ready(),
        )
        assert self.process.poll() is None, self.said()
        assert self._says_ready(), self.said()
        return self

    def _says_ready(self) -> bool:
        return "is ready" in self.said()

    def seconds_for(self, path: str) -> float:
        """How long a 200 took on a connection of its own."""
        began = time.monotonic()
        with urllib.request.urlopen(self.url(path), timeout=30) as answer:
            answer.read()
        return time.monotonic() - began

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def add_people(
        self, *names: str, role: str = "Trader", wide: str = EVERY_WINDOW
    ) -> list[int]:
        """People with a book each, made beside the running product; their numbers.

        They do what no person does: the `wide` windows are so by a stated override.
        """
        told = self._run(PEOPLE, PASSWORD, role, wide, *names)
        return [int(line) for line in told.split()]

    def count_trades(self, prefix: str) -> int:
        """How many trades there are whose external id begins so."""
        return int(self._run(COUNT, prefix))

    def _run(self, script: str, *words: str) -> str:
        return subprocess.run(
            [*self.beside, sys.executable, "-c", script, *words],
            cwd=ROOT,
            env=self.environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    def ask(
        self,
        path: str,
        body: object = None,
        *,
        token: str = "",
        accept: str = "*/*",
        key: str = "",
    ) -> Answer:
        """A GET, or a POST of `body` as JSON."""
        headers = {"Accept": accept, "Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Idempotency-Key": key} if key else {}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url(path), data, headers)
        began = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return _answer(response.status, response, began)
        except urllib.error.HTTPError as error:
            return _answer(error.code, error, began)
        except (OSError, http.client.HTTPException) as error:
            spent = time.monotonic() - began
            return Answer(0, "", "", repr(error).encode(), spent)

    def token(self, name: str) -> str:
        return self.pair(name)["access"]

    def pair(self, name: str) -> dict[str, str]:
        """An access token and a refresh token of a new session."""
        answer = self.ask("/api/token", {"username": name, "password": PASSWORD})
        assert answer.status == 200, answer
        pair: dict[str, str] = json.loads(answer.body)
        return pair

    def post_trade(self, token: str, name: str) -> Answer:
        return self.ask("/api/trades", self.trade(name), token=token)

    def trade(self, name: str) -> dict[str, str]:
        return {
            "external_id": name,
            "symbol": "BTC-USD",
            "side": "buy",
            "quantity": "1",
            "price": "100",
            "executed_at": datetime.now(UTC).isoformat(),
        }

    def manage(
        self, *words: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """A command beside the running product."""
        return subprocess.run(
            [*self.beside, sys.executable, "manage.py", *words],
            cwd=ROOT,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=300 * Slowness(),
        )

    def manage_in_turn(self, *lines: str) -> list[subprocess.CompletedProcess[str]]:
        """Commands beside the running product, for the price of one start."""
        words = [shlex.split(line) for line in lines]
        told = json.loads(self._run(IN_TURN, json.dumps(words)))
        return [
            subprocess.CompletedProcess(line, *each)
            for line, each in zip(words, told, strict=True)
        ]

    def children_of(self, pid: int) -> list[int]:
        tasks = Path(f"/proc/{pid}/task").iterdir()
        return [
            int(child)
            for task in tasks
            for child in (task / "children").read_text().split()
        ]

    def log_in(self, name: str) -> urllib.request.OpenerDirector:
        """A browser in which one of `add_people` has logged in."""
        cookies = http.cookiejar.CookieJar()
        browser = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(cookies)
        )
        page = browser.open(self.url("/accounts/login/"), timeout=30).read().decode()
        token = page.partition('name="csrfmiddlewaretoken" value="')[2].split('"')[0]
        form = {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": token}
        sent = urllib.parse.urlencode(form).encode()
        landed = browser.open(self.url("/accounts/login/"), sent, timeout=30)
        assert "/accounts/login/" not in landed.url
        return browser

    def seconds_to_log_in(self, name: str) -> float:
        began = time.monotonic()
        self.log_in(name)
        return time.monotonic() - began

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def session(self) -> dict[int, str]:
        """{pid: command line} of every living process of the session."""
        listing = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pid=,sess=,stat=,args="],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        rows = (line.split(None, 3) for line in listing.splitlines())
        return {
            int(row[0]): row[3]
            for row in rows
            if len(row) == 4
            and row[1] == str(self.process.pid)
            and not row[2].startswith("Z")
        }

    def pid_of(self, words: str) -> int:
        return min(pid for pid, command in self.session().items() if words in command)

    def memory_of(self, words: str) -> int:
        """Resident bytes of all processes whose command holds these words."""
        pages = (
            int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            for pid, command in self.session().items()
            if words in command
        )
        return sum(pages) * os.sysconf("SC_PAGE_SIZE")

    def kill(self, words: str) -> None:
        """kill -9 for every process whose command holds these words."""
        for pid, command in self.session().items():
            if words in command:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def stop(self, number: int = signal.SIGINT) -> int:
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
        return self.process.wait(40)

    def kill_all(self) -> None:
        for pid in self.session():
            os.kill(pid, signal.SIGKILL)


def _answer(status: int, response: Any, began: float) -> Answer:
    body = response.read()
    return Answer(
        status,
        response.headers.get("Content-Type", ""),
        response.headers.get("Retry-After", ""),
        body,
        time.monotonic() - began,
    )


def until(seconds: float, question: Callable[[], object]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if question():
            return True
        time.sleep(0.2)
    return False

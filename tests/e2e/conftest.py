"""The running product and a real browser, once for the whole folder.

`serve` runs in its own process with its own state directory, demo people and demo
data, so these tests see what a newcomer sees. Every page a test opens is watched:
a policy violation or a script error fails the test that caused it.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from rrr_dashboard.demo.logins import LOGINS
from tests.chromium import chromium

ROOT = Path(__file__).parents[2]
PASSWORD = "e2e demo password 4711"
START_SECONDS = 600  # of a machine that has much else to do
# What is expected comes later beside neighbours; what is there costs nothing.
expect.set_options(timeout=30_000)
WATCH_POLICY = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


@dataclass(frozen=True)
class Product:
    url: str
    log: Path
    # Of whoever works beside it, on the same database.
    environment: Mapping[str, str]


def own_database() -> str:
    """A fresh database beside the suite's on PostgreSQL; "" is SQLite's file."""
    given = os.environ.get("TEST_DATABASE_URL", "")
    if not given:
        return ""
    parts = urlsplit(given)
    name = f"{parts.path.strip('/')}_e2e"
    server = urlunsplit(parts._replace(path="/postgres"))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
    return urlunsplit(parts._replace(path=f"/{name}"))


def environment(state: Path, port: int) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {"REDIS_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE"}
    }
    return {
        **kept,
        "RRR_ENV": "demo",
        "DEMO": "true",
        "DEMO_PASSWORD": PASSWORD,
        "STATE_DIR": str(state),
        "PORT": str(port),
        "DATABASE_URL": own_database(),
        "PYTHONUNBUFFERED": "1",
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def widen_limits(env: dict[str, str]) -> None:
    """For as many pages in a second as no person opens."""
    names = [login[0] for login in LOGINS]
    subprocess.run(
        [sys.executable, "manage.py", "limit_override", *names, "--factor", "100"],
        cwd=ROOT,
        env=env,
        check=True,
    )


@pytest.fixture(scope="package")
def product() -> Iterator[Product]:
    state = Path(tempfile.mkdtemp(prefix="rrr-e2e-"))
    port, log = free_port(), state / "serve.log"
    env = environment(state, port)
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while " is ready (commit" not in log.read_text():
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"serve did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.2)
        widen_limits(env)
        yield Product(f"http://127.0.0.1:{port}", log, env)
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def log_in(browser: Browser, url: str, username: str) -> Any:
    """The cookies of a log-in that opens no page: test_people.py logs in by hand."""
    context = browser.new_context(base_url=url)
    page = context.request.get("/accounts/login/").text()
    token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    form: dict[str, str | float | bool] = {
        "username": username,
        "password": PASSWORD,
        "csrfmiddlewaretoken": token,
    }
    for _ in range(5):
        landed = context.request.post("/accounts/login/", form=form)
        if landed.status != 503:  # a busy machine's, who says: once more
            break
    assert landed.url == f"{url}/", f"{username} could not log in"
    cookies = context.storage_state()
    context.close()
    return cookies


@pytest.fixture(scope="package")
def signed_in(browser: Browser, product: Product) -> Callable[[str], Any]:
    """signed_in("developer") -> their cookies; each person logs in once."""
    held: dict[str, Any] = {}

    def cookies(username: str) -> Any:
        if username not in held:
            held[username] = log_in(browser, product.url, username)
        return held[username]

    return cookies


@pytest.fixture
def opened(
    browser: Browser, product: Product, signed_in: Callable[[str], Any]
) -> Iterator[Callable[..., Page]]:
    """opened("trader", width=390, script=False) -> a watched page of that person."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
        page.on(
            "console",
            lambda said: (
                complaints.append(said.text)
                if "Content Security" in said.text or "hx-csp" in said.text
                else None
            ),
        )

    def make(
        username: str | None,
        *,
        width: int = 1440,
        script: bool = True,
    ) -> Page:
        context = browser.new_context(
            base_url=product.url,
            viewport={"width": width, "height": 900},
            java_script_enabled=script,
            reduced_motion="reduce",
            storage_state=signed_in(username) if username else None,
        )
        contexts.append(context)
        if script:
            context.add_init_script(WATCH_POLICY)
        page = context.new_page()
        watch(page)
        return page

    yield make
    for context in contexts:
        for page in context.pages:
            if page.url.startswith("http") and not page.is_closed():
                complaints += page.evaluate("window.violations || []")
        context.close()
    assert complaints == []

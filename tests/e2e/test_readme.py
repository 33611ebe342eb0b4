"""The README's first five minutes, followed word by word.

Whatever the README sets in *italics* is found on the page, in its order, and clicked
where it can be; its commands are copied as they stand (the port alone is ours).
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.management import get_commands, load_command_class
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import PASSWORD, ROOT, Product

README = (ROOT / "README.md").read_text()
MINUTES = README.partition("## The first five minutes")[2].partition("\n## ")[0]
FIRST_PROOF = 180_000  # "within three minutes"
FIRST_ALERT = 90_000  # "within a minute", and a page that looks every ten seconds


class Walk:
    """One paragraph: who walks, and what it names, to be taken in its order."""

    def __init__(self, who: str) -> None:
        self.text = MINUTES.partition(f"**{who}**")[2].partition("\n\n")[0]
        self.names = re.findall(r"\*([^*]+)\*", self.text)
        login = re.search(r"[Ll]og in as `(\w+)`", self.text)
        self.login = login[1] if login else ""

    def next(self, name: str) -> str:
        """The next name that the README sets in italics: it must be this one."""
        assert self.names.pop(0) == name
        return name

    def log_in(self, page: Page) -> None:
        page.goto("/accounts/login/")
        page.get_by_label("User name").fill(self.login)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Log in").click()
        expect(page).to_have_url(re.compile(r"/$"))


def menu(page: Page, name: str) -> None:
    page.get_by_role("navigation").get_by_role("link", name=name).first.click()
    expect(page.get_by_role("heading", level=1).first).to_be_visible()


@pytest.mark.browser
def test_as_a_trader(opened: Callable[..., Page]) -> None:
    walk, page = Walk("As a trader."), opened(None, script=False)
    walk.log_in(page)
    menu(page, walk.next("Overview"))
    expect(page.get_by_role("main")).to_contain_text("today", ignore_case=True)
    menu(page, walk.next("Performance"))
    page.locator('main a[href*="/performance/metrics/"]').first.click()
    expect(page.get_by_role("main")).to_contain_text("formula")
    expect(page.get_by_role("main")).to_contain_text("Computed from")
    menu(page, walk.next("Trades"))
    page.get_by_label("Symbol", exact=True).select_option("BTC-USD")
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("link", name=re.compile("^BTC-USD")).first.click()
    expect(page).to_have_url(re.compile(r"/trades/[^/?]+/"))
    for part in ("Decision", "Lots that this trade", "Audit entries"):
        expect(page.get_by_role("main")).to_contain_text(part, ignore_case=True)
    assert walk.names == []


def last_line(page: Page) -> Locator:
    """The last line that nobody ticked, as developers have it before them."""
    keys = page.locator('li:has(button[aria-pressed="false"])').evaluate_all(
        "(lines) => lines.map((line) => line.id).filter((id) => id)"
    )
    return page.locator(f'[id="{keys[-1]}"]')


def press_x(line: Locator, *, ticked: bool) -> None:
    tick = line.locator("button[aria-pressed]")
    tick.focus()
    line.page.keyboard.press("x")
    expect(tick).to_have_attribute("aria-pressed", str(ticked).lower())


@pytest.mark.browser
def test_as_a_reviewer(opened: Callable[..., Page], product: Product) -> None:
    walk, page = Walk("As a reviewer."), opened(None)
    walk.log_in(page)
    menu(page, walk.next("Readiness"))
    # The demo's own is the oldest: other tests have opened more.
    assert "the review of the commit you run" in walk.text
    product_says = page.request.get("/health/live").headers
    own = page.locator("main tr", has=page.get_by_title(product_says["x-rrr-commit"]))
    own.last.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile("/readiness/reviews/.+"))
    expect(page.locator("li button[aria-pressed]").first).to_be_visible()
    review = page.url
    # Else no evidence can be bound to the commit, and the page says so.
    if product_says["x-rrr-clean"] == "true":
        proven = page.locator('li[data-state="proven"]').first
        expect(proven).to_be_attached(timeout=FIRST_PROOF)
    assert "`x` on the keyboard" in walk.text
    line = last_line(page)
    key = str(line.get_attribute("id"))
    press_x(line, ticked=True)
    expect(line).to_contain_text(walk.next("claimed"), ignore_case=True)
    page.get_by_role("link", name=walk.next("Review and sign as Developer")).click()
    page.get_by_label("Reviewed").check()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Signing passphrase").fill(PASSWORD)
    page.get_by_role("button", name="Sign statement").click()
    page.goto(review)
    role = page.locator("#signoffs li").filter(has_text="Developer")
    expect(role).to_contain_text("Signed")
    line = page.locator(f'[id="{key}"]')
    press_x(line, ticked=False)
    expect(role).to_contain_text("Void")
    expect(role).to_contain_text(key)
    press_x(line, ticked=True)
    expect(role).to_contain_text("Signed")
    page.get_by_role("link", name=walk.next("Lifecycle")).click()
    expect(page).to_have_url(re.compile("/lifecycle/$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("What becomes of")
    page.get_by_role("link", name=walk.next("Lines")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Work on lines")
    assert walk.names == []


def set_threshold(page: Page, rule: str, value: str) -> None:
    page.locator("a[href*='/alerts/rules/']", has_text=rule).first.click()
    page.get_by_label("Threshold").fill(value)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Threshold")).to_have_value(value)


@pytest.mark.browser
def test_as_an_operator(opened: Callable[..., Page], product: Product) -> None:
    walk, page = Walk("As an operator."), opened(None)
    walk.log_in(page)
    menu(page, walk.next("Operations"))
    for part in ("robes", "obs", "rocesses", "ackups"):
        expect(page.get_by_role("main")).to_contain_text(part)
    rule = walk.next("High memory usage")
    menu(page, walk.next("Alerts"))
    set_threshold(page, rule, "1")
    menu(page, "Alerts")
    alert = page.locator('main tr:has-text("memory"):has-text("Firing")')
    expect(alert).to_be_visible(timeout=FIRST_ALERT)
    mail = product.log.parent / "mail"
    alert.get_by_role("link").first.click()
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_role("main")).to_contain_text("cknowledged")
    menu(page, "Alerts")
    set_threshold(page, rule, "80")
    menu(page, "Alerts")
    expect(alert).to_have_count(0, timeout=FIRST_ALERT)
    assert any(mail.iterdir())
    assert walk.names == []


def block(heading: str) -> list[str]:
    """The commands of the code block under this heading or paragraph."""
    return README.partition(heading)[2].split("```")[1].strip().splitlines()


@pytest.mark.process
def test_as_an_api_client(product: Product, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"RRR_ENV=demo\nDEMO_PASSWORD={PASSWORD}\n")
    commands = block("**As an API client.**")
    assert [command.split()[0] for command in commands[2:]] == ["curl", "curl"]
    host = f"localhost:{urlsplit(product.url).port}"
    script = "\n".join(f"{command}; echo" for command in commands)
    assert "localhost:8000" in script
    done = subprocess.run(
        ["sh", "-eu", "-c", script.replace("localhost:8000", host)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    portfolio, trades = (json.loads(line) for line in done.stdout.split("\n") if line)
    assert isinstance(portfolio["total_equity"], str)
    assert len(trades["trades"]) == 5
    assert trades["next_cursor"]


@pytest.mark.browser
def test_the_three_pages_of_the_reference(opened: Callable[..., Page]) -> None:
    named = re.findall(r"`(/[a-z.]+)` is|`(/[a-z.]+)` prints", MINUTES)
    paths = [path for pair in named for path in pair if path]
    assert paths == ["/docs", "/redoc", "/openapi.json"]
    page = opened(None)
    for path in paths:
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200


@pytest.mark.process
def test_every_command_of_the_table_is_there() -> None:
    """Each `./manage.py NAME` of the README is a command, run from the repository: one
    program lists them all, and each tells how it is used."""
    names = sorted(set(re.findall(r"`\./manage\.py (\w+)", README)))
    assert len(names) >= 8
    done = subprocess.run(
        ["./manage.py", "help", "--commands"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(names) <= set(done.stdout.split())
    for name in names:
        command = load_command_class(get_commands()[name], name)
        told = command.create_parser("manage.py", name).format_help()
        assert f"usage: manage.py {name}" in told


def test_make_lists_every_make_command_of_the_readme() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M)
    assert set(re.findall(r"make ([a-z]+)", README)) <= set(targets)

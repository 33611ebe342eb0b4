"""A browser, and what people of the demo do in it."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.pixels.products import ORIGIN, PASSWORD

TRADES_CSV = """\
external_id,symbol,side,quantity,price,fee,executed_at,strategy,note
p01,AGATE-USD,buy,4,250.5,1.002,2025-01-14T15:30:00Z,ladder,opening lot
p02,AGATE-USD,buy,2.5,248,0.62,2025-01-20T10:05:30Z,ladder,"second lot, cheaper"
p03,TOPAZ-USD,buy,1200,0.125,0.15,2025-02-11T09:00:00Z,,
p04,AGATE-USD,sell,5,262.4,1.312,2025-03-03T20:45:10Z,ladder,target reached
"""
WRONG_CSV = TRADES_CSV + "p05,AGATE-USD,hold,1,1,0,yesterday,,\n"
CHECKLIST = """\
# Release of the tide tables

## Network

- [ ] Firewall rules are reviewed
  - Status: VERIFIED
- [x] The certificate is renewed
  - Status: DRAFTED
- [x] Rate limits per minute hold (see `limits.py`)

## Data

- [x] The archive is moved
  - [x] Copied
  - [ ] Compared
- [ ] How long things are kept is agreed
- [x] The old disk is wiped
  - [ ] Photographed (optional)

## People

- [ ] The handover is held
- [ ] The handover is held

**Release owner**: ____________
**Decision**: ____________
"""


@contextlib.contextmanager
def chromium(port: int) -> Iterator[Browser]:
    """A browser for which ORIGIN is the product on `port`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=[
                *("--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                *("--force-color-profile=srgb", "--font-render-hinting=none"),
                f"--host-resolver-rules=MAP localhost:8000 127.0.0.1:{port}",
            ],
        )
        yield browser
        browser.close()


def context_of(browser: Browser, cookies: Any = None) -> BrowserContext:
    return browser.new_context(
        base_url=ORIGIN,
        viewport={"width": 1440, "height": 900},
        reduced_motion="reduce",
        storage_state=cookies,
        extra_http_headers={"X-Request-ID": "0123456789abcdef"},
    )


def log_in(page: Page, person: str, password: str = PASSWORD) -> None:
    page.goto("/accounts/login/")
    page.fill("input[name=username]", person)
    page.fill("input[name=password]", password)
    page.locator("form:has(input[name=password]) button").last.click()
    page.wait_for_load_state()


def first_link(page: Page, path: str, pattern: str) -> str:
    """The first link of a page whose address fits."""
    page.goto(path)
    links = page.locator("main a[href]").evaluate_all(
        "(all) => all.map((link) => link.getAttribute('href'))"
    )
    return next((link for link in links if re.search(pattern, link)), path)


def post_file(page: Page, path: str, name: str, text: str) -> None:
    page.goto(path)
    file: Any = {"name": name, "mimeType": "text/plain", "buffer": text.encode()}
    page.set_input_files("main input[type=file]", file)
    if page.locator("main input[name=book]").count():
        page.fill("main input[name=book]", "Pixels")
    page.locator("main form button").last.click()
    page.wait_for_load_state()


def sign(page: Page, passphrase: str) -> None:
    page.locator("main input[name=meaning]:enabled").first.check()
    page.fill("main [name=note]", "Looked at with care.")
    page.fill("main [name=password]", PASSWORD)
    page.fill("main [name=passphrase]", passphrase)
    page.locator("main form:has([name=passphrase]) button").last.click()
    page.wait_for_load_state()


def submit_empty(page: Page) -> None:
    """Send a page's last form as it is, whatever the browser thinks of it."""
    form = page.locator("main form").last
    form.evaluate("(form) => { form.noValidate = true }")
    form.locator("button").last.click()
    page.wait_for_load_state()


def open_palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type("a")


def open_trade(page: Page) -> None:
    page.locator("main tbody tr").nth(3).locator("th a").click()
    page.wait_for_url(re.compile(r"/trades/\d+/"))


def go_older(page: Page) -> None:
    page.goto(str(page.locator("main a[rel=next]").get_attribute("href")))


def set_wrong_threshold(page: Page) -> None:
    page.fill("main input[name=threshold]", "7,5 apples")
    submit_empty(page)


# What a person does on a page; addressed by names, roles and ids only.
ACTS: dict[str, Callable[[Page], object]] = {
    "": lambda page: None,
    "palette": open_palette,
    "keys": lambda page: page.keyboard.press("?"),
    "menu": lambda page: page.locator("body nav details summary").first.click(),
    "more": lambda page: page.evaluate("document.getElementById('more').showPopover()"),
    "older": go_older,
    "drawer": open_trade,
    "wrong file": lambda page: post_file(page, page.url, "wrong.csv", WRONG_CSV),
    "sign wrongly": lambda page: sign(page, "not the passphrase"),
    "no file": submit_empty,
    "no password": submit_empty,
    "wrong threshold": set_wrong_threshold,
    "log in wrongly": lambda page: log_in(page, "viewer", "not the password"),
    "docs": lambda page: page.wait_for_selector(".opblock"),
}

"""A record that differs from the log, as people see it: on every page, for everybody."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import ROOT, Product
from tests.e2e.test_pages import OVERFLOW, READ, SMALL, STAND_STILL, inaccessible
from tests.kernel.test_pdf import pages
from tests.words import for_machines

pytestmark = pytest.mark.browser
Opened = Callable[..., Page]
UNBELIEVED = "something else than the log"
SAID = {
    "review": UNBELIEVED,
    "overview": UNBELIEVED,
    "line": "The record differs from the log",
    "verify": "The record differs from the log",
    "lifecycle": "The record differs from the log",
    "sign": UNBELIEVED,
}


def shell(product: Product, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", *words],
        cwd=ROOT,
        env=dict(product.environment),
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


@pytest.fixture(scope="module")
def lies(product: Product) -> Iterator[dict[str, str]]:
    """{page: address}, of reviews whose rows a liar has changed."""
    said = shell(product, "from tests.e2e.differing import lie; lie()")
    addresses = json.loads(said[said.index('{"review"') :])
    yield {**addresses, "overview": "/"}
    shown = addresses["shown"]
    shell(product, f"from tests.e2e.differing import mend; mend({shown!r})")


def test_each_page_says_so_and_is_as_good_as_any(
    opened: Opened, lies: dict[str, str]
) -> None:
    page = opened("developer")
    found = {}
    for name, said in SAID.items():
        answer = page.goto(lies[name])
        assert answer is not None
        assert answer.status == 200, name
        page.evaluate(STAND_STILL)
        page.wait_for_load_state("networkidle")
        looked_at: dict[str, object] = {
            "said": [] if said in page.inner_text("main") else [said],
            **inaccessible(page),
            "overflow": page.evaluate(OVERFLOW),
            "too small for a finger": page.evaluate(SMALL),
            "words for machines": for_machines(page.evaluate(READ)),
        }
        found[name] = {what: where for what, where in looked_at.items() if where}
        page.set_viewport_size({"width": 1440, "height": 900})
    assert not any(found.values()), json.dumps(found, indent=1)


def test_it_is_read_without_javascript_and_on_paper(
    opened: Opened, lies: dict[str, str]
) -> None:
    page = opened("developer", script=False)
    page.goto(lies["review"])
    expect(page.locator("#verdict [role=alert]")).to_contain_text(UNBELIEVED)
    page.goto(lies["verify"])
    for text in ("A signature is missing", "Not genuine", "claim is not the one"):
        expect(page.locator("main")).to_contain_text(text)
    assert pages(page.request.get(lies["pdf"]).body()) >= 1
    for name in ("deployed", "lines", "diff", "checklist"):
        assert page.request.get(lies[name]).status == 200, name


def test_the_line_that_differs_is_the_first_blocker_of_the_keys(
    opened: Opened, lies: dict[str, str]
) -> None:
    page = opened("developer")
    page.goto(lies["review"])
    page.keyboard.press("n")
    assert (
        page.evaluate("document.activeElement.closest('[data-item]')?.id") == "SEC-01"
    )
    page.keyboard.press("e")
    expect(page.locator("#SEC-01 [data-record]")).to_contain_text("log")

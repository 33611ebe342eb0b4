"""Every page in a real browser: accessible, within its policy, narrow, light.

Policy violations and script errors are watched by the `opened` fixture in every test.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import FilePayload, Page, Response

pytestmark = pytest.mark.browser

PAGES = {
    "login": (None, "/accounts/login/"),
    "overview": ("lead", "/"),
    "portfolio": ("trader", "/portfolio/"),
    "trades": ("trader", "/trades/"),
    "trade": ("trader", "trade"),
    "correct": ("trader", "correct"),
    "void": ("trader", "void"),
    "trades import": ("trader", "/trades/import/"),
    "import preview": ("trader", "preview"),
    "new trade": ("trader", "/trades/new/"),
    "transfers": ("trader", "/transfers/"),
    "new transfer": ("trader", "/transfers/new/"),
    "prices": ("trader", "/prices/"),
    "new price": ("trader", "/prices/new/"),
    "splits": ("trader", "/splits/"),
    "new split": ("trader", "/splits/new/"),
    "reconciliation": ("trader", "/portfolio/reconciliation/"),
    "state a balance": ("trader", "/portfolio/reconciliation/new/"),
    "performance": ("trader", "/performance/"),
    "readiness": ("developer", "/readiness/"),
    "review": ("developer", "review"),
    "books": ("admin", "/books/"),
    "people": ("admin", "/settings/people/"),
    "person": ("admin", "person"),
    "templates": ("admin", "/readiness/templates/"),
    "import": ("admin", "/readiness/templates/import/"),
    "checklist": ("admin", "/readiness/templates/versions/1/"),
    "sign": ("security", "sign"),
    "operations": ("operator", "/operations/"),
    "alerts": ("operator", "/alerts/"),
    "audit": ("operator", "/audit/"),
    "reference": (None, "/redoc"),
    "styleguide": (None, "/styleguide/"),
}
CSV = b"""symbol,side,quantity,price,executed_at
PLUM-USD,buy,3,11,2026-01-06T12:00:00Z
PLUM-USD,sell,none,12,2026-01-07T12:00:00Z
"""
POLLED = {
    "overview": ("lead", "/"),
    "readiness": ("developer", "review"),
    "operations": ("operator", "/operations/"),
    "alerts": ("operator", "/alerts/"),
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# The reference repeats one pattern for each operation: the first few stand for all.
RUN_AXE = """
async (rules) => {
  const all = {include: [["html"]], exclude: [[".operation ~ .operation ~ .operation"]]};
  const found = await axe.run(all, {runOnly: {type: "tag", values: rules}});
  return found.violations.map((one) =>
    `${one.id}: ${one.nodes.slice(0, 4).map((node) => node.target + " " +
      (node.any[0]?.message ?? "")).join(" | ")}`);
}
"""
OVERFLOW = """
() => [...document.querySelectorAll("body *")]
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 1
    && !e.closest(".scroll, .segments, .skip, .visually-hidden, svg, dialog, pre"))
  .slice(0, 5).map((e) => `${e.tagName}.${e.className} ${e.textContent.slice(0, 40)}`)
  .concat(document.scrollingElement.scrollWidth > innerWidth ? ["the page scrolls"] : [])
"""
SMALL = """
() => [...document.querySelectorAll("button, summary, input:not([type=hidden]), select, .button")]
  .filter((e) => e.offsetParent && getComputedStyle(e).visibility !== "hidden")
  .map((e) => [e, (e.matches("[type=radio], [type=checkbox]") && e.closest("label, .checkbox") || e)
    .getBoundingClientRect()])
  .filter(([e, box]) => box.width && (e.matches(".tick, [type=radio], [type=checkbox]")
    ? box.height < 24 : box.height < 43.5))
  .slice(0, 5).map(([e, box]) => `${e.outerHTML.slice(0, 80)} ${Math.round(box.height)} px`)
"""


@cache
def axe() -> str:
    folder = Path(axe_playwright_python.__file__).parent
    return next(folder.rglob("axe.min.js")).read_text()


def previewed(page: Page) -> str:
    """The address of the preview of a file with a row that is broken."""
    page.goto("/trades/import/")
    file = FilePayload(name="fills.csv", mimeType="text/csv", buffer=CSV)
    page.set_input_files("input[name=file]", file)
    page.fill("input[name=book]", "seen-in-a-browser")
    page.click("main form .button--primary")
    page.wait_for_url("**/trades/imports/**")
    return page.url


def visit(page: Page, path: str) -> Response:
    """Open a path; "review" and "sign" are those of the newest review,
    "trade", "correct" and "void" are pages of the newest trade, "preview" is that of
    a file, "person" that of the first one."""
    if path in {"trade", "correct", "void"}:
        page.goto("/trades/")
        trade = page.locator("a.link--row").first.get_attribute("href")
        url = str(trade).partition("?")[0]
        path = url if path == "trade" else f"{url}{path}/"
    if path == "preview":
        path = previewed(page)
    if path == "person":
        page.goto("/settings/people/")
        path = str(page.locator("main th a.link").first.get_attribute("href"))
    if path in {"review", "sign"}:
        page.goto("/readiness/")
        link = page.locator('main table a[href*="/readiness/reviews/"]').first
        path = str(link.get_attribute("href")) + ("sign/" if path == "sign" else "")
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == 200, f"{path}: {answer.status}"
    return answer


@pytest.mark.parametrize("name", PAGES)
def test_no_accessibility_violation_and_no_overflow(
    name: str, opened: Callable[..., Page]
) -> None:
    """Both themes at both widths. Only this test switches the policy off, because
    axe itself is a foreign script."""
    username, path = PAGES[name]
    page = opened(username, bypass=True)
    visit(page, path)
    page.evaluate(axe())
    found: dict[str, Any] = {}
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for theme in ("light", "dark"):
            page.evaluate("(t) => {document.documentElement.dataset.theme = t}", theme)
            if wrong := page.evaluate(RUN_AXE, RULES):
                found[f"{theme} {width}"] = wrong
    if too_wide := page.evaluate(OVERFLOW):
        found["overflow"] = too_wide
    if too_small := page.evaluate(SMALL):
        found["too small for a finger"] = too_small
    assert not found, json.dumps(found, indent=1)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_light(name: str, opened: Callable[..., Page]) -> None:
    username, path = PAGES[name]
    page = opened(username)
    visit(page, path)
    path = page.url
    fresh = opened(username)  # a context of its own: nothing comes from a cache
    answers: list[Response] = []
    fresh.on("response", lambda answer: answers.append(answer))
    fresh.goto(path, wait_until="networkidle")
    sizes = {one.url: one.request.sizes()["responseBodySize"] for one in answers}
    scripts = [
        sizes[one.url] for one in answers if one.request.resource_type == "script"
    ]
    assert len(sizes) <= 10
    assert sum(scripts) <= 45_000
    assert sum(sizes.values()) <= 160_000, sizes


@pytest.mark.parametrize("name", POLLED)
def test_the_second_poll_is_a_304(name: str, opened: Callable[..., Page]) -> None:
    """The clock is the test's, so nobody waits for it."""
    username, path = POLLED[name]
    page = opened(username)
    page.clock.install()
    visit(page, path)
    page.wait_for_function("window.htmx !== undefined")
    statuses = [poll(page)]
    # The first minute's evidence may really change the page between two polls.
    while 304 not in statuses[1:] and len(statuses) < 20:
        time.sleep(0.5 if len(statuses) > 2 else 0)
        statuses.append(poll(page))
    assert 304 in statuses[1:], statuses


def poll(page: Page) -> int:
    """Let the page's next poll happen; its status."""
    with page.expect_response(
        lambda answer: answer.request.headers.get("hx-request") == "true"
    ) as answer:
        page.clock.run_for(16_000)
    return answer.value.status


def test_docs_draw_without_a_violation(opened: Callable[..., Page]) -> None:
    page = opened(None)
    page.goto("/docs")
    page.wait_for_selector(".opblock")
    page.locator(".opblock-summary-control").first.click()
    page.wait_for_selector(".opblock-body")
    assert page.evaluate(OVERFLOW) == []

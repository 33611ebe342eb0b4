"""Every page in a real browser: accessible, within its policy, narrow, light.

A page is loaded once for all of it. Policy violations and script errors are watched
by the `opened` fixture in every test.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, FilePayload, Page, Response

from tests.e2e.test_entry import enter
from tests.words import for_machines

pytestmark = pytest.mark.browser

PAGES = {
    "login": (None, "/accounts/login/"),
    "overview": ("lead", "/"),
    "search": ("operator", "/search/?q=database"),
    "nothing found": ("trader", "/search/?q=xyzzy"),
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
    "stated balance": ("trader", "balance"),
    "price": ("trader", "price"),
    "split": ("trader", "split"),
    "performance": ("trader", "/performance/"),
    "performance of a day": ("trader", "/performance/?period=1d"),
    "performance of a part": ("trader", "/performance/?strategy=sentiment"),
    "readiness": ("developer", "/readiness/"),
    "review": ("developer", "review"),
    "lifecycle": ("devops", "lifecycle"),
    "lines": ("developer", "lines"),
    "what changed": ("developer", "diff"),
    "books": ("admin", "/books/"),
    "people": ("admin", "/settings/people/"),
    "person": ("admin", "person"),
    "new service account": ("admin", "/settings/people/services/"),
    "tokens": ("trader", "/settings/tokens/"),
    "profile": ("viewer", "/settings/profile/"),
    "forgotten password": (None, "/accounts/password/reset/"),
    "templates": ("admin", "/readiness/templates/"),
    "import": ("admin", "/readiness/templates/import/"),
    "checklist": ("admin", "/readiness/templates/versions/1/"),
    "sign": ("security", "sign"),
    "operations": ("operator", "/operations/"),
    "alerts": ("operator", "/alerts/"),
    "runbooks": ("operator", "/runbooks/"),
    "runbook": ("operator", "/runbooks/database/"),
    "jobs": ("operator", "/operations/jobs/"),
    "backups": ("operator", "/operations/backups/"),
    "rule": ("operator", "/alerts/rules/latency-p95/"),
    "pause": ("operator", "/operations/jobs/portfolio-equity/pause/"),
    "content policy": ("operator", "/operations/csp/"),
    "audit": ("operator", "/audit/"),
    "reference": (None, "/redoc"),
    "styleguide": (None, "/styleguide/"),
}
CSV = b"""symbol,side,quantity,price,executed_at
PLUM-USD,buy,3,11,2026-01-06T12:00:00Z
PLUM-USD,sell,none,12,2026-01-07T12:00:00Z
"""
# Where each is listed, and what is corrected of it.
MENDED = {
    "balance": ("/portfolio/reconciliation/", "amount", "2"),
    "price": ("/prices/?symbol=PEAR-USD", "price", "13"),
    "split": ("/splits/?symbol=PEAR-USD", "numerator", "4"),
}
FOR_PROGRAMS = {"reference"}
OF_REVIEW = {"review", "sign", "lifecycle", "lines", "diff"}
OWN = "desk"  # in the names of the checklists that test_review.py brings
POLLED = {
    "overview": ("lead", "/"),
    "readiness": ("developer", "review"),
    "operations": ("operator", "/operations/"),
    "alerts": ("operator", "/alerts/"),
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# All that a theme can change: it sets `color-scheme` and nothing else.
OF_COLOUR = ["color-contrast", "link-in-text-block"]
# The other theme is asked about colours alone. What is no colour is asked at both widths.
ASKED = [
    (1440, "light", {"type": "tag", "values": RULES}),
    (1440, "dark", {"type": "rule", "values": OF_COLOUR}),
    (390, "dark", {"type": "tag", "values": RULES}),
    (390, "light", {"type": "rule", "values": OF_COLOUR}),
]
# The reference repeats one pattern for each operation: the first few stand for all.
FEW_OPERATIONS = """
() => document.querySelectorAll(".operation ~ .operation ~ .operation")
  .forEach((operation) => operation.remove())
"""
# What asks again every few seconds fades while the answer is late: not while axe looks.
STAND_STILL = """
() => document.addEventListener("htmx:config:request", (event) => event.preventDefault())
"""
# What is read, seen or not: without what stands in a program's own letters.
READ = """
() => {
  const verbatim = [...document.querySelectorAll("code, pre, kbd, samp, textarea")];
  verbatim.forEach((e) => e.style.setProperty("visibility", "hidden"));
  const text = document.body.innerText;
  verbatim.forEach((e) => e.style.removeProperty("visibility"));
  const said = ["title", "aria-label", "alt", "placeholder"].flatMap((name) =>
    [...document.body.querySelectorAll(`[${name}]`)].filter((e) => !e.closest("code, pre"))
      .map((e) => e.getAttribute(name)));
  return [document.title, text, ...said].join("\\n");
}
"""
# Contrast is most of what axe costs, and of all cells of a table it is the same: the first
# few that are drawn alike, as are all in whom they stand, are asked for the others, and
# each that is laid over something else.
STAND_FOR_OTHERS = """
() => {
  const DRAWN = ["color", "backgroundColor", "backgroundImage", "opacity", "filter", "mixBlendMode",
    "textShadow", "fontSize", "fontWeight", "textDecorationLine", "visibility"];
  const places = new Map(), numbers = new Map(), seen = new Map();
  const counted = (map, key) => map.set(key, (map.get(key) ?? 0) + 1).get(key);
  const numberOf = (style) => numbers.get(style) ?? numbers.set(style, numbers.size).get(style);
  for (const e of document.querySelectorAll("*")) {
    const style = getComputedStyle(e), inside = places.get(e.parentElement);
    const place = {
      kind: `${inside?.kind}/${numberOf(DRAWN.map((name) => style[name]).join())}`,
      over: inside?.over || ["absolute", "fixed", "sticky"].includes(style.position),
    };
    places.set(e, place);
    const text = [...e.childNodes].some((each) => each.nodeType === 3 && each.data.trim());
    const kind = `${place.kind} ${text} ${e.matches(":disabled")}`;
    const asked = e.checkVisibility() && (place.over || counted(seen, kind) <= 3);
    e.toggleAttribute("data-asked", asked);
  }
}
"""
RUN_AXE = """
async (rules) => {
  axe.configure({rules: [{id: "color-contrast", selector: "[data-asked]"}]});
  const found = await axe.run("html", {runOnly: rules, resultTypes: ["violations"]});
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


def mended(page: Page, kind: str) -> str:
    """The page of a balance, price or split that was entered and corrected by hand."""
    listed, field, value = MENDED[kind]
    folder = listed.partition("?")[0]
    link = page.locator(f"main tbody a[href^='{folder}']").first
    page.goto(listed)
    if not link.count():
        enter(page, f"{folder}new/")
        page.goto(listed)
    page.goto(str(link.get_attribute("href")))
    if not page.get_by_role("heading", name="History").count():
        page.fill("[name=reason]", "misread")
        page.fill(f"[name={field}]", value)
        page.click("button[value=correct]")
        page.goto(listed)
        page.goto(str(link.get_attribute("href")))
    return page.url


def address(page: Page, path: str) -> str:
    """The path of a page of PAGES, found out by its person. Those OF_REVIEW are of the
    newest review of the product's own checklist, "trade", "correct" and "void" of the
    newest trade, "preview" is that of a file, "person" that of the first one, and those
    of MENDED have a history."""
    if path in {"trade", "correct", "void"}:
        (trade,) = page.request.get("/api/trades?limit=1").json()["trades"]
        return f"/trades/{trade['id']}/" + (f"{path}/" if path != "trade" else "")
    if path in MENDED:
        return mended(page, path)
    if path in OF_REVIEW:
        newest = page.request.get("/api/readiness/reviews").json()["reviews"]
        review = next(each for each in newest if OWN not in each["template"].lower())
        part = "" if path == "review" else f"{path}/"
        return f"/readiness/reviews/{review['id']}/{part}"
    if path == "person":
        page.goto("/settings/people/")
        return str(page.locator("main th a.link").first.get_attribute("href"))
    return previewed(page) if path == "preview" else path


def visit(page: Page, path: str) -> Response:
    """Open a page of PAGES."""
    path = address(page, path)
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == 200, f"{path}: {answer.status}"
    return answer


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_light_accessible_and_nowhere_too_wide(
    name: str, opened: Callable[..., Page]
) -> None:
    username, path = PAGES[name]
    if path in {"preview", "person", *MENDED}:
        path = address(opened(username), path)
    page = opened(username)  # a context of its own: nothing comes from a cache
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    visit(page, path)
    page.evaluate(STAND_STILL)
    page.wait_for_load_state("networkidle")
    looked_at = {"heavy": heavy(answers), **inaccessible(page)}
    looked_at["overflow"] = page.evaluate(OVERFLOW)
    looked_at["too small for a finger"] = page.evaluate(SMALL)
    if name not in FOR_PROGRAMS:
        looked_at["words for machines"] = for_machines(page.evaluate(READ))
    found = {what: where for what, where in looked_at.items() if where}
    assert not found, json.dumps(found, indent=1)


def heavy(answers: list[Response]) -> list[str]:
    """What is more than a page may load."""
    sizes = {one.url: one.request.sizes()["responseBodySize"] for one in answers}
    scripts = [
        sizes[one.url] for one in answers if one.request.resource_type == "script"
    ]
    limits = {
        "files": (len(sizes), 10),
        "bytes of scripts": (sum(scripts), 45_000),
        "bytes": (sum(sizes.values()), 160_000),
    }
    return [
        f"{amount} {what}, at most {most}: {sizes}"
        for what, (amount, most) in limits.items()
        if amount > most
    ]


def inaccessible(page: Page) -> dict[str, list[str]]:
    """What axe finds, in both themes at both widths; the page is left narrow. axe is
    brought by the debugger, whom no policy binds: the page keeps its own."""
    page.evaluate(FEW_OPERATIONS)
    page.evaluate(axe())
    found = {}
    for width, theme, rules in ASKED:
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("(t) => {document.documentElement.dataset.theme = t}", theme)
        page.evaluate(STAND_FOR_OTHERS)
        found[f"{theme} {width}"] = page.evaluate(RUN_AXE, rules)
    return found


def test_one_pale_cell_among_those_that_are_drawn_alike_is_found(
    browser: Browser,
) -> None:
    page = browser.new_page()
    row = "<tr><td>1.5</td><td><a href='/'>one</a></td></tr>"
    page.set_content(f"<html lang=en><main><h1>Cells</h1><table>{row * 60}</table>")
    page.evaluate(axe())
    colours = {"type": "rule", "values": OF_COLOUR}
    page.evaluate(STAND_FOR_OTHERS)
    assert page.locator("[data-asked]").count() < 30
    assert page.evaluate(RUN_AXE, colours) == []
    page.locator("td").nth(80).evaluate("(cell) => { cell.style.color = '#ccc'; }")
    page.evaluate(STAND_FOR_OTHERS)
    (found,) = page.evaluate(RUN_AXE, colours)
    assert found.startswith("color-contrast: tr:nth-child(41)")
    page.close()


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

"""A review as a reviewer works it: light, short, and from the keyboard alone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.checklists import document, open_review
from tests.e2e.conftest import Product
from tests.e2e.test_pages import OVERFLOW, inaccessible
from tests.kernel.test_pdf import pages

pytestmark = pytest.mark.browser
Opened = Callable[..., Page]
ELEMENTS = "document.querySelectorAll('*').length"
HEIGHT = "document.documentElement.scrollHeight"
FOCUSED = "document.activeElement.closest('[data-item]')?.id ?? ''"
# What a poll brings: a row whose tick alone is another.
POLLED = """([key, pressed]) => {
  const ctx = { sourceElement: document.querySelector("[data-board]") };
  const tell = (name) => document.dispatchEvent(new CustomEvent(name, { detail: { ctx } }));
  tell("htmx:before:swap");
  document.querySelector(`[id="${key}"] [data-tick]`).setAttribute("aria-pressed", pressed);
  tell("htmx:after:swap");
}"""


@pytest.fixture(scope="module")
def reviews(
    product: Product,
    browser: Browser,
    signed_in: Callable[[str], object],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[int, str]]:
    """{lines: address}: a review of 101 lines and one of a thousand."""
    folder: Path = tmp_path_factory.mktemp("checklists")
    context = browser.new_context(
        base_url=product.url,
        storage_state=signed_in("admin"),  # type: ignore[arg-type]
    )
    admin = context.new_page()
    yield {
        lines: open_review(
            product,
            admin,
            folder / f"{lines}.md",
            document(f"Desk of {lines}", sections, lines),
        )
        for lines, sections in ((101, 12), (1000, 25))
    }
    context.close()


def visit(page: Page, address: str) -> bytes:
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 200
    return answer.body()


@pytest.mark.parametrize(("width", "most"), [(1440, 6_000), (390, 9_000)])
def test_101_lines_are_few_elements_and_short(
    opened: Opened, reviews: dict[int, str], width: int, most: int
) -> None:
    page = opened("developer", width=width)
    visit(page, reviews[101])
    assert page.locator("[data-item]").count() == 101
    assert page.evaluate(ELEMENTS) <= 1_500
    assert page.evaluate(HEIGHT) <= most


def test_101_lines_are_light(opened: Opened, reviews: dict[int, str]) -> None:
    """Of the raw text the forms are the most: each has its token and its address."""
    page = opened("developer")
    answer = page.goto(reviews[101])
    assert answer is not None
    assert answer.request.sizes()["responseBodySize"] <= 20_000
    assert len(answer.body()) <= 135_000


@pytest.mark.parametrize("script", [True, False])
def test_a_thousand_lines_open_by_sections(
    opened: Opened, reviews: dict[int, str], *, script: bool
) -> None:
    page = opened("developer", script=script)
    assert len(visit(page, reviews[1000])) <= 300_000
    assert page.locator("[data-item]").count() == 40
    page.get_by_role("heading", name="Area 7").get_by_role("link").click()
    page.wait_for_url("**/?section=*")
    expect(page.locator("[data-item]").first).to_contain_text("(7.1)")
    if script:
        assert page.evaluate(ELEMENTS) <= 3_000


def test_the_first_tick_is_five_stops_behind_skip_to_content(
    opened: Opened, reviews: dict[int, str]
) -> None:
    page = opened("developer")
    visit(page, reviews[101])
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    stops = 0
    while not page.evaluate("document.activeElement.matches('[data-tick]')"):
        page.keyboard.press("Tab")
        stops += 1
        assert stops <= 5
    assert stops > 0


def test_blockers_are_walked_ticked_and_undone_by_keys(
    opened: Opened, reviews: dict[int, str]
) -> None:
    page = opened("developer")
    visit(page, reviews[101])
    page.evaluate("window.same = true")
    keys = page.locator("[data-blocker]").evaluate_all("(all) => all.map((e) => e.id)")
    for pressed, wanted in [("n", 0), ("n", 1), ("n", 2), ("p", 1)]:
        page.keyboard.press(pressed)
        assert page.evaluate(FOCUSED) == keys[wanted]
    tick = page.locator(f'[id="{keys[1]}"] [data-tick]')
    page.keyboard.press("x")
    expect(tick).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#say")).to_contain_text(f"{keys[1]} is claimed")
    with page.expect_response("**/claim/") as undone:
        page.keyboard.press("u")
    assert undone.value.status == 200
    expect(tick).to_have_attribute("aria-pressed", "false")
    assert page.evaluate("window.same === true")
    assert page.evaluate(FOCUSED) == keys[1]


def test_g_p_still_goes_to_the_portfolio(
    opened: Opened, reviews: dict[int, str]
) -> None:
    page = opened("lead")
    visit(page, reviews[101])
    page.keyboard.press("g")
    page.keyboard.press("p")
    page.wait_for_url("**/portfolio/")


def test_a_record_opens_under_its_row_and_outlives_a_tick(
    opened: Opened, reviews: dict[int, str]
) -> None:
    page = opened("developer")
    visit(page, reviews[101])
    page.keyboard.press("n")
    row = page.locator(f'[id="{page.evaluate(FOCUSED)}"]')
    page.keyboard.press("e")
    expect(row.locator("[data-record]")).to_contain_text("File evidence")
    page.keyboard.press("x")
    expect(row.locator("[data-tick]")).to_have_attribute("aria-pressed", "true")
    expect(row.locator("[data-record]")).to_contain_text("File evidence")
    page.evaluate("document.querySelector('[data-toast]').remove()")  # it leaves anyway
    found = {**inaccessible(page), "overflow": page.evaluate(OVERFLOW)}
    assert {where: what for where, what in found.items() if what} == {}
    page.keyboard.press("e")
    expect(row.locator("[data-record]")).to_have_count(0)
    page.keyboard.press("u")
    expect(row.locator("[data-tick]")).to_have_attribute("aria-pressed", "false")


def test_without_javascript_the_state_leads_to_the_records(
    opened: Opened, reviews: dict[int, str]
) -> None:
    page = opened("developer", script=False)
    visit(page, reviews[101])
    page.locator("[data-item] > a").nth(1).click()
    assert re.search(r"/items/\d+/#history$", page.url)


def test_what_somebody_else_changed_is_said_and_marked(
    opened: Opened, reviews: dict[int, str]
) -> None:
    mine, other = opened("developer"), opened("devops")
    mine.clock.install()
    visit(mine, reviews[101])
    visit(other, reviews[101])
    # Of a line that no probe moves meanwhile.
    lines = other.locator("[data-item][data-blocker]").filter(
        has_text="confirmed by another"
    )
    key = str(lines.last.get_attribute("id"))
    tick = other.locator(f'[id="{key}"] [data-tick]')
    tick.click()
    expect(tick).to_have_attribute("aria-pressed", "true")
    row, deadline = mine.locator(f'[id="{key}"][data-changed]'), time.monotonic() + 20
    while not row.count() and time.monotonic() < deadline:
        mine.clock.run_for(16_000)
        mine.wait_for_timeout(300)
    # Where probes change more than three lines meanwhile, the last is only counted.
    # Of a tree that is not clean evidence keeps the word of each line.
    said = re.compile(f"{key} (is now Claimed|was claimed)|more lines changed")
    expect(mine.locator("[data-changes]")).to_contain_text(said)
    expect(row).to_have_count(1)
    tick.click()
    expect(tick).to_have_attribute("aria-pressed", "false")


def test_a_tick_is_said_where_evidence_keeps_the_word_of_its_line(
    opened: Opened, reviews: dict[int, str]
) -> None:
    """A line that failed stays failed when somebody claims it."""
    page = opened("developer")
    visit(page, reviews[101])
    key = str(page.locator("[data-item]").last.get_attribute("id"))
    for pressed, said in (("true", "was claimed"), ("false", "is no longer claimed")):
        page.evaluate(POLLED, [key, pressed])
        expect(page.locator("[data-changes]")).to_contain_text(f"{key} {said}")
        expect(page.locator("#say")).to_have_text(f"{key} {said}")


def test_s_leads_to_the_signature(opened: Opened, reviews: dict[int, str]) -> None:
    page = opened("developer")
    visit(page, reviews[101])
    page.keyboard.press("s")
    page.wait_for_url("**/sign/?role=Developer")


def test_101_lines_are_printed_on_at_most_eight_pages(
    opened: Opened, reviews: dict[int, str]
) -> None:
    page = opened("developer")
    visit(page, reviews[101])
    made = page.pdf(prefer_css_page_size=True, format="A4")
    assert 2 <= pages(made) <= 8
    page.emulate_media(media="print")
    assert page.get_by_role("heading", name="What a signature states").is_visible()
    assert page.get_by_text("printed for developer").is_visible()
    assert page.locator("main[data-demo]").count() == 1
    for gone in ("#activity", "#papers", "#collecting", "#counts"):
        assert page.locator(gone).is_hidden()

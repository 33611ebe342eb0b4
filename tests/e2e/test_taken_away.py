"""What a page shows can be taken away: on paper, and by copying."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

PRINTED = {
    "trades": ("trader", "/trades/?symbol=BTC-USD", 10),
    "performance": ("trader", "/performance/?period=all", 3),
    "portfolio": ("trader", "/portfolio/", 10),
    "audit log": ("operator", "/audit/", 6),
}
SHEET = 688  # px between the margins of A4
COLUMNS = """
() => {
  const heads = [...document.querySelectorAll("main thead th:not(.visually-hidden *)")]
    .filter((e) => !e.closest(".visually-hidden"));
  return {
    beyond: [...document.querySelectorAll("main *:not(.visually-hidden)")]
      .filter((e) => !e.closest("svg, .visually-hidden")
        && e.getBoundingClientRect().right > innerWidth + 1)
      .slice(0, 4).map((e) => `${e.tagName}.${e.className} ${e.textContent.trim().slice(0, 40)}`),
    hidden: heads.filter((e) => !e.getBoundingClientRect().width).map((e) => e.textContent),
    most: Math.max(...[...document.querySelectorAll("main thead tr")].map((e) => e.cells.length)),
  };
}
"""


@pytest.mark.parametrize("name", PRINTED)
def test_a_page_is_printed_with_all_of_its_columns(
    name: str, opened: Callable[..., Page]
) -> None:
    username, path, least = PRINTED[name]
    page = opened(username)
    page.goto(path)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": SHEET, "height": 970})
    found = page.evaluate(COLUMNS)
    assert found["beyond"] == []
    assert found["hidden"] == []
    assert found["most"] >= least
    assert page.get_by_text(f"Printed for {username}").is_visible()
    assert page.evaluate("getComputedStyle(document.body).page") == "demo"
    assert (
        not page.locator("nav:not(.pager), a[download], main select")
        .filter(visible=True)
        .count()
    )


def test_a_print_of_trades_says_what_it_was_narrowed_to(
    opened: Callable[..., Page],
) -> None:
    page = opened("trader")
    page.goto("/trades/?symbol=BTC-USD&side=buy")
    page.emulate_media(media="print")
    said = " ".join(page.locator(".filter-chips").inner_text().split())
    assert re.search(r"Filter: .*BTC-USD.*buy", said, re.IGNORECASE)
    assert "about" in page.locator(".pager").inner_text()


def copied(page: Page, selector: str) -> str:
    """What is on the clipboard after the element was selected and copied."""
    page.locator(selector).first.evaluate(
        """(element) => {
          getSelection().selectAllChildren(element);
          window.copied = new DataTransfer();
          document.dispatchEvent(new ClipboardEvent("copy",
            {clipboardData: window.copied, bubbles: true, cancelable: true}));
        }"""
    )
    return str(page.evaluate("window.copied.getData('text/plain')"))


@pytest.mark.parametrize(
    ("path", "figure"),
    [
        ("/portfolio/", ".kpi dd[data-exact]"),
        ("/performance/", ".kpi dd[data-exact]"),
        ("/portfolio/", "#positions td[data-exact]"),
        ("/trades/", "td[data-exact]"),
        ("/transfers/", "td[data-exact]"),
        ("/prices/", "td[data-exact]"),
    ],
)
def test_a_figure_is_copied_with_all_of_its_digits(
    path: str, figure: str, opened: Callable[..., Page]
) -> None:
    page = opened("trader")
    page.goto(path)
    text = copied(page, figure)
    assert text == page.locator(figure).first.get_attribute("data-exact")
    assert re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text)
    shown = page.locator(figure).first.inner_text()
    digits = re.sub(r"[^0-9.]", "", shown.partition("%")[0].split("\n")[0])
    assert abs(abs(Decimal(text)) - Decimal(digits or 0)) <= abs(Decimal(text))


def test_a_table_is_copied_as_numbers(opened: Callable[..., Page]) -> None:
    page = opened("trader")
    page.goto("/trades/?symbol=BTC-USD")
    rows = copied(page, "main table").splitlines()
    cells = [row.split("\t") for row in rows[1:]]
    assert len({len(row) for row in cells}) == 1
    for row in cells:
        for number in row[3:7]:
            assert re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", number), row

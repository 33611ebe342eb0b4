"""Facts entered by hand, without JavaScript: what follows first, then recorded."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Response, expect

pytestmark = pytest.mark.browser
FORMS = {
    "/trades/new/": {
        "symbol": "PEAR-USD",
        "quantity": "2",
        "price": "10",
        "executed_at": "2026-01-05T12:00",
    },
    "/transfers/new/": {"asset": "USD", "amount": "25", "at": "2026-01-05T11:00"},
    "/prices/new/": {"symbol": "PEAR-USD", "at": "2026-01-06T12:00", "price": "12"},
    "/splits/new/": {
        "symbol": "PEAR-USD",
        "at": "2026-01-07T00:00",
        "numerator": "7",  # of which no price has a short part
        "denominator": "1",
    },
    "/portfolio/reconciliation/new/": {
        "asset": "PEAR",
        "amount": "1",
        "at": "2026-01-08T12:00",
    },
}


def enter(page: Page, path: str) -> None:
    """Look at what follows, then record it."""
    page.goto(path)
    for name, value in FORMS[path].items():
        page.fill(f"[name={name}]", value)
    press(page, "button[value=look]")
    expect(page.get_by_role("heading", name="What will follow")).to_be_in_viewport()
    seen_whole(page)
    press(page, "button[value=book]")


def press(page: Page, button: str) -> None:
    """Once more where a busy machine answers 503, as whoever reads that would."""
    with page.expect_navigation() as landed:
        page.click(button)
    answer: Response | None = landed.value
    for _ in range(5):
        if answer is None or answer.status != 503:
            return
        answer = page.reload()


def seen_whole(page: Page) -> None:
    """What follows, to its last column, without scrolling sideways."""
    assert page.viewport_size is not None
    for cell in page.locator("#follows :is(th, td):last-child").all():
        box = cell.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= page.viewport_size["width"]


@pytest.mark.parametrize("path", FORMS)
def test_a_fact_is_entered_without_javascript(
    path: str, opened: Callable[..., Page]
) -> None:
    page = opened("trader", width=390, script=False)
    enter(page, path)
    expect(page).to_have_url(
        re.compile(r"/(trades|transfers|prices|splits|reconcil\w+)/$")
    )
    expect(page.locator("main")).to_contain_text(re.compile("PEAR|25|is kept"))

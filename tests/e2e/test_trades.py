"""Filtering trades: the URL carries the filter, with JavaScript and without."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def symbols(page: Page) -> set[str]:
    return set(
        page.locator("table tbody th a.link--row").evaluate_all(
            "(links) => links.map((e) => e.firstChild.textContent.trim())"
        )
    )


def test_choosing_a_symbol_filters_without_a_page_load(
    opened: Callable[..., Page],
) -> None:
    page = opened("trader")
    page.goto("/trades/")
    assert len(symbols(page)) > 1
    page.evaluate("window.same = true")
    page.select_option("select[name=symbol]", "BTC-USD")
    expect(page).to_have_url(re.compile("symbol=BTC-USD"))
    expect(page.locator("table tbody th a.link--row").first).to_contain_text("BTC-USD")
    assert symbols(page) == {"BTC-USD"}
    assert page.evaluate("window.same === true")


def test_the_filter_works_without_javascript(opened: Callable[..., Page]) -> None:
    page = opened("trader", script=False)
    page.goto("/trades/")
    page.select_option("select[name=symbol]", "BTC-USD")
    page.click("form.filters .button")
    assert "symbol=BTC-USD" in page.url
    assert symbols(page) == {"BTC-USD"}


def test_the_pager_goes_on_where_the_page_ended(opened: Callable[..., Page]) -> None:
    page = opened("trader")
    page.goto("/trades/")
    before = page.locator("a.link--row").first.get_attribute("href")
    page.get_by_role("link", name="Older").click()
    expect(page.locator("a.link--row").first).not_to_have_attribute("href", str(before))


def test_a_trade_opens_on_a_page_of_its_own(opened: Callable[..., Page]) -> None:
    page = opened("trader", script=False)
    page.goto("/trades/")
    page.locator("a.link--row").first.click()
    expect(page).to_have_url(re.compile(r"/trades/[^/?]+/"))
    expect(page.locator("h1, h2").first).to_be_visible()


def test_on_a_phone_an_opened_trade_is_what_is_shown(
    opened: Callable[..., Page],
) -> None:
    """Its list is not there, nor what acts on it; closing leads back to both."""
    page = opened("trader", width=390)
    page.goto("/trades/")
    page.locator("a.link--row").first.click()
    expect(page.locator(".drawer h2")).to_be_in_viewport()
    expect(page.locator("form.filters")).to_be_hidden()
    page.get_by_role("link", name="Close").click()
    expect(page.locator("form.filters")).to_be_visible()


def test_what_a_filter_found_is_said(opened: Callable[..., Page]) -> None:
    page = opened("trader")
    page.goto("/trades/")
    page.evaluate("window.said = document.querySelector('#found')")
    page.select_option("select[name=symbol]", "BTC-USD")
    expect(page.locator("#found")).to_contain_text(re.compile(r"trades"))
    # The same element: what is put anew is not read out.
    assert page.evaluate("window.said === document.querySelector('#found')")
    page.fill("#fq", "no such trade at all")
    expect(page.locator("#found")).to_have_text("No trade matches")


@pytest.mark.parametrize("script", [True, False])
def test_a_filter_is_saved_and_opened_again(
    script: bool, opened: Callable[..., Page]
) -> None:
    page = opened("trader2", script=script)
    page.goto("/trades/?side=sell")
    name = f"Sold {script}"
    page.fill("#filter-name", name)
    page.get_by_role("button", name="Save this filter").click()
    page.goto("/trades/")
    page.get_by_role("link", name=name).click()
    assert page.url.endswith("/trades/?side=sell")
    page.get_by_role("button", name=f"Forget {name}").click()
    expect(page.get_by_role("link", name=name)).to_have_count(0)


def test_the_search_finds_decisions_and_strategies(
    opened: Callable[..., Page],
) -> None:
    page = opened("trader")
    page.goto("/trades/")
    decision = page.locator("td a[href$='#decision']").first.inner_text()
    page.fill("#fq", decision)
    expect(page.locator("#found")).to_contain_text("trade")
    shown = page.locator("td a[href$='#decision']").all_inner_texts()
    assert set(shown) == {decision}
    page.fill("#fq", "momentum-4h")
    expect(page.locator("tbody tr").first).to_contain_text("momentum-4h")

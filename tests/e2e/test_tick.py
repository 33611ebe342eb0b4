"""Ticking an item: without a page load where there is JavaScript, and without it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.test_pages import visit

pytestmark = pytest.mark.browser


def item(page: Page, *, nested: bool) -> Locator:
    """The last unclaimed item of its kind; a nested key has a dot."""
    ids = page.locator(".item").evaluate_all(
        """(items) => items.filter((e) =>
             e.querySelector('.tick[aria-pressed="false"]')).map((e) => e.id)"""
    )
    wanted = [key for key in ids if ("." in key) == nested]
    assert wanted, "every item of this kind is claimed already"
    return page.locator(f'[id="{wanted[-1]}"]')


@pytest.mark.parametrize("nested", [False, True])
def test_a_tick_loads_no_page(opened: Callable[..., Page], nested: bool) -> None:
    page = opened("developer")
    visit(page, "review")
    row = item(page, nested=nested)
    key = row.get_attribute("id")
    page.evaluate("window.same = true")
    tick = row.locator(".tick")
    tick.click()
    expect(tick).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("window.same === true")
    assert page.evaluate(
        "(key) => document.activeElement.closest('.item')?.id === key", key
    ), "focus was lost"
    expect(page.locator("#say")).not_to_be_empty()
    tick.click()
    expect(tick).to_have_attribute("aria-pressed", "false")


def test_a_tick_changes_the_verdict_and_the_log(opened: Callable[..., Page]) -> None:
    page = opened("developer")
    visit(page, "review")
    row = item(page, nested=False)
    row.locator(".tick").click()
    expect(row.locator(".tick")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#activity")).to_contain_text(str(row.get_attribute("id")))


@pytest.mark.parametrize("nested", [False, True])
def test_a_tick_works_without_javascript(
    opened: Callable[..., Page], nested: bool
) -> None:
    page = opened("devops", script=False)
    visit(page, "review")
    rows = page.locator(".item").filter(has=page.locator('.tick[aria-pressed="false"]'))
    ids = [row.get_attribute("id") or "" for row in rows.all()]
    key = next(one for one in reversed(ids) if ("." in one) == nested)
    page.locator(f'[id="{key}"] .tick').click()
    expect(page.locator(f'[id="{key}"] .tick')).to_have_attribute(
        "aria-pressed", "true"
    )
    assert page.url.endswith(f"#{key}")


def test_a_stale_tick_says_who_was_first(opened: Callable[..., Page]) -> None:
    first, second = opened("developer"), opened("devops")
    visit(first, "review")
    visit(second, "review")
    row = item(second, nested=False)
    key = row.get_attribute("id")
    first.locator(f'[id="{key}"] .tick').click()
    expect(first.locator(f'[id="{key}"] .tick')).to_have_attribute(
        "aria-pressed", "true"
    )
    row.locator(".tick").click()
    expect(second.locator(f'[id="{key}"]')).to_contain_text("developer")

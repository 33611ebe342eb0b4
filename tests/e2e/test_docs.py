"""/docs with its first request: a token made in the page, sent, and what came back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PASSWORD

pytestmark = pytest.mark.browser

# WCAG's contrast of a text with what is painted behind it.
CONTRAST = """(selector) => {
  const parts = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = parts(color).slice(0, 3).map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const text = document.querySelector(selector);
  let behind = text;
  const opaque = (node) => (parts(getComputedStyle(node).backgroundColor)[3] ?? 1) === 1;
  while (behind.parentElement && !opaque(behind)) behind = behind.parentElement;
  const [a, b] = [text, behind].map((node, place) =>
    light(getComputedStyle(node)[place ? "backgroundColor" : "color"]));
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""
TEXTS = [
    "h1",
    ".opblock-tag a",
    ".opblock-summary-path",
    ".opblock-summary-description",
]


def open_docs(page: Page) -> None:
    """The first visitor of a fresh product waits for its document to be made."""
    page.goto("/docs", timeout=120_000)
    page.wait_for_selector(".opblock", timeout=120_000)


def make_a_token(page: Page, password: str) -> None:
    page.get_by_label("User name").fill("trader")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Make a token").click()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_first_request_works_and_is_read_in_both_themes(
    opened: Callable[..., Page], theme: str
) -> None:
    page = opened(None)
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    open_docs(page)
    dark = re.compile("dark-mode")
    if theme == "dark":
        expect(page.locator("html")).to_have_class(dark)
    else:
        expect(page.locator("html")).not_to_have_class(dark)

    make_a_token(page, PASSWORD)
    expect(page.locator("#first-say")).to_contain_text("A token for 10 minutes")
    page.get_by_role("button", name="Send GET /api/me").click()
    expect(page.locator("#first-say")).to_have_text("It works.")
    head, _, body = page.locator("#first-answer").inner_text().partition("\n\n")
    assert head.startswith("200")
    assert "x-request-id: " in head
    assert json.loads(body)["username"] == "trader"

    contrasts = {text: page.evaluate(CONTRAST, text) for text in TEXTS}
    assert {text: ratio for text, ratio in contrasts.items() if ratio < 4.5} == {}


def test_try_it_out_sends_the_same_token(opened: Callable[..., Page]) -> None:
    page = opened(None)
    open_docs(page)
    make_a_token(page, PASSWORD)
    expect(page.locator("#first-say")).to_contain_text("A token")
    me = page.locator(".opblock", has_text="/api/me").first
    if "is-open" not in str(me.get_attribute("class")):
        me.locator(".opblock-summary-control").click()
    me.get_by_role("button", name="Try it out").click()
    me.get_by_role("button", name="Execute").click()
    answered = me.locator(".live-responses-table .response .response-col_status")
    expect(answered.first).to_contain_text("200")


def test_a_wrong_password_is_said(opened: Callable[..., Page]) -> None:
    page = opened(None)
    open_docs(page)
    make_a_token(page, "not this one")
    expect(page.locator("#first-say")).to_contain_text(re.compile("password", re.I))
    expect(page.locator("#first-send")).to_be_hidden()

"""Logging in, the theme, the palette: with JavaScript and without."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PASSWORD

pytestmark = pytest.mark.browser


def log_in(page: Page, username: str, password: str) -> None:
    page.goto("/accounts/login/?next=/audit/")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", password)
    page.click("main .button--primary")


@pytest.mark.parametrize("script", [True, False])
def test_a_person_logs_in_and_goes_where_they_wanted(
    opened: Callable[..., Page], script: bool
) -> None:
    page = opened(None, script=script)
    log_in(page, "operator", PASSWORD)
    expect(page.get_by_role("heading", level=1)).to_have_text("Audit log")


def test_a_wrong_password_keeps_the_name(opened: Callable[..., Page]) -> None:
    page = opened(None)
    log_in(page, "viewer", "not the password")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("input[name=username]")).to_have_value("viewer")


def test_the_theme_switches_at_once_and_stays(opened: Callable[..., Page]) -> None:
    page = opened("viewer")
    page.goto("/")
    page.get_by_role("button", name="Switch to the dark colour theme").first.click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_theme_switches_without_javascript(opened: Callable[..., Page]) -> None:
    page = opened("devops", script=False)
    page.goto("/")
    page.locator("header.top button[name=theme]").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.url.endswith("/")


def test_the_palette_jumps(opened: Callable[..., Page]) -> None:
    page = opened("operator")
    page.goto("/")
    page.keyboard.press("Control+k")
    page.keyboard.type("audit")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/audit/$"))


def test_the_palette_finds_what_is_no_page(opened: Callable[..., Page]) -> None:
    page = opened("lead")
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("rate limit")
    hit = page.locator("#palhits a", has_text="Item").first
    expect(hit).to_contain_text("SEC-")
    page.locator("#palq").fill("backup stale")
    expect(page.locator("#palhits a", has_text="Item")).to_have_count(0)
    page.locator("#palq").fill("no such thing")
    expect(page.locator("#palsaid")).to_have_text("Nothing is called “no such thing”")
    page.keyboard.press("Escape")
    expect(page.locator("#pal")).not_to_be_visible()


def test_a_decision_is_found_by_its_id(opened: Callable[..., Page]) -> None:
    page = opened("trader")
    page.goto("/trades/")
    page.keyboard.press("Control+k")
    page.locator("#palq").fill("momentum-4h")
    page.locator("#palhits a", has_text="Strategy").first.click()
    expect(page).to_have_url(re.compile("strategy="))
    decision = page.locator('#trades a[href$="#decision"]').first.inner_text()
    assert re.fullmatch(r"D-\d+", decision)
    page.goto(f"/trades/?q={decision}")
    expect(page.locator("#trades tbody tr")).not_to_have_count(0)
    page.goto(f"/search/?q={decision.lower()}")
    expect(page.locator("main .lines")).to_contain_text(decision)


def test_g_then_a_letter_goes_there(opened: Callable[..., Page]) -> None:
    page = opened("operator")
    page.goto("/")
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page.get_by_role("heading", level=1)).to_have_text("Alerts")


def test_a_phone_finds_the_rest_behind_more(opened: Callable[..., Page]) -> None:
    page = opened("operator", width=390)
    page.goto("/")
    page.get_by_role("button", name="More").click()
    page.locator("#more").get_by_role("link", name="Audit log").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Audit log")


def test_a_dead_server_is_said(opened: Callable[..., Page]) -> None:
    """Nothing is claimed to be saved when no answer came."""
    page = opened("operator")
    page.goto("/alerts/")
    page.route("**/*", lambda route: route.abort())
    page.evaluate(
        "() => htmx.ajax('GET', '/alerts/', {target: '#alerts', swap: 'none'})"
    )
    expect(page.locator("#problem")).to_contain_text("nothing was confirmed")

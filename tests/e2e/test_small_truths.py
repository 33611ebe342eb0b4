"""What is lost or hidden in small ways: fragments, focus, undo, fields, zones."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PASSWORD
from tests.e2e.test_pages import visit

pytestmark = pytest.mark.browser
Opened = Callable[..., Page]


def log_in_again(page: Page, name: str, password: str = PASSWORD) -> None:
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", password)
    page.click("main .button--primary")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_line_of_the_address_outlives_the_log_in(
    opened: Opened, script: bool
) -> None:
    page = opened("developer", script=script, width=390)
    visit(page, "review")
    line = f"{page.url.partition('#')[0]}#SEC-04"
    page.context.clear_cookies(name="sessionid")
    page.goto("about:blank")
    page.goto(line)
    log_in_again(page, "developer", "not it")
    expect(page.get_by_role("alert").first).to_contain_text("do not fit")
    log_in_again(page, "developer")
    page.wait_for_url(line)


def test_a_comment_typed_into_an_ended_session_comes_back(opened: Opened) -> None:
    page = opened("developer")
    visit(page, "review")
    page.locator("[data-item] .item__title").first.click()
    page.wait_for_url("**/items/**")
    where, said = page.url, "Gráce saw it at 3 “a.m.”"
    form = page.locator("form[action$='/comments/']")
    form.locator("textarea").fill(said)
    page.context.clear_cookies(name="sessionid")
    form.locator("button").click()
    expect(page.get_by_role("alert").first).to_contain_text("Your session has ended")
    log_in_again(page, "developer")
    page.wait_for_url(where.partition("#")[0] + "**")
    expect(form.locator("textarea")).to_have_value(said)


def test_esc_closes_the_drawer_and_focus_returns_to_its_row(opened: Opened) -> None:
    page = opened("trader")
    page.goto("/trades/?side=buy")
    expect(page).to_have_title(re.compile("^Trades"))
    row = page.locator("[data-open]").nth(2)
    where = row.get_attribute("href")
    row.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".drawer h2").first).to_be_focused()
    expect(page).to_have_title(re.compile("^Trade "))
    page.keyboard.press("Escape")
    expect(page.locator(".drawer")).to_have_count(0)
    expect(page.locator(f'[data-open][href="{where}"]')).to_be_focused()
    expect(page).to_have_url(re.compile(r"/trades/\?side=buy"))
    expect(page).to_have_title(re.compile("^Trades"))


def test_esc_of_the_palette_leaves_the_drawer_open(opened: Opened) -> None:
    page = opened("trader")
    page.goto("/trades/")
    page.locator("[data-open]").first.click()
    expect(page.locator(".drawer h2").first).to_be_focused()
    page.keyboard.press("Control+k")
    page.keyboard.press("Escape")
    expect(page.locator("#pal")).to_be_hidden()
    expect(page.locator(".drawer")).to_have_count(1)


def test_the_shortcuts_open_by_their_key_as_often_as_one_likes(opened: Opened) -> None:
    page = opened("viewer")
    page.goto("/")
    for _ in range(2):
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Shortcuts")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#keys")).to_be_hidden()


def test_undo_is_the_next_stop_after_a_tick_and_loses_nobodys_place(
    opened: Opened,
) -> None:
    page = opened("developer")
    visit(page, "review")
    row = page.locator('[data-item]:has([data-tick][aria-pressed="false"])').last
    key = str(row.get_attribute("id"))
    tick = page.locator(f'[id="{key}"] [data-tick]')
    tick.focus()
    page.keyboard.press("Enter")
    undo = page.locator("[data-toast] button")
    expect(undo).to_be_visible()
    page.keyboard.press("Tab")
    expect(undo).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(tick).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate(
        "(key) => document.activeElement.closest('[data-item]')?.id === key", key
    )
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(tick).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize(
    ("who", "path", "button"),
    [
        ("trader", "/trades/new/", "main form .button--primary"),
        ("operator", "/alerts/rules/memory/", "#silence button"),
        ("admin", "/settings/people/", "main form .button--primary"),
    ],
)
def test_a_refused_field_is_marked_described_and_focused(
    opened: Opened, who: str, path: str, button: str
) -> None:
    page = opened(who)
    page.goto(path)
    # The browser's own refusal comes first; here ours is asked for.
    page.evaluate(
        "() => { for (const form of document.forms) form.noValidate = true; }"
    )
    page.locator(button).first.click()
    field = page.locator("[aria-invalid=true]").first
    expect(field).to_be_focused()
    ids = str(field.get_attribute("aria-describedby")).split()
    for described in ids:
        expect(page.locator(f'[id="{described}"]')).to_have_count(1)
    expect(page.locator(f'[id="{ids[-1]}"]')).to_have_class(re.compile("error"))


def test_live_and_as_of_are_in_the_readers_zone(opened: Opened) -> None:
    page = opened("viewer")
    page.goto("/settings/profile/")
    zone = page.locator("[name=zone]").first
    with page.expect_navigation():
        zone.evaluate(
            """(field) => {
              if (field.options && ![...field.options].some((o) => o.value === "Asia/Tokyo"))
                field.add(new Option("Asia/Tokyo"));
              field.value = "Asia/Tokyo";
              field.form.submit();
            }"""
        )
    page.goto("/portfolio/")
    expect(page.locator("#live")).to_contain_text(re.compile(r"as of \d\d:\d\d JST"))
    page.goto("/operations/")
    live = page.locator("#live")
    expect(live).to_contain_text(
        re.compile(r"Live · \d\d:\d\d:\d\d JST"), timeout=20_000
    )
    # Digits of Tokyo, too: 9 hours after UTC, and the hour may just have turned.
    utc = datetime.now(UTC).hour
    hours = "|".join(f"{(utc + ahead) % 24:02}" for ahead in (8, 9, 10))
    expect(live).to_contain_text(re.compile(rf"· ({hours}):"))

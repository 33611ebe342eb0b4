"""From the invitation to the first page, with and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
NEW = "a long enough secret 7"


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_an_invited_trader_comes_in(opened: Callable[..., Page], scripts: bool) -> None:
    name = f"newcomer-{scripts}".lower()
    desk = opened("admin", script=scripts, width=390)
    desk.goto("/settings/people/")
    desk.fill("[name=username]", name)
    desk.check("[name=roles][value=Trader]")
    desk.get_by_role("button", name="Make the link").click()
    link = desk.locator(".command code").inner_text()
    assert re.search(r"/accounts/invitation/[\w-]{43}/$", link)

    page = opened(None, script=scripts, width=390)
    page.goto(link)
    page.fill("[name=new]", NEW)
    page.fill("[name=again]", NEW)
    page.get_by_role("button", name="Come in").click()
    expect(page.locator("main h1")).to_be_visible()
    page.goto("/books/")
    page.fill("main [name=name]", f"Book of {name}")
    page.get_by_role("button", name="Make the book").click()
    expect(page.locator("main table")).to_contain_text(f"Book of {name}")

    page.goto(link)
    expect(page.locator("h1")).to_have_text("This invitation has ended")

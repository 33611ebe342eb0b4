"""A session that ends while somebody types costs no word of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PASSWORD

pytestmark = pytest.mark.browser
NAME = "Gráce “the <b>admiral”"


def typed_into_an_ended_session(page: Page, username: str) -> None:
    page.goto("/settings/people/?q=dev")
    page.fill("[name=username]", username)
    page.fill("[name=name]", NAME)
    page.check("[name=roles][value=Viewer]")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Make the link").click()
    expect(page.get_by_role("alert")).to_contain_text("Your session has ended")
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", PASSWORD)
    page.click("main .button--primary")


def test_the_text_stands_in_its_form_again(opened: Callable[..., Page]) -> None:
    page = opened("admin")
    typed_into_an_ended_session(page, "grace-1")
    page.wait_for_url("**/settings/people/?q=dev")
    expect(page.locator(".note")).to_contain_text("What you typed is here again")
    expect(page.locator("[name=username]")).to_have_value("grace-1")
    expect(page.locator("[name=name]")).to_have_value(NAME)
    expect(page.locator("[name=roles][value=Viewer]")).to_be_checked()
    expect(page.locator("[name=roles][value=Trader]")).not_to_be_checked()
    page.get_by_role("button", name="Make the link").click()
    expect(page.locator(".command code")).to_contain_text("/accounts/invitation/")
    page.goto("/settings/people/")
    expect(page.locator("[name=username]")).to_have_value("")


def test_without_javascript_it_can_be_sent_from_the_page_after_the_log_in(
    opened: Callable[..., Page],
) -> None:
    page = opened("admin", script=False, width=390)
    typed_into_an_ended_session(page, "grace-2")
    expect(page.locator("h1")).to_have_text("What you typed is still here")
    expect(page.locator("textarea[name=name]")).to_have_value(NAME)
    expect(page.get_by_role("link", name="Back to the page")).to_have_attribute(
        "href", "/settings/people/?q=dev"
    )
    page.get_by_role("button", name="Send it now").click()
    expect(page.locator(".command code")).to_contain_text("/accounts/invitation/")

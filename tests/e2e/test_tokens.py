"""Tokens and sessions by hand: made, used, ended, with JavaScript and without."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("script", [True, False], ids=["scripts", "no scripts"])
def test_a_token_is_made_used_and_revoked(
    opened: Callable[..., Page], script: bool
) -> None:
    name = f"bot {script}"
    page = opened("trader", script=script, width=390)
    page.goto("/settings/tokens/")
    page.fill("main [name=name]", name)
    page.check("[name=scopes][value='trading:read']")
    page.get_by_role("button", name="Make the token").click()
    text = page.locator(".command code").inner_text()
    assert re.fullmatch(r"rrr_[0-9a-f]{12}_[0-9a-f]{48}", text)

    bearer = {"Authorization": f"Bearer {text}"}
    assert page.request.get("/api/books", headers=bearer).status == 200
    assert page.request.get("/api/readiness/reviews", headers=bearer).status == 403
    page.goto("/settings/tokens/")
    assert text not in page.content()
    page.get_by_role("button", name=f"Revoke the token {name}", exact=True).click()
    expect(page.locator("main")).to_contain_text(f"The token “{name}” is revoked.")
    assert page.request.get("/api/books", headers=bearer).status == 401

"""The way to the sign page: one link in sight, at a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_pages import visit

pytestmark = pytest.mark.browser
INVITATION = "Review and sign as Security Engineer"
# where the one link stands at this width
WIDTHS = [
    pytest.param(1440, "#signoffs", id="in the sign-off panel"),
    pytest.param(390, "#verdict", id="under the verdict"),
]


@pytest.mark.parametrize(("width", "place"), WIDTHS)
def test_the_link_leads_to_what_is_signed(
    opened: Callable[..., Page], width: int, place: str
) -> None:
    page = opened("security", width=width)
    visit(page, "review")

    link = page.get_by_role("link", name=INVITATION)
    expect(link).to_have_count(1)
    expect(page.locator(place)).to_contain_text(INVITATION)
    link.click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("as Security Engineer")


@pytest.mark.parametrize("width", [1440, 390])
def test_who_may_not_sign_is_not_invited(
    opened: Callable[..., Page], width: int
) -> None:
    page = opened("viewer", width=width)
    visit(page, "review")

    expect(page.get_by_text("Review and sign as")).to_have_count(0)

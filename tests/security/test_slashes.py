"""Whoever forgets a page's slash is sent on, to the same page."""

from __future__ import annotations

import pytest
from django.test import Client


@pytest.mark.parametrize(
    ("asked", "page"),
    [
        ("/trades?q=a", "/trades/?q=a"),
        ("/accounts/invitation/a%3Fb", "/accounts/invitation/a%3Fb/"),
        ("/accounts/invitation/a%0D%0Ab", "/accounts/invitation/a%0D%0Ab/"),
    ],
)
def test_the_address_stays_as_it_was_but_for_the_slash(
    client: Client, db: None, asked: str, page: str
) -> None:
    assert client.get(asked).headers["Location"] == page

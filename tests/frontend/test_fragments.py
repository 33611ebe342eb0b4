"""What htmx asks for is the piece of the page that it will stand in, and no more."""

from __future__ import annotations

import re

import pytest

from tests.html import flat

pytestmark = pytest.mark.django_db
CASES = [
    pytest.param("Viewer", "/", "overview", id="overview"),
    pytest.param("Trader", "/portfolio/", "board", id="portfolio"),
    pytest.param("Trader", "/trades/", "trades", id="trades"),
    pytest.param("Trader", "/trades/?q=nothing", "trades", id="trades-filtered"),
    pytest.param("Viewer", "/readiness/", "reviews", id="reviews"),
    pytest.param("Operator", "/operations/", "board", id="operations"),
    pytest.param("Operator", "/alerts/", "alerts", id="alerts"),
    pytest.param("Operator", "/audit/", "events", id="audit"),
]
# What differs from answer to answer, or says when it was.
CHANGING = re.compile(
    r'(hx-nonce|hx-ptag|value)="[^"]*"|<time.*?</time>|-?\d[\d.]* (s|ms|min|%)'
)


def still(html: str) -> str:
    return CHANGING.sub("", flat(html))


@pytest.mark.parametrize(("role", "path", "target"), CASES)
def test_a_fragment_is_the_same_piece_as_in_its_page(
    role: str, path: str, target: str, person, client_of
) -> None:
    client = client_of(person("ada", role))
    page = client.get(path)
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    fragment = client.get(path, headers={**headers, "HX-Target": f"div#{target}"})
    assert (page.status_code, fragment.status_code) == (200, 200)
    piece = still(fragment.content.decode())
    assert piece
    assert "<html" not in piece
    # What is open may change the page's title, which htmx takes from the front.
    title, _, rest = piece.rpartition("</title>")
    whole = still(page.content.decode())
    assert title in whole
    assert rest in whole


@pytest.mark.parametrize(("role", "path", "target"), CASES)
def test_an_unknown_target_gets_the_whole_page(
    role: str, path: str, target: str, person, client_of
) -> None:
    headers = {"HX-Request-Type": "partial", "HX-Target": "div#nothing"}
    answer = client_of(person("ada", role)).get(path, headers=headers)
    assert "<html" in answer.content.decode()

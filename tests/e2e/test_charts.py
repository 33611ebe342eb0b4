"""A chart is read by pointer and by keys, zoomed with a way back, and repeats no label."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

pytestmark = pytest.mark.browser

URL = "/performance/?period=1y"
DATA = "script[type='application/json']#equity-data"


@pytest.fixture
def page(opened: Callable[..., Page]) -> Page:
    page = opened("trader")
    page.goto(URL)
    page.locator(".chart__walk").wait_for()
    return page


def walk(page: Page) -> Locator:
    return page.get_by_role("slider")


def back(page: Page) -> Locator:
    return page.get_by_role("button", name="Whole range")


def standing(page: Page) -> str:
    return str(walk(page).get_attribute("aria-valuetext"))


def test_arrow_keys_walk_the_points_and_say_them(page: Page) -> None:
    data = json.loads(str(page.locator(DATA).text_content()))
    walk(page).focus()
    newest = standing(page)
    assert newest.count(", ") == 2
    page.keyboard.press("ArrowLeft")
    before = standing(page)
    assert before != newest
    page.keyboard.press("Home")
    value = round(data["panels"][0]["series"][0]["values"][0], 2)
    assert f"Equity {value:,.2f}".rstrip("0").rstrip(".") in standing(page)
    page.keyboard.press("ArrowLeft")  # no further
    assert walk(page).get_attribute("aria-valuenow") == "0"
    page.keyboard.press("End")
    assert standing(page) == newest
    legend = page.locator(".u-legend").first.inner_text()
    assert newest.partition(":")[0] in legend


def test_a_zoom_by_pointer_has_a_visible_way_back(page: Page) -> None:
    expect(back(page)).to_be_hidden()
    box = page.locator(".u-over").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 60, steps=5)
    page.mouse.up()
    expect(back(page)).to_be_visible()
    back(page).click()
    expect(back(page)).to_be_hidden()
    expect(walk(page)).to_be_focused()


def test_a_zoom_by_keys_narrows_the_walk_and_escape_shows_all(page: Page) -> None:
    walk(page).focus()
    for _ in range(3):
        page.keyboard.press("+")
    expect(back(page)).to_be_visible()
    page.keyboard.press("Home")
    assert int(str(walk(page).get_attribute("aria-valuenow"))) > 100
    page.keyboard.press("Escape")
    expect(back(page)).to_be_hidden()
    page.keyboard.press("Home")
    assert walk(page).get_attribute("aria-valuenow") == "0"


SPY = """
const drawn = window.drawn = [];
const fill = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
  drawn.push(String(text));
  return fill.call(this, text, ...rest);
};
"""


def with_values(page: Page, values: list[float]) -> None:
    """The page as it were if equity had had these values."""

    def answer(route: Route) -> None:
        response = route.fetch()
        body = response.text()
        start = body.index("{", body.index('id="equity-data"'))
        end = body.index("</script>", start)
        data: dict[str, Any] = json.loads(body[start:end])
        data["t"] = data["t"][-len(values) :]
        for panel in data["panels"]:
            for series in panel["series"]:
                series["values"] = series["values"][-len(values) :]
        data["panels"][0]["series"][0]["values"] = values
        route.fulfill(
            response=response, body=body[:start] + json.dumps(data) + body[end:]
        )

    page.route("**/performance/**", answer)
    page.add_init_script(SPY)
    page.goto(URL)
    page.locator(".chart__walk").wait_for()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1e-8, 2e-8, 1.5e-8], "Equity 0.000000015"),
        ([1_382_000.0, 1_382_400.0, 1_382_100.0], "Equity 1,382,100"),
        ([1e15, 1.2e15, 1.1e15], "Equity 1,100,000,000,000,000"),
        ([5.0], "Equity 5"),
    ],
    ids=["small", "near one another", "large", "one point"],
)
def test_values_are_readable_and_no_label_stands_twice(
    values: list[float], said: str, opened: Callable[..., Page]
) -> None:
    page = opened("trader")
    with_values(page, values)
    assert said in standing(page)
    labels = page.evaluate(
        "() => window.drawn.filter((text) => !text.includes('%') && /^[−$]?[0-9.,e]+[kKMBT]?$/.test(text))"
    )
    assert len(set(labels)) > 1
    drawings = labels[: len(labels) // max(1, labels.count(labels[0]))]
    assert len(drawings) == len(set(drawings)), drawings


def of_a_position(page: Page) -> None:
    page.goto("/portfolio/")
    link = page.locator("main a[href^='/portfolio/positions/']").first
    page.goto(str(link.get_attribute("href")))


def of_a_trade(page: Page) -> None:
    """Of the drawer that a click opens beside the list."""
    page.goto("/trades/")
    page.locator("[data-open]").nth(3).click()


@pytest.mark.parametrize("opens", [of_a_position, of_a_trade])
def test_prices_are_walked_and_zoomed_as_performance_is(
    opens: Callable[[Page], None], opened: Callable[..., Page]
) -> None:
    page = opened("trader")
    opens(page)
    walk(page).focus()
    newest = standing(page)
    assert re.match(r"\d+ [A-Z][a-z]{2} \d{4} \d\d:\d\d: Price [\d,.]+$", newest)
    points = {newest}
    for key in ("ArrowLeft", "PageUp", "Home"):
        page.keyboard.press(key)
        points.add(standing(page))
    assert len(points) >= 3
    said = [standing(page)]
    for _ in range(100):
        page.keyboard.press("ArrowRight")
        said.append(standing(page))
    assert any(re.search(r": (Bought|Sold) [\d,.]+$", text) for text in said)
    page.keyboard.press("+")
    page.keyboard.press("+")
    expect(back(page)).to_be_visible()
    page.keyboard.press("Escape")
    expect(back(page)).to_be_hidden()
    expect(page.locator(".drawer, h1").first).to_be_visible()
    page.keyboard.press("End")
    assert standing(page) == newest
    assert newest.partition(": ")[0] in page.locator(".u-legend").inner_text()


def test_days_under_a_chart_are_as_in_tables(opened: Callable[..., Page]) -> None:
    """ "24 Nov", never "11/24"."""
    page = opened("trader")
    page.add_init_script(SPY)
    for opens in (lambda: page.goto(URL), lambda: of_a_position(page)):
        opens()
        page.locator(".chart__walk").wait_for()
        drawn = page.evaluate("window.drawn")
        assert not [text for text in drawn if re.search(r"\d/\d", text)]
        assert [text for text in drawn if re.match(r"(\d+ )?[A-Z][a-z]{2}\b", text)]

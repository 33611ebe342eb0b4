"""What people type is text: in every text field of every page, refused or kept, it
runs nowhere. The `opened` fixture watches policy and scripts; here nothing opens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Dialog, Page, Response

from tests.e2e.conftest import PASSWORD
from tests.e2e.test_pages import PAGES, address

pytestmark = pytest.mark.browser

HOSTILE = "\"'><img src=x onerror=alert(1)><script>alert(2)</script>{{7*1117}}{%x%}"
COMPUTED = "7819"  # what a template language would make of it
# Fields of forms that are sent; what they lead to is opened afterwards.
FILL = """
(text) => {
  let filled = 0;
  for (const form of document.querySelectorAll("main form")) {
    form.noValidate = true;
    for (const field of form.querySelectorAll("textarea, input")) {
      if (!["text", "search", "email", "textarea"].includes(field.type)) continue;
      field.removeAttribute("maxlength");
      field.value = text;
      filled += 1;
    }
  }
  return filled;
}
"""
SENT = """
() => [...document.querySelectorAll("main form")]
  .map((form, n) => [form, n])
  .filter(([form]) => form.querySelector("textarea, input[type=text], input[type=search], input[type=email]"))
  .map(([, n]) => n)
"""
SUBMIT = "(n) => document.querySelectorAll('main form')[n].requestSubmit()"
ALIVE = """
() => [...document.querySelectorAll("img[src=x], [onerror]")].length
  + [...document.scripts].filter((s) => s.textContent.includes("alert(2)")
    && s.type !== "application/json").length
"""
MOST_FORMS = 4  # of one page: a review has the same one for each line


def harmless(page: Page) -> None:
    assert page.evaluate(ALIVE) == 0, page.url
    assert COMPUTED not in page.inner_text("body"), page.url


def send(page: Page, form: int) -> Response:
    """Submit this form; what the person asked for, once it is drawn: a page, or what a
    script puts into this one."""
    loaded: list[Page] = []
    page.once("load", lambda drawn: loaded.append(drawn))
    with page.expect_response(answers_a_person) as sent:
        page.evaluate(SUBMIT, form)
    if sent.value.request.is_navigation_request():
        while not loaded:  # the policy lets nobody wait by a script
            page.wait_for_timeout(20)
    page.wait_for_load_state("networkidle")
    return sent.value


def answers_a_person(answer: Response) -> bool:
    """Not what the page asks every few seconds, nor a picture of it."""
    asked = answer.request
    return asked.is_navigation_request() or (
        asked.resource_type in {"fetch", "xhr"} and "x-poll" not in asked.headers
    )


@pytest.mark.parametrize("name", PAGES)
def test_no_text_field_of_a_page_runs_what_is_typed(
    name: str, opened: Callable[..., Page]
) -> None:
    username, path = PAGES[name]
    page = opened(username)
    path = address(page, path)
    dialogs: list[str] = []

    def refused(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refused)
    page.goto(path)
    for turn, form in enumerate(page.evaluate(SENT)[:MOST_FORMS]):
        if turn:
            page.goto(path)
        assert page.evaluate(FILL, HOSTILE)
        assert send(page, form).status < 500, (path, page.url)
        harmless(page)
    assert dialogs == []


def posted(page: Page, path: str, token: str, body: Any) -> APIResponse:
    answer = page.request.post(
        path, data=body, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status in (200, 201), (path, answer.status, answer.text())
    return answer


def token_of(page: Page, username: str) -> str:
    body = {"username": username, "password": PASSWORD}
    return str(page.request.post("/api/token", data=body).json()["access"])


def test_what_was_kept_is_shown_as_text(opened: Callable[..., Page]) -> None:
    page = opened(None)
    trader, developer = token_of(page, "trader"), token_of(page, "developer")
    books = page.request.get(
        "/api/books", headers={"Authorization": f"Bearer {trader}"}
    ).json()["books"]
    fill = {
        "book": books[0]["id"],
        "external_id": HOSTILE,
        "symbol": "PLUM-USD",
        "side": "buy",
        "quantity": "1",
        "price": "2",
        "executed_at": "2026-01-05T09:00:00Z",
        "strategy": HOSTILE,
    }
    trade = posted(page, "/api/trades", trader, fill).json()
    reviews = page.request.get(
        "/api/readiness/reviews?limit=1",
        headers={"Authorization": f"Bearer {developer}"},
    ).json()["reviews"]
    review = reviews[0]["id"]
    items = page.request.get(
        f"/api/readiness/reviews/{review}/items?limit=1",
        headers={"Authorization": f"Bearer {developer}"},
    ).json()["items"]
    comments = f"/api/readiness/items/{items[0]['id']}/comments"
    posted(page, comments, developer, {"text": HOSTILE})
    looked_at = {
        "trader": ["/trades/", f"/trades/{trade['id']}/", "/performance/"],
        "developer": [f"/readiness/reviews/{review}/"],
        "operator": ["/audit/", "/"],
    }
    shown = 0
    for username, paths in looked_at.items():
        page = opened(username)
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        for path in paths:
            page.goto(path)
            page.wait_for_load_state("networkidle")
            harmless(page)
            shown += HOSTILE in page.inner_text("body")
    assert shown >= 2, "as it was typed"

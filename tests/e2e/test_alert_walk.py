"""Three at night on a phone: the mail, its page, who knows, acknowledge, the runbook's
step, resolved. A real rule, judged by the real tick, told by a real mail."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Product

pytestmark = pytest.mark.browser
RULE = "/alerts/rules/latency-p95/"
SECONDS = 150


def set_threshold(desk: Page, milliseconds: str) -> None:
    desk.goto(RULE)
    desk.fill("[name=threshold]", milliseconds)
    desk.get_by_role("button", name="Save").click()
    expect(desk.locator(".note")).to_contain_text("is changed")


@pytest.fixture
def slow(opened: Callable[..., Page]) -> Iterator[Page]:
    """The operator's page, while every answer counts as slow."""
    desk = opened("operator")
    set_threshold(desk, "5")
    yield desk
    set_threshold(desk, "500")


def mail_about(folder: Path, subject: str, desk: Page) -> str:
    """Waits for it, asking for pages meanwhile: a rule needs twenty a minute."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        for path in folder.glob("*") if folder.exists() else ():
            if subject in (text := path.read_text(errors="replace")):
                return text
        for _ in range(3):
            desk.request.get("/runbooks/")
        time.sleep(1)
    pytest.fail(f"no mail says {subject!r}")


def silence_and_let_go(phone: Page, alert: str) -> None:
    """What is typed outlives the page's reading itself again; the end tells people."""
    phone.goto(alert)
    phone.get_by_role("link", name="Silence").click()
    reason = phone.locator("#silence [name=reason]")
    with phone.expect_response(lambda answer: "x-poll" in answer.request.headers):
        reason.fill("a load test until four")
    expect(reason).to_have_value("a load test until four")
    phone.locator("#silence button").click()
    expect(phone.locator(".note")).to_contain_text("nobody is told")
    expect(phone.locator(".head").first).to_contain_text("Firing")
    phone.goto("/operations/")
    said = re.compile(r"silenced by operator until .* UTC: a load test until four")
    expect(phone.locator(".headline")).to_contain_text(said)
    assert phone.evaluate("document.scrollingElement.scrollWidth") == 390
    phone.goto(alert)
    phone.get_by_role("button", name="End silence").click()
    expect(phone.locator(".note")).to_contain_text("The silence has ended")


def test_from_the_mail_to_resolved(
    slow: Page, opened: Callable[..., Page], product: Product
) -> None:
    mail = mail_about(product.log.parent / "mail", "Slow answers (P95) firing", slow)
    assert "### Steps" in mail
    link = re.search(r"https?://\S+(/alerts/[0-9a-f-]{36}/)", mail)
    assert link is not None

    phone = opened("operator", width=390)
    phone.goto(link[1])
    expect(phone.locator("h1")).to_contain_text("Slow answers (P95)")
    head = phone.locator(".head").first
    expect(head).to_contain_text("since")
    expect(head).to_contain_text("told")
    told = phone.locator("section", has_text="Who was told").last
    expect(told).to_contain_text("@")
    expect(told).to_contain_text("“firing”: sent")
    expect(phone.locator(".chart__picture--narrow .chart__limit")).to_be_visible()
    assert phone.evaluate("document.scrollingElement.scrollWidth") == 390

    phone.get_by_role("button", name="Acknowledge").click()
    expect(phone.locator(".note")).to_contain_text("Acknowledged")
    expect(phone.locator(".head").first).to_contain_text("by operator")
    expect(phone.locator("#runbook li").first).to_be_visible()

    phone.goto("/operations/")
    expect(phone.locator(".headline")).to_contain_text("operator is on it")
    expect(phone.locator(".headline")).to_contain_text("Next:")

    silence_and_let_go(phone, link[1])
    mail_about(product.log.parent / "mail", "Slow answers (P95) still firing", slow)

    set_threshold(slow, "2000")
    phone.goto(link[1])
    resolved = phone.locator(".head .chip", has_text="Resolved")
    expect(resolved).to_be_visible(timeout=SECONDS * 1000)

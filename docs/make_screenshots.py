"""Make the README's pictures from a running product.

    python docs/make_screenshots.py http://127.0.0.1:8000 DEMO_PASSWORD

Needs the development requirements and a Chromium on the PATH; writes
docs/img/readiness.png and docs/img/performance.png, each at most 300 kB.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

FOLDER = Path(__file__).parent / "img"
LIMIT = 300_000
# The top of the page is what a reader looks at; a longer picture only weighs more.
VIEW: ViewportSize = {"width": 1440, "height": 900}


def newest_review(page: Page) -> None:
    page.goto("/readiness/")
    if "/reviews/" not in page.url:
        page.locator('main table a[href*="/readiness/reviews/"]').first.click()
        page.wait_for_load_state("networkidle")


def performance(page: Page) -> None:
    page.goto("/performance/", wait_until="networkidle")


PICTURES = {
    "readiness": ("developer", newest_review),
    "performance": ("viewer", performance),
}


def log_in(page: Page, username: str, password: str) -> None:
    page.goto("/accounts/login/")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", password)
    page.click("main .button--primary")
    page.wait_for_load_state("networkidle")
    if "/accounts/login/" in page.url:
        sys.exit(f"{username} could not log in: is that the demo password?")


def main(origin: str, password: str) -> None:
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name, (username, visit) in PICTURES.items():
            page = browser.new_context(
                base_url=origin, viewport=VIEW, color_scheme="light"
            ).new_page()
            log_in(page, username, password)
            visit(page)
            file = FOLDER / f"{name}.png"
            page.screenshot(path=file)
            if file.stat().st_size > LIMIT:
                sys.exit(f"{file} is larger than {LIMIT} bytes")
            print(f"{file.name}: {file.stat().st_size:,} bytes")
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])

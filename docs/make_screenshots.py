"""Make the pictures of the documentation from a running demo.

    python docs/make_screenshots.py http://127.0.0.1:8000 DEMO_PASSWORD

Needs the development requirements and a Chromium on the PATH. Writes the README's two
pictures, and into docs/img/pages/ every page under the name of its mock, so that both
can be laid side by side; a page that the demo has nothing for is named and left out.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

FOLDER = Path(__file__).parent / "img"
LIMIT = 150_000
COLOURS = 128  # enough for text, lines and two themes, and a third of the bytes
# The top of the page is what a reader looks at; a longer picture only weighs more.
DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
FILE = """external_id,symbol,side,quantity,price,fee,fee_currency,executed_at
shown-1,BTC-USD,buy,0.25,61000.50,1.20,USD,2026-03-02T09:30:00Z
shown-2,BTC-USD,sell,0.10,61890.00,0.80,USD,2026-03-02T10:15:00Z
"""
Visit = Callable[[Page], bool]


@dataclass(frozen=True)
class Picture:
    """Who looks, and at what; a visit says whether there is anything."""

    who: str
    visit: Visit
    dark: bool = False
    phone: bool = False


def at(path: str) -> Visit:
    def visit(page: Page) -> bool:
        page.goto(path, wait_until="networkidle")
        return True

    return visit


def first_of(path: str, link: str) -> Visit:
    """What the first link of its kind on a page leads to."""

    def visit(page: Page) -> bool:
        page.goto(path, wait_until="networkidle")
        found = page.locator(f"main {link}")
        if not found.count():
            return False
        page.goto(found.first.get_attribute("href") or path, wait_until="networkidle")
        return True

    return visit


newest_review = first_of(
    "/readiness/", 'a[href^="/readiness/reviews/"]:not([href$="/new/"], [download])'
)
newest_trade = first_of("/trades/", "a[data-open]")


def sign_page(page: Page) -> bool:
    newest_review(page)
    page.goto(f"{page.url.partition('#')[0]}sign/", wait_until="networkidle")
    return page.locator("main form").count() > 0


def preview(page: Page) -> bool:
    """Of a small file; nothing is booked."""
    page.goto("/trades/import/", wait_until="networkidle")
    page.set_input_files(
        "main input[type=file]",
        {"name": "fills.csv", "mimeType": "text/csv", "buffer": FILE.encode()},
    )
    page.click("main form .button--primary")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(3000)
    return True


PAGES = {
    "alert_light": Picture(
        "operator", first_of("/alerts/", 'a[href^="/alerts/"]:not([href*="/rules/"])')
    ),
    "empty_light": Picture("trader", at("/trades/?q=nothing-is-called-so")),
    "error_light": Picture("trader", at("/nothing-is-here/")),
    "import_light": Picture("trader", preview),
    "login_light": Picture("", at("/accounts/login/")),
    "operations_light": Picture("operator", at("/operations/")),
    "operations_dark": Picture("operator", at("/operations/"), dark=True),
    "overview_light": Picture("trader", at("/")),
    "overview_dark": Picture("trader", at("/"), dark=True),
    "overview_mobile": Picture("trader", at("/"), phone=True),
    "performance_light": Picture("trader", at("/performance/")),
    "performance_dark": Picture("trader", at("/performance/"), dark=True),
    "performance_mobile_dark": Picture(
        "trader", at("/performance/"), dark=True, phone=True
    ),
    "portfolio_light": Picture("trader", at("/portfolio/")),
    "readiness_light": Picture("developer", newest_review),
    "readiness_dark": Picture("developer", newest_review, dark=True),
    "readiness_mobile": Picture("developer", newest_review, phone=True),
    "sign_light": Picture("developer", sign_page),
    "sign_mobile": Picture("developer", sign_page, phone=True),
    "trades_light": Picture("trader", newest_trade),
    "trades_dark": Picture("trader", newest_trade, dark=True),
    "trades_mobile": Picture("trader", at("/trades/"), phone=True),
    "trades_drawer_mobile": Picture("trader", newest_trade, phone=True),
}
OF_README = {
    "readiness": Picture("developer", newest_review),
    "performance": Picture("viewer", at("/performance/")),
}


def log_in(page: Page, username: str, password: str) -> None:
    page.goto("/accounts/login/")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", password)
    page.click("main .button--primary")
    page.wait_for_load_state("networkidle")
    if "/accounts/login/" in page.url:
        sys.exit(f"{username} could not log in: is that the demo password?")


def take(
    browser: Browser, origin: str, password: str, picture: Picture, file: Path
) -> None:
    context = browser.new_context(
        base_url=origin,
        viewport=PHONE if picture.phone else DESK,
        color_scheme="dark" if picture.dark else "light",
    )
    page = context.new_page()
    if picture.who:
        log_in(page, picture.who, password)
    if not picture.visit(page):
        print(f"{file.name}: there is nothing to show")
    else:
        page.screenshot(path=file)
        slim(file)
        print(f"{file.name}: {file.stat().st_size:,} bytes")
        if file.stat().st_size > LIMIT:
            sys.exit(f"{file} is larger than {LIMIT} bytes")
    context.close()


def slim(file: Path) -> None:
    """The picture with few colours."""
    with Image.open(file) as whole:
        few = whole.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(file, optimize=True)


def main(origin: str, password: str) -> None:
    (FOLDER / "pages").mkdir(parents=True, exist_ok=True)
    files = {FOLDER / f"{name}.png": each for name, each in OF_README.items()}
    files |= {FOLDER / "pages" / f"{name}.png": each for name, each in PAGES.items()}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for file, picture in files.items():
            take(browser, origin, password, picture, file)
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])

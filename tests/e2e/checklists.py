"""Checklists of our own, as long as a story needs them, and reviews of them."""

from __future__ import annotations

import subprocess
import sys
from itertools import cycle, islice
from pathlib import Path

from playwright.sync_api import Page

from tests.e2e.conftest import ROOT, Product

# What a probe stands behind, and what a person shows.
LINES = (
    "CORS limited to named origins",
    "Rate limit of 60 requests a minute",
    "Security headers on every answer",
    "Answers over 1 KB are compressed with gzip",
    "A rehearsed way back to the release before",
    "`/health` answers 200",
    "The runbook names **who** is called at night",
)


def document(title: str, sections: int, lines: int) -> str:
    """So many lines in so many sections; every third is nested under one before it."""
    names = cycle(LINES)
    parts = [f"# {title}"]
    for n in range(sections):
        parts.append(f"\n## Area {n + 1}\n")
        many = lines // sections + (n < lines % sections)
        parts += [
            f"{'  ' if k % 3 == 2 else ''}- [ ] {name} ({n + 1}.{k + 1})"
            for k, name in enumerate(islice(names, many))
        ]
    return "\n".join(parts) + "\n"


def open_review(product: Product, admin: Page, file: Path, text: str) -> str:
    """The address of a review of this document, which is imported and published."""
    file.write_text(text)
    subprocess.run(
        [sys.executable, "manage.py", "import_checklist", str(file), "--publish"],
        cwd=ROOT,
        env=dict(product.environment),
        check=True,
        capture_output=True,
    )
    admin.goto("/readiness/reviews/new/")
    title = text.partition("\n")[0].removeprefix("# ")
    listed = admin.locator("select[name=template] option").all_text_contents()
    admin.select_option(
        "select[name=template]", label=next(each for each in listed if title in each)
    )
    admin.click("main form .button--primary")
    admin.wait_for_url("**/readiness/reviews/*-*/")
    return admin.url

"""Pinned with hashes, a reason each, and licences that we may ship with."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PERMISSIVE = re.compile(
    r"(?i)\b(MIT|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|Unlicense|0BSD|HPND|Zlib)\b"
)
# A database driver that we only use as a library: LGPL allows that.
LIBRARY_USE = {"psycopg", "psycopg-binary"}


def pinned(name: str) -> list[str]:
    text = (ROOT / name).read_text()
    return re.findall(r"^([A-Za-z0-9._-]+)==", text, re.M)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_package_is_pinned_with_a_hash_and_without_an_index(name: str) -> None:
    text = (ROOT / name).read_text()
    blocks = re.split(r"^(?=[A-Za-z0-9._-]+==)", text, flags=re.M)[1:]
    assert blocks
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text


@pytest.mark.parametrize("name", ["requirements.in", "requirements-dev.in"])
def test_every_dependency_of_the_product_has_its_reason(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    asked = [line for line in lines if line and not line.startswith(("#", "-r"))]
    if name == "requirements.in":
        assert all("#" in line for line in asked)
    assert len({re.split(r"[\[~=#\s]", line)[0].lower() for line in asked}) == len(
        asked
    )


def licence(package: str) -> str:
    """What it names; a package that names nothing says it in its licence's own text."""
    dist = distribution(package)
    found = dist.metadata
    named = [
        *(found.get_all("License-Expression") or []),
        *(found.get_all("License") or []),
    ]
    classified = [
        c for c in found.get_all("Classifier") or [] if c.startswith("License")
    ]
    words = [*(name[:80] for name in named), *classified]
    return " ".join(words or [_first_line_of_licence(dist)])


def _first_line_of_licence(dist: Distribution) -> str:
    names = dist.metadata.get_all("License-File") or []
    texts = [file.read_text() for file in dist.files or [] if file.name in names]
    return texts[0].split("\n", 1)[0] if texts else ""


def test_licences_of_what_we_ship_with_are_compatible() -> None:
    wrong = []
    for package in pinned("requirements.txt"):
        try:
            text = licence(package)
        except PackageNotFoundError:
            continue  # for another platform or Python
        if not PERMISSIVE.search(text) and package not in LIBRARY_USE:
            wrong.append(f"{package}: {text.strip() or 'no licence named'}")
    assert wrong == []

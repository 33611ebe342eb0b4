"""Vendored files are what VENDOR.md says they are."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from operations.services.vendored import vendored_files

STATIC = Path(__file__).parents[2] / "static"
VENDOR = STATIC / "vendor"
FONTS = STATIC.parent / "kernel" / "vendor"
ROW = re.compile(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", re.MULTILINE)


def listed() -> dict[Path, str]:
    words = (VENDOR / "VENDOR.md").read_text()
    return {(VENDOR / name).resolve(): digest for name, digest in ROW.findall(words)}


def test_every_digest_is_true() -> None:
    found = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in listed()}
    assert found == listed()


def test_every_vendored_file_is_listed() -> None:
    shipped = {
        path
        for folder in (VENDOR, FONTS)
        for path in folder.rglob("*")
        if path.suffix in {".js", ".css", ".woff2", ".svg", ".ttf"}
    }
    cut = {STATIC / "icons.svg", STATIC / "states.svg"}
    assert shipped | cut == set(listed())


def test_a_package_has_one_version_and_its_licence_is_noticed() -> None:
    notices = (STATIC.parent / "THIRD_PARTY.md").read_text()
    by_package: dict[str, set[tuple[str, str, str]]] = {}
    for file in vendored_files():
        named = (file.name, file.version, file.licence)
        by_package.setdefault(file.package, set()).add(named)
        assert file.package.rpartition("@")[2].partition("-")[0] == file.version
        row = re.search(rf"^\| {file.name}\b.*$", notices, re.MULTILINE)
        assert row, f"{file.name} stands not in THIRD_PARTY.md"
        assert f"| {file.licence} |" in row[0]
    assert {len(names) for names in by_package.values()} == {1}
    assert len(by_package) == 6


def test_own_script_stays_small() -> None:
    import gzip

    for name, most in (("app.js", 4_000), ("copy.js", 1_200), ("review.js", 3_000)):
        own = (STATIC / "js" / name).read_bytes()
        assert len(gzip.compress(own)) < most, name

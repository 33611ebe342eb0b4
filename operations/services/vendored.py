"""What ships as files of somebody else's: the table in static/vendor/VENDOR.md."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from django.conf import settings

from operations.services.sources import NotHere

TABLE = "static/vendor/VENDOR.md"
COLUMNS = ["file", "what", "version", "licence", "package", "how it was made", "sha256"]


@dataclass(frozen=True, order=True)
class VendoredFile:
    """`licence` is SPDX's name, `package` a purl, `path` goes from the tree's root."""

    package: str
    name: str
    version: str
    licence: str
    path: str
    sha256: str


def vendored_files() -> list[VendoredFile]:
    """Those of a package beside each other. Raises NotHere for a table or a file that is
    not in the tree, and for one that is not what the table says."""
    root = Path(settings.BASE_DIR).resolve()
    try:
        files = sorted(_rows(root))
        for file in files:
            if (
                hashlib.sha256((root / file.path).read_bytes()).hexdigest()
                != file.sha256
            ):
                raise NotHere(f"{file.path} is not what {TABLE} says")
    except FileNotFoundError as error:
        raise NotHere(f"{error.filename} is not here") from error
    return files


def _rows(root: Path) -> Iterator[VendoredFile]:
    table = root / TABLE
    lines = [
        [cell.strip(" `") for cell in line.strip("|").split("|")]
        for line in table.read_text(encoding="utf-8").splitlines()
        if line.startswith("|")
    ]
    if not lines or lines[0] != COLUMNS:
        raise NotHere(f"{TABLE} has other columns than {', '.join(COLUMNS)}")
    for file, name, version, licence, package, _, sha256 in lines[2:]:
        path = (table.parent / file).resolve().relative_to(root)
        yield VendoredFile(package, name, version, licence, path.as_posix(), sha256)


def components() -> list[dict[str, Any]]:
    """One for each package, as CycloneDX has them, its files inside. Raises NotHere."""
    by_package = groupby(vendored_files(), key=lambda file: file.package)
    return [_component(package, list(files)) for package, files in by_package]


def _component(package: str, files: list[VendoredFile]) -> dict[str, Any]:
    first = files[0]
    return {
        "type": "library",
        "bom-ref": package,
        "name": first.name,
        "version": first.version,
        "licenses": [{"license": {"id": first.licence}}],
        "purl": package,
        "components": [
            {
                "type": "file",
                "bom-ref": file.path,
                "name": file.path,
                "hashes": [{"alg": "SHA-256", "content": file.sha256}],
            }
            for file in files
        ],
    }

"""Static files: hashed names from the manifest, plain names before it exists, and one
stylesheet joined from its parts.

`css/app.css` is a list of `@import "part.css" layer(name);` lines. A browser follows
them as they stand, so development serves the parts; `collectstatic` puts each part in
its line's place, so everybody else loads one file under one hash.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

STYLESHEET = "css/app.css"
IMPORT = re.compile(r'^@import "([^"]+)"(?: layer\(([\w-]+)\))?;$', re.MULTILINE)
RELATIVE = re.compile(r"""url\((["']?)(?![/#]|data:|https?:)([^"')]+)\1\)""")
Paths = dict[str, tuple[Storage, str]]


def joined(name: str, texts: Mapping[str, str]) -> str:
    """The stylesheet `name` with each imported part in its line's place; relative
    addresses in a part are rewritten to hold where they now stand."""
    home = posixpath.dirname(name)

    def part(line: re.Match[str]) -> str:
        path, layer = line.groups()
        where = posixpath.normpath(posixpath.join(home, path))
        folder = posixpath.relpath(posixpath.dirname(where), home)

        def moved(address: re.Match[str]) -> str:
            return f'url("{posixpath.normpath(posixpath.join(folder, address[2]))}")'

        css = RELATIVE.sub(moved, texts[where]).strip()
        return f"@layer {layer} {{\n{css}\n}}" if layer else css

    return IMPORT.sub(part, texts[name])


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """A page must not fail because `collectstatic` has not run yet."""

    def stored_name(self, name: str) -> str:
        """The hashed name, or `name` itself when it was never collected."""
        try:
            return str(super().stored_name(name))
        except ValueError:
            return name

    def post_process(
        self, paths: Paths, dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str, bool]]:
        """Joins the stylesheet from the sources, then hashes and compresses."""
        if not dry_run and STYLESHEET in paths:
            paths = {**paths, STYLESHEET: self._join(paths)}
        yield from super().post_process(paths, dry_run=dry_run, **options)

    def _join(self, paths: Paths) -> tuple[Storage, str]:
        """The joined file, in the place of the collected one and as a source."""
        texts = {}
        for name, (storage, path) in paths.items():
            if name.endswith(".css"):
                with storage.open(path) as source:
                    texts[name] = source.read().decode()
        content = ContentFile(joined(STYLESHEET, texts).encode())
        self.delete(STYLESHEET)
        self.save(STYLESHEET, content)
        memory = InMemoryStorage()
        memory.save(STYLESHEET, content)
        return memory, STYLESHEET

"""Static files: hashed names from the manifest, plain names before it exists, one
stylesheet joined from its parts, and scripts without what is for their readers alone.

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
SCRIPTS = "js/"
# Indentation and lines of comments; none of our templates spans lines (test_staticfiles).
FOR_READERS = re.compile(r"^[ \t]*//.*\n|^[ \t]+", re.MULTILINE)
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


def lean(script: str) -> str:
    """Without what only people read."""
    return FOR_READERS.sub("", script)


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
        """Joins the stylesheet and leans the scripts, then hashes and compresses."""
        if not dry_run:
            made = {
                name: lean(_read(paths, name)) for name in paths if _is_script(name)
            }
            if STYLESHEET in paths:
                styles = (name for name in paths if name.endswith(".css"))
                texts = {name: _read(paths, name) for name in styles}
                made[STYLESHEET] = joined(STYLESHEET, texts)
            paths = {**paths, **self._replaced(made)}
        yield from super().post_process(paths, dry_run=dry_run, **options)

    def _replaced(self, texts: Mapping[str, str]) -> Paths:
        """These in the place of the collected files, and as sources."""
        memory = InMemoryStorage()
        for name, text in texts.items():
            content = ContentFile(text.encode())
            self.delete(name)
            self.save(name, content)
            memory.save(name, content)
        return {name: (memory, name) for name in texts}


def _is_script(name: str) -> bool:
    return name.startswith(SCRIPTS) and name.endswith(".js")


def _read(paths: Paths, name: str) -> str:
    storage, path = paths[name]
    with storage.open(path) as source:
        return str(source.read().decode())

"""The list of the files that a commit is made of, for where there is no git.

`python -m kernel.build_list` writes it beside manage.py before an image is built, and
the image takes it along. A process compares it with the files that it was started
from: a commit that somebody merely states would prove whatever one likes. The list
rebuilds the commit's own digest, so it cannot be made to fit other files.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib.machinery import all_suffixes
from pathlib import Path

NAME = "build.json"
# An image leaves these out; nothing of them runs.
NOT_IN_IMAGES = ("tests/", "docs/")
SHOWN = "docs/runbooks/"  # on the pages of alerts
TREE_MODE, LINK_MODE = "40000", "120000"
NAMED = 3
MODULES = tuple(all_suffixes())


class NotClean(SystemExit):
    """There is no commit that a list could be made of; the text says why."""


@dataclass(frozen=True)
class ListedFile:
    """A file as git has it: `mode` and `blob` (the SHA-1 of its content) in git's own
    spelling, `path` from the root of the tree."""

    mode: str
    blob: str
    path: str


@dataclass(frozen=True)
class BuildList:
    """The commit object itself (it names the tree's digest), and the tree's files."""

    commit_object: bytes
    files: tuple[ListedFile, ...]

    @property
    def commit(self) -> str:
        return _git_digest("commit", self.commit_object)

    @property
    def is_whole(self) -> bool:
        """Are these all of the commit's files, and no others?"""
        first_line = self.commit_object.partition(b"\n")[0]
        return first_line == f"tree {_tree_digest(self.files)}".encode()


def may_be_missing(path: str) -> bool:
    """Whether an image is whole without this file of the commit."""
    return path.startswith(NOT_IN_IMAGES) and not path.startswith(SHOWN)


def doubt(root: Path, commit: str) -> str:
    """Why the files under `root` cannot be taken for those of `commit`; "" if they are
    exactly those, tests and documents aside."""
    try:
        listed = read(root / NAME)
        is_whole = listed.is_whole
    except FileNotFoundError:
        return f"there is no {NAME} (run make build-list before building the image)"
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return f"{NAME} cannot be read"
    if listed.commit != commit:
        return f"{NAME} is of commit {listed.commit[:12]}, not of {commit[:12]}"
    if not is_whole:
        return f"{NAME} does not list the files of commit {commit[:12]}"
    faults = [*_unlike(root, listed.files), *_strays(root, listed.files)]
    more = f" and {len(faults) - NAMED} more" if len(faults) > NAMED else ""
    return ", ".join(faults[:NAMED]) + more


def read(path: Path) -> BuildList:
    """Raises OSError, ValueError, TypeError or KeyError for what is no list."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return BuildList(
        base64.b64decode(document["commit_object"], validate=True),
        tuple(ListedFile(**entry) for entry in document["files"]),
    )


def write(root: Path) -> BuildList:
    """Write the list of HEAD. Raises NotClean where the tracked files differ from it."""
    if _git(root, "status", "--porcelain", "--untracked-files=no"):
        raise NotClean("Tracked files differ from the last commit: commit them first.")
    listing = _git(root, "ls-tree", "-r", "-z", "--full-tree", "HEAD")
    made = BuildList(
        _git(root, "cat-file", "commit", "HEAD"),
        tuple(_listed(entry) for entry in listing.split(b"\0") if entry),
    )
    document = {
        "commit_object": base64.b64encode(made.commit_object).decode(),
        "files": [asdict(file) for file in made.files],
    }
    (root / NAME).write_text(json.dumps(document, indent=0) + "\n", encoding="utf-8")
    return made


def _git(root: Path, *words: str) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, no shell
            ["git", "-C", str(root), *words],  # noqa: S607
            capture_output=True,
            timeout=60,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NotClean("git does not tell a commit of this folder.") from error
    return done.stdout


def _listed(entry: bytes) -> ListedFile:
    """Of `<mode> blob <digest>\\t<path>`."""
    head, _, path = entry.partition(b"\t")
    mode, _, blob = head.decode().split(" ")
    return ListedFile(mode, blob, os.fsdecode(path))


def _git_digest(kind: str, content: bytes) -> str:
    """Git's name of an object."""
    whole = f"{kind} {len(content)}\0".encode() + content
    return hashlib.sha1(whole, usedforsecurity=False).hexdigest()


def _tree_digest(files: Iterable[ListedFile]) -> str:
    """Git's name of the folder that holds these files. Raises ValueError."""
    entries: dict[bytes, tuple[str, str]] = {}
    folders: dict[str, list[ListedFile]] = defaultdict(list)
    for file in files:
        name, _, rest = file.path.partition("/")
        if rest:
            folders[name].append(ListedFile(file.mode, file.blob, rest))
        else:
            entries[os.fsencode(name)] = (file.mode, file.blob)
    for name, inside in folders.items():
        # Git sorts a folder as though its name ended in a slash.
        entries[os.fsencode(name) + b"/"] = (TREE_MODE, _tree_digest(inside))
    content = b"".join(
        mode.encode() + b" " + name.removesuffix(b"/") + b"\0" + bytes.fromhex(digest)
        for name, (mode, digest) in sorted(entries.items())
    )
    return _git_digest("tree", content)


def _unlike(root: Path, files: Iterable[ListedFile]) -> Iterator[str]:
    """What is not there, or is there with another content."""
    for file in files:
        path = root / file.path
        try:
            link = file.mode == LINK_MODE
            content = os.fsencode(path.readlink()) if link else path.read_bytes()
        except OSError:
            if not may_be_missing(file.path):
                yield f"{file.path} is missing"
            continue
        if _git_digest("blob", content) != file.blob:
            yield f"{file.path} was changed"


def _strays(root: Path, files: Iterable[ListedFile]) -> Iterator[str]:
    """Modules that are not of the commit, and that an import could find."""
    listed = {file.path for file in files}
    packages = {
        folder
        for path in listed
        if path.endswith(".py")
        and (folder := path.rpartition("/")[0].partition("/")[0])
    }
    for place in sorted(root.iterdir()):
        is_package = place.name in packages or any(place.glob("__init__.*"))
        for path in sorted(place.rglob("*")) if is_package else [place]:
            name = path.relative_to(root).as_posix()
            cached = "__pycache__" in path.parts
            if name.endswith(MODULES) and not cached and name not in listed:
                yield f"{name} is not of the commit"


if __name__ == "__main__":
    made = write(Path.cwd())
    sys.stdout.write(f"{NAME}: {len(made.files)} files of commit {made.commit}\n")

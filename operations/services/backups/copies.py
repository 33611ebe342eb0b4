"""What every database can do for a backup: be copied, looked into and put back."""

from __future__ import annotations

import copy
import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from subprocess import SubprocessError
from typing import Any, Protocol

from django.apps import apps
from django.core.management.base import CommandError
from django.db import DatabaseError, connections

from kernel.errors import Unavailable
from kernel.registry import MARKERS, named_blobs
from operations.domain.asides import Aside

Progress = Callable[[int, int], None]
# Runs while a copy stands in for the default database; after it that may be opened.
Ready = Callable[[], None]
Marker = dict[str, str]


class BackupError(Exception):
    """The copy could not be taken, verified or put back; the text says why."""


# What a copy, a comparison or a restore fails with; its text is for people.
FAILURES = (
    *(BackupError, Unavailable, OSError, DatabaseError, sqlite3.Error),
    *(SubprocessError, CommandError),
)


class Engine(Protocol):
    """The modules sqlite and postgresql of this package."""

    SUFFIX: str

    def take_copy(self, target: Path, progress: Progress) -> Marker:
        """Write a copy of the default database; returns the marker of its snapshot."""
        ...

    def opened(self, copied: Path) -> AbstractContextManager[str]:
        """The copy as a scratch database of its own, by its alias, for looking."""
        ...

    def check(self, copied: Path) -> None:
        """Raises BackupError when the copy itself is damaged."""
        ...

    def refuse_others(self) -> None:
        """Raises BackupError while anybody else has the default database open."""
        ...

    def there(self) -> bool:
        """Is there a default database at all, whole or not?"""
        ...

    def put_back(
        self,
        copied: Path,
        ready: Ready,
        swapping: AbstractContextManager[None],
        progress: Progress,
    ) -> Aside | None:
        """Replace the default database, which nobody may use, by the copy on which
        `ready` has run. The replacing itself happens inside `swapping`, and wholly or
        not at all. Returns what was moved aside. Raises BackupError."""
        ...

    def set_aside(self) -> list[Aside]:
        """What restores moved aside and nobody dropped since, oldest first."""
        ...

    def write_to(self, copied: Path, target: str, ready: Ready) -> None:
        """Make the copy, on which `ready` has run, a database of its own. Raises
        BackupError where there is one already."""
        ...


@contextmanager
def second_connection(alias: str, **changes: Any) -> Iterator[str]:
    """A connection like the default one, with some settings changed."""
    default = connections["default"]
    settings = {**copy.deepcopy(default.settings_dict), **changes}
    connections[alias] = type(default)(settings, alias)
    try:
        yield alias
    finally:
        connections[alias].close()
        del connections[alias]


@contextmanager
def standing_in(**changes: Any) -> Iterator[None]:
    """Who asks for the default database gets one like it with some settings changed."""
    default = connections["default"]
    settings = {**copy.deepcopy(default.settings_dict), **changes}
    connections["default"] = type(default)(settings, "default")
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"] = default


def marker(alias: str) -> Marker:
    """Row counts of every table, all registered markers, and the files that rows
    name (how many, and the SHA-256 of their sorted digests), as texts. A copy that is
    older than a table has none of it."""
    there = set(connections[alias].introspection.table_names())
    facts = {
        f"rows.{model._meta.db_table}": str(model._default_manager.using(alias).count())
        for model in apps.get_models()
        if model._meta.managed
        and not model._meta.proxy
        and model._meta.db_table in there
    }
    for name, function in MARKERS.items():
        facts |= {f"{name}.{key}": value for key, value in function(alias).items()}
    blobs = sorted(named_blobs(alias))
    facts["files.count"] = str(len(blobs))
    facts["files.sha256"] = hashlib.sha256("\n".join(blobs).encode()).hexdigest()
    return dict(sorted(facts.items()))


def heads_marker(heads: Mapping[str, bytes]) -> Marker:
    """How many signed heads of the log there are, and the SHA-256 of all of them."""
    whole = hashlib.sha256()
    for name, content in sorted(heads.items()):
        whole.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
    return {"heads.count": str(len(heads)), "heads.sha256": whole.hexdigest()}


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Where two markers differ, in words."""
    return [
        f"{name}: {before.get(name, 'absent')} became {after.get(name, 'absent')}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


def lost(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """`differences` in what `before` counted: an older version counted less."""
    return differences(
        before, {name: text for name, text in after.items() if name in before}
    )

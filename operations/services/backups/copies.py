"""What every database can do for a backup: be copied, looked into and put back."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from django.apps import apps
from django.db import connections

from kernel.registry import MARKERS, named_blobs

Progress = Callable[[int, int], None]
Marker = dict[str, str]


class BackupError(Exception):
    """The copy could not be taken, verified or put back; the text says why."""


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

    def put_back(self, copied: Path, progress: Progress) -> None:
        """Replace the default database's content by the copy's. Nobody may use it."""
        ...

    def write_to(self, copied: Path, target: str) -> None:
        """Make the copy a database of its own. Raises BackupError where there is
        one already."""
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


def marker(alias: str) -> Marker:
    """Row counts of every table, all registered markers, and the files that rows
    name (how many, and the SHA-256 of their sorted digests), as texts."""
    facts = {
        f"rows.{model._meta.db_table}": str(model._default_manager.using(alias).count())
        for model in apps.get_models()
        if model._meta.managed and not model._meta.proxy
    }
    for name, function in MARKERS.items():
        facts |= {f"{name}.{key}": value for key, value in function(alias).items()}
    blobs = sorted(named_blobs(alias))
    facts["files.count"] = str(len(blobs))
    facts["files.sha256"] = hashlib.sha256("\n".join(blobs).encode()).hexdigest()
    return dict(sorted(facts.items()))


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

"""The packages that are installed, against those that are pinned, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kernel.registry import Measurement, Params, probe
from operations.services.pins import LOCK, LOCK_OF_DEVELOPERS, pinned

# They install the others.
INSTALLERS = frozenset({"pip", "setuptools", "wheel", "uv"})


@probe(
    "lock_vs_installed",
    title="Installed packages equal the lock",
    about="files",
    every=timedelta(hours=6),
)
def lock_vs_installed(params: Params) -> Measurement:
    """Counts packages of requirements.txt that are missing or of another version, and
    installed ones that no lock pins in their version."""
    locked = list(pinned(LOCK))
    faults = [fault for requirement in locked if (fault := _fault(requirement))]
    if not locked:
        faults.append(f"{LOCK} pins nothing")
    installed = dict(_installed())
    faults += _unpinned(installed, [*locked, *pinned(LOCK_OF_DEVELOPERS)])
    return Measurement.of_faults(
        faults,
        f"{len(locked)} packages, each as pinned; {len(installed)} installed, all pinned",
    )


def _installed() -> Iterator[tuple[str, str]]:
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if name:
            yield canonicalize_name(name), distribution.version


def _unpinned(installed: dict[str, str], locked: list[Requirement]) -> Iterator[str]:
    known: dict[str, list[Requirement]] = {}
    for requirement in locked:
        known.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    for name, version in sorted(installed.items()):
        if name in INSTALLERS:
            continue
        if name not in known:
            yield f"{name} {version} is installed, and pinned nowhere"
        elif not any(version in requirement.specifier for requirement in known[name]):
            yield f"{name} is {version}, and pinned in another version"


def _fault(requirement: Requirement) -> str:
    name = requirement.name
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return f"{name} is not installed"
    if version in requirement.specifier:
        return ""
    return f"{name} is {version}, not {requirement}"

"""The packages that are installed, against those that are pinned."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from importlib import metadata

from django.conf import settings
from packaging.requirements import InvalidRequirement, Requirement

from kernel.registry import Measurement, Params, probe

REQUIREMENT = re.compile(r"^([A-Za-z0-9][^\s\\]*(?:\s*;[^\\]*)?)", re.MULTILINE)


@probe(
    "lock_vs_installed",
    title="Installed packages equal the lock",
    about="files",
    every=timedelta(hours=6),
)
def lock_vs_installed(params: Params) -> Measurement:
    """Counts packages of requirements.txt that are missing or of another version."""
    lock = (settings.BASE_DIR / "requirements.txt").read_text(encoding="utf-8")
    pinned = list(_pinned(lock))
    faults = [fault for requirement in pinned if (fault := _fault(requirement))]
    if not pinned:
        faults.append("requirements.txt pins nothing")
    return Measurement.of_faults(faults, f"{len(pinned)} packages, each as pinned")


def _pinned(lock: str) -> Iterator[Requirement]:
    for line in REQUIREMENT.findall(lock):
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate():
            yield requirement


def _fault(requirement: Requirement) -> str:
    name = requirement.name
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return f"{name} is not installed"
    if version in requirement.specifier:
        return ""
    return f"{name} is {version}, not {requirement}"

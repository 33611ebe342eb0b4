"""What the locks pin: each package of them in its version, for this Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from packaging.requirements import InvalidRequirement, Requirement

REQUIREMENT = re.compile(r"^([A-Za-z0-9][^\s\\]*(?:\s*;[^\\]*)?)", re.MULTILINE)
LOCK, LOCK_OF_DEVELOPERS = "requirements.txt", "requirements-dev.txt"


def pinned(name: str) -> Iterator[Requirement]:
    path = Path(settings.BASE_DIR) / name
    lock = path.read_text(encoding="utf-8") if path.exists() else ""
    for line in REQUIREMENT.findall(lock):
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate():
            yield requirement

"""The settings that are read, against those that .env.example documents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from kernel.registry import Measurement, Params, probe

# Only the example knows these: the tests read them, the product does not.
ONLY_TESTS = {"TEST_DATABASE_URL", "TEST_REDIS_URL"}


# Not ours to document: they tell Django, prometheus_client and Celery where to look.
OF_LIBRARIES = {
    "CELERY_SKIP_CHECKS",
    "DJANGO_SETTINGS_MODULE",
    "PROMETHEUS_MULTIPROC_DIR",
}
NO_PRODUCT = ("tests", "benchmarks", "docs")
# `environ` alone is a request's.
PAST_SETTINGS = re.compile(
    r"\bos\.(?:environ(?:\.\w+\(|\[)|getenv\()\s*[\"']([A-Z][A-Z0-9_]*)[\"']"
)


@probe(
    "env_doc",
    title="Every setting is documented in .env.example",
    about="files",
    every=timedelta(hours=6),
)
def env_doc(params: Params) -> Measurement:
    """Counts names that only the settings or only .env.example know, and those that
    code of the product reads from the environment itself."""
    example = (settings.BASE_DIR / ".env.example").read_text(encoding="utf-8")
    documented = set(re.findall(r"^([A-Z][A-Z0-9_]*)=", example, re.MULTILINE))
    read = set(settings.SETTING_NAMES) | ONLY_TESTS
    faults = [f"{name} is not documented" for name in sorted(read - documented)]
    faults += [f"{name} is read by nobody" for name in sorted(documented - read)]
    faults += [
        f"{name} is read past the settings, in {place}"
        for name, place in sorted(_read_past_settings())
        if name not in documented | OF_LIBRARIES
    ]
    return Measurement.of_faults(faults, f"{len(read)} settings, all documented")


def _read_past_settings() -> Iterator[tuple[str, str]]:
    """(name, file) of each variable that is read without the settings."""
    root = Path(settings.BASE_DIR)
    for path in root.glob("[a-z]*/**/*.py"):
        place = path.relative_to(root)
        if place.parts[0] not in NO_PRODUCT:
            text = path.read_text(encoding="utf-8", errors="replace")
            yield from ((name, str(place)) for name in PAST_SETTINGS.findall(text))

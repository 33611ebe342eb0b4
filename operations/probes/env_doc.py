"""The settings that are read, against those that .env.example documents."""

from __future__ import annotations

import re
from datetime import timedelta

from django.conf import settings

from kernel.registry import Measurement, Params, probe

# Only the example knows these: the tests read them, the product does not.
ONLY_TESTS = {"TEST_DATABASE_URL", "TEST_REDIS_URL"}


@probe(
    "env_doc",
    title="Every setting is documented in .env.example",
    about="files",
    every=timedelta(hours=6),
)
def env_doc(params: Params) -> Measurement:
    """Counts names that only the settings or only .env.example know."""
    example = (settings.BASE_DIR / ".env.example").read_text(encoding="utf-8")
    documented = set(re.findall(r"^([A-Z][A-Z0-9_]*)=", example, re.MULTILINE))
    read = set(settings.SETTING_NAMES) | ONLY_TESTS
    faults = [f"{name} is not documented" for name in sorted(read - documented)]
    faults += [f"{name} is read by nobody" for name in sorted(documented - read)]
    return Measurement.of_faults(faults, f"{len(read)} settings, all documented")

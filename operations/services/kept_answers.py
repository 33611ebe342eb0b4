"""Comparing 10,000 kept answers with computed ones, as a child of ours."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from operations.services.sources import NotHere
from operations.services.tools import run_tool

COMPARING = "tests/reads/test_never_stale.py"
COMPARISONS = "10000"  # the suite takes 500


def compare() -> str:
    """One sentence for people. Raises NotHere."""
    if not (Path(settings.BASE_DIR) / COMPARING).exists():
        raise NotHere(f"{COMPARING} is not here: nothing was compared")
    said = run_tool(
        "pytest",
        ["-p", "no:cacheprovider", COMPARING],
        environment={"CACHE_COMPARISONS": COMPARISONS},
    )
    return said.lines[-1] if said.lines else f"exit {said.status}"

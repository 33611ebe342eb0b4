"""Running the fuzzer of the API over this commit, as a child of ours."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.conf import settings

from operations.services import reports
from operations.services.sources import NotHere
from operations.services.tools import run_tool

FUZZER = "tests/api_in_use/test_fuzz.py"
REPORT = "fuzz.json"
# An operation, over all people; the suite takes 20.
EXAMPLES = "2000"
SECONDS = 14_400


def fuzz(commit: str) -> str:
    """Keep what came of it; one sentence for people. Raises NotHere."""
    if not (Path(settings.BASE_DIR) / FUZZER).exists():
        raise NotHere(f"{FUZZER} is not here: nothing was fuzzed")
    with tempfile.TemporaryDirectory(prefix="rrr-fuzz-") as folder:
        path = Path(folder) / REPORT
        said = run_tool(
            "pytest",
            ["-p", "no:cacheprovider", FUZZER],
            environment={
                "FUZZ_EXAMPLES": EXAMPLES,
                "FUZZ_REPORT": str(path),
            },
            seconds=SECONDS,
        )
        last = said.lines[-1] if said.lines else f"exit {said.status}"
        if not path.exists():
            raise NotHere(f"the fuzzer wrote no report: {last}")
        reports.keep(commit, REPORT, path.read_bytes())
    return last

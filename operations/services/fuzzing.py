"""Running the fuzzer of the API over this commit, as children of ours."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from django.conf import settings

from operations.services import reports
from operations.services.sources import NotHere
from operations.services.tools import Said, run_tool

FUZZER = "tests/api_in_use/test_fuzz.py"
REPORT = "fuzz.json"
# An operation, over all people; the suite takes 20.
EXAMPLES = "2000"
SECONDS = 14_400


def fuzz(commit: str) -> str:
    """Keep what came of it; one sentence for people. Raises NotHere.

    The operations are shared out, one process a processor."""
    if not (Path(settings.BASE_DIR) / FUZZER).exists():
        raise NotHere(f"{FUZZER} is not here: nothing was fuzzed")
    shares = os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="rrr-fuzz-") as folder:
        paths = [Path(folder) / f"{number}-{REPORT}" for number in range(shares)]
        with ThreadPoolExecutor(shares) as threads:
            said = list(
                threads.map(
                    lambda number: _share(f"{number}/{shares}", paths[number]),
                    range(shares),
                )
            )
        # Who failed has more to say than who passed.
        ended = max(said, key=lambda each: each.status)
        last = ended.lines[-1] if ended.lines else f"exit {ended.status}"
        if not all(path.exists() for path in paths):
            raise NotHere(f"the fuzzer wrote no report: {last}")
        told = together([json.loads(path.read_bytes()) for path in paths])
    reports.keep(commit, REPORT, json.dumps(told, indent=1).encode())
    return last


def _share(share: str, path: Path) -> Said:
    return run_tool(
        "pytest",
        ["-p", "no:cacheprovider", FUZZER],
        environment={
            "FUZZ_EXAMPLES": EXAMPLES,
            "FUZZ_REPORT": str(path),
            "FUZZ_SHARE": share,
        },
        seconds=SECONDS,
    )


def together(shares: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One report of all shares, which have different operations."""
    rows = {name: row for share in shares for name, row in share["operations"].items()}
    return {
        **shares[0],
        "sent": sum(share["sent"] for share in shares),
        "problems": sum(share["problems"] for share in shares),
        "operations": dict(sorted(rows.items())),
    }

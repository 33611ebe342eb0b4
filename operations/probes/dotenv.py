"""The file with the secrets: who may read it, and whether git ever saw it."""

from __future__ import annotations

import stat
import subprocess
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from kernel.registry import Measurement, Params, probe


@probe(
    "dotenv",
    title=".env is private and was never committed",
    about="files",
    every=timedelta(hours=6),
)
def dotenv(params: Params) -> Measurement:
    """Counts faults of the .env that this installation was started with."""
    if not settings.SERIOUS:
        return Measurement.uncollected(
            f"needs a staging or production installation; this is {settings.RRR_ENV}"
        )
    path = Path(settings.BASE_DIR) / ".env"
    if not path.exists():
        return Measurement.uncollected(".env is absent: settings come from outside")
    mode = stat.S_IMODE(path.stat().st_mode)
    faults = [] if mode == 0o600 else [f"its mode is {mode:o}, not 600"]
    history = subprocess.run(  # noqa: S603 - fixed words, no shell
        ["git", "-C", path.parent, "log", "--all", "--format=%h", "-1", "--", ".env"],  # noqa: S607
        capture_output=True,
        text=True,
        timeout=8,
        check=False,
    )
    if history.returncode != 0:
        return Measurement.uncollected(history.stderr.strip())
    if history.stdout.strip():
        faults.append(f"it was committed in {history.stdout.strip()}")
    return Measurement.of_faults(faults, "mode 600, in no commit")

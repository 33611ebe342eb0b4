"""What lies beside the project, when it does; elsewhere these tests are not there."""

from __future__ import annotations

from pathlib import Path

from tests.probing import own as own

SHARED = Path(__file__).resolve().parents[3] / "shared"
collect_ignore_glob = [] if SHARED.is_dir() else ["test_*.py"]

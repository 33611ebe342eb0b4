"""Whatever serves, works or watches refuses a database that is half restored."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from kernel.half_restored import refuse_half_restored
from rrr_dashboard import processes

pytestmark = pytest.mark.process
STARTS = {
    "web": (sys.executable, "-c", "import rrr_dashboard.wsgi"),
    "worker": processes.worker().command,
    "worker-heavy": processes.worker_heavy().command,
    "watch": processes.watch().command,
    "serve": (sys.executable, "manage.py", "serve"),
}


@pytest.mark.parametrize("part", STARTS)
def test_it_ends_with_a_sentence(part: str, tmp_path: Path) -> None:
    (tmp_path / "restore.pending").touch()
    ended = subprocess.run(
        STARTS[part],
        cwd=settings.BASE_DIR,
        env={**os.environ, "STATE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode != 0
    assert "a restore was interrupted: run `manage.py restore" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_one_that_has_ended_is_opened(tmp_path: Path, settings) -> None:
    settings.STATE_DIR = tmp_path
    refuse_half_restored()

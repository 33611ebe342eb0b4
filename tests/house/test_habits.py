"""What a newcomer types first does what it says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from tests.environment import own_redis
from tests.quick import folders

ROOT = Path(settings.BASE_DIR)
MAKEFILE = (ROOT / "Makefile").read_text()


def test_make_help_lists_every_target() -> None:
    line = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.M)
    assert line
    listed = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert re.findall(r"^  make (\S+) ", listed, re.M) == line[1].split()


def test_the_hooks_before_a_commit_are_the_quick_half_of_make_check() -> None:
    script = (ROOT / "tests/check.sh").read_text()
    quick, stop, _ = script.partition('[ "${1:-}" != quick ]')
    assert stop
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook["entry"] for repo in config["repos"] for hook in repo["hooks"]]
    checks = re.findall(r"^run (.+)$", quick, re.M)
    assert [hook.removeprefix(".venv/bin/") for hook in hooks] == checks
    assert len(checks) >= 4


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([], []),
        (["trades/api.py"], ["tests/trades"]),
        (["trades/domain/facts.py"], ["tests/domain", "tests/trades"]),
        (["tests/portfolio/test_pages.py"], ["tests/portfolio"]),
        (["templates/base.html", "static/css/base.css"], ["tests/frontend"]),
        (
            ["rrr_dashboard/shell.py"],
            ["tests/demo", "tests/overview", "tests/settings"],
        ),
        (["README.md"], ["tests/house", "tests/settings"]),
        (["tests/conftest.py"], ["tests/settings"]),
        (["docs/architecture.md"], []),
    ],
    ids=lambda value: " ".join(value) or "nothing",
)
def test_make_quick_knows_whose_tests_a_file_needs(
    files: list[str], expected: list[str]
) -> None:
    assert folders(files) == sorted({"tests/architecture", *expected})


@pytest.mark.parametrize(
    ("url", "worker", "expected"),
    [
        ("redis://127.0.0.1:6379/0", "", "redis://127.0.0.1:6379/0"),
        ("redis://127.0.0.1:6379/0", "gw0", "redis://127.0.0.1:6379/1"),
        ("redis://127.0.0.1:6379/3", "gw1", "redis://127.0.0.1:6379/5"),
        ("redis://127.0.0.1:6379", "gw0", "redis://127.0.0.1:6379/1"),
        ("unix:///run/valkey.sock?db=0", "gw1", "unix:///run/valkey.sock?db=2"),
        ("unix:///run/valkey.sock", "", "unix:///run/valkey.sock?db=0"),
    ],
)
def test_each_worker_has_a_numbered_database(
    url: str, worker: str, expected: str
) -> None:
    assert own_redis(url, worker) == expected

"""`manage.py` finds the project's Python, from wherever and by whatever it is run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import django
import pytest
from django.conf import settings

pytestmark = [pytest.mark.process, pytest.mark.embedded]
MANAGE = Path(settings.BASE_DIR) / "manage.py"
# The Python that `.venv` was made from; -S hides what is installed in it.
BARE = [sys._base_executable, "-S"]  # type: ignore[attr-defined]
# Settings without our apps, which are not to be loaded again for each way to a Python.
NO_APPS = {"DJANGO_SETTINGS_MODULE": "django.conf.global_settings"}


def run(
    *words: str | Path, cwd: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A copy of manage.py in a folder of its own."""
    return Path(shutil.copy(MANAGE, tmp_path / "manage.py"))


def test_another_python_from_another_folder(tmp_path: Path) -> None:
    done = run(*BARE, MANAGE, "--version", cwd=tmp_path)
    assert (done.stdout.strip(), done.stderr) == (django.__version__, "")


def test_as_a_program_of_its_own(tmp_path: Path) -> None:
    path = f"{Path(BARE[0]).parent}{os.pathsep}/usr/bin:/bin"
    done = run(MANAGE, "--version", cwd=tmp_path, PATH=path, **NO_APPS)
    assert (done.stdout.strip(), done.stderr) == (django.__version__, "")


def test_through_a_link_to_it(tmp_path: Path) -> None:
    (tmp_path / "m").symlink_to(MANAGE)
    done = run(*BARE, "m", "--version", cwd=tmp_path, **NO_APPS)
    assert done.stdout.strip() == django.__version__


def test_make_needs_no_home_for_what_it_downloads(tmp_path: Path) -> None:
    """HOME may be missing, or not to be written: the cache lies beside what it fills."""
    asked = 'asked: ; @echo "$$UV_CACHE_DIR"'
    make = ("make", "-s", "-f", MANAGE.with_name("Makefile"), "--eval", asked, "asked")
    told = run(*make, cwd=tmp_path, HOME="/nowhere").stdout.strip()
    assert told == str(tmp_path / ".venv" / "uv-cache")


def test_the_projects_own_python_stays(tmp_path: Path) -> None:
    done = run(sys.executable, MANAGE, "--version", cwd=tmp_path, **NO_APPS)
    assert done.stdout.strip() == django.__version__


def test_without_a_venv_it_says_what_to_do(alone: Path) -> None:
    done = run(*BARE, alone, "--version", cwd=alone.parent)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "manage.py: the project's .venv is not there yet: "
        f"run `make run` once in {alone.parent}.\n"
    )


def test_a_venv_whose_python_is_gone(alone: Path) -> None:
    python = alone.parent / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to(alone.parent / "gone")
    done = run(*BARE, alone, "--version", cwd=alone.parent)
    assert done.returncode == 1
    assert ".venv is not complete: run `make run` once" in done.stderr


def test_a_venv_of_another_python_makes_no_circle(alone: Path) -> None:
    python = alone.parent / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {" ".join(BARE)} "$@"\n')
    python.chmod(0o755)
    done = run(*BARE, alone, "--version", cwd=alone.parent)
    assert done.returncode == 1
    assert done.stderr.count("is not complete") == 1


def test_what_it_tried_is_not_handed_down(tmp_path: Path) -> None:
    """A command's children choose their Python anew."""
    code = "import os; print('RRR_TRIED_VENV' in os.environ)"
    done = run(
        *(*BARE, MANAGE, "shell", "--no-imports", "-c", code),
        cwd=tmp_path,
        RRR_ENV="development",
        STATE_DIR=str(tmp_path),
        SECRET_KEY=settings.SECRET_KEY,
        JWT_SECRET=settings.JWT_SECRET,
    )
    assert done.stdout.strip().splitlines()[-1:] == ["False"], done.stderr

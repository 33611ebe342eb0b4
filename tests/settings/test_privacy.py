"""Files of the product are its own user's alone, those of earlier versions too."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery.signals import beat_init, worker_init
from django.conf import settings as conf

from rrr_dashboard import celery, preflight, privacy
from tests.settings.test_settings import manage

ROOT = Path(conf.BASE_DIR)


@pytest.fixture(autouse=True)
def _umask_of_a_shell() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(autouse=True)
def _no_wall_around_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would stand as long as this process lives."""
    monkeypatch.setattr("kernel.dialling.guard", lambda: None)


@pytest.fixture
def state(tmp_path: Path, settings: Any) -> Path:
    """A state directory that everybody reads, with a letter in it."""
    settings.STATE_DIR = tmp_path / "state"
    (tmp_path / "state" / "mail").mkdir(parents=True)
    (tmp_path / "state" / "mail" / "letter").touch()
    return tmp_path / "state"


def open_to_others(folder: Path) -> list[str]:
    paths = [folder, *folder.rglob("*")]
    return [str(path) for path in paths if path.lstat().st_mode & 0o077]


def test_what_everybody_read_is_narrowed_and_new_files_are_private(state: Path) -> None:
    assert len(open_to_others(state)) == 3
    privacy.keep_private()
    (state / "new").mkdir()
    (state / "new" / "file").touch()
    assert open_to_others(state) == []


@pytest.mark.filterwarnings("ignore:DjangoFixup.on_worker_init called without")
@pytest.mark.parametrize("start", ["serve", "worker", "beat"])
def test_each_start_narrows_what_is_there(state: Path, start: str) -> None:
    assert celery.app.main == "rrr_dashboard", "its import connects the signals"
    if start == "serve":
        preflight.claim(state)
    else:
        {"worker": worker_init, "beat": beat_init}[start].send(sender=None)
    (state / "new").touch()
    assert open_to_others(state) == []


@pytest.mark.embedded
def test_the_database_of_a_command_and_of_the_web_is_private(tmp_path: Path) -> None:
    """The whole chain, with the database in a folder of its own."""
    state, data = tmp_path / "state", tmp_path / "data"
    state.mkdir()
    data.mkdir()
    environment = {
        "DATABASE_URL": f"sqlite:///{data}/desk.sqlite3",
        "SECRET_KEY": conf.SECRET_KEY,
        "JWT_SECRET": conf.JWT_SECRET,
        "STATE_DIR": str(state),
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "rrr_dashboard.settings",
    }
    done = manage(tmp_path, "migrate", "--verbosity=0", **environment)
    assert done.returncode == 0, done.stderr
    assert open_to_others(data)[1:] == []
    (data / "desk.sqlite3").chmod(0o644)
    (state / "old").touch(0o644)
    program = (
        "import rrr_dashboard.wsgi; from pathlib import Path\n"
        "from django.conf import settings; (settings.STATE_DIR / 'new').touch()"
    )
    subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=ROOT, check=True
    )
    assert (state / "new").exists()
    assert open_to_others(state) == open_to_others(data)[1:] == []

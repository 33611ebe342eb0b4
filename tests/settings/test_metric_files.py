"""The counters' mapped files lie in memory, privately, one folder an instance."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from rrr_dashboard import metric_files


def test_they_never_lie_on_the_disk_of_the_state_folder() -> None:
    first, other = Path("/srv/rrr/var"), Path("/srv/other/var")
    folders = {
        metric_files.folder(first, 8000),
        metric_files.folder(first, 8001),
        metric_files.folder(other, 8000),
    }
    assert len(folders) == 3
    assert {folder.parent for folder in folders} == {metric_files.SHARED_MEMORY}


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(metric_files, "SHARED_MEMORY", tmp_path)
    return tmp_path


def test_the_folder_is_made_anew_for_our_user_alone(memory: Path) -> None:
    state = Path("/srv/rrr/var")
    folder = metric_files.folder(state, 8000)
    folder.mkdir(mode=0o755)
    (folder / "counter_1.db").write_bytes(b"old")
    metric_files.empty(state, 8000)
    assert list(folder.iterdir()) == []
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    metric_files.remove(folder)
    assert not folder.exists()


def test_what_a_killed_serve_left_on_another_port_goes(memory: Path) -> None:
    ours, others = Path("/srv/rrr/var"), Path("/srv/other/var")
    for state in (ours, others):
        metric_files.folder(state, 8000).mkdir()
    metric_files.empty(ours, 8001)
    assert set(memory.iterdir()) == {
        metric_files.folder(ours, 8001),
        metric_files.folder(others, 8000),
    }


def test_a_folder_that_was_removed_ends_nobody_who_starts(tmp_path: Path) -> None:
    folder = tmp_path / "rrr-metrics"
    environment = {
        **os.environ,
        "PROMETHEUS_MULTIPROC_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "rrr_dashboard.settings",
    }
    assert metric_files.lost(folder)
    subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"],
        env=environment,
        check=True,
    )
    assert metric_files.lost(folder) == ""
    assert list(folder.glob("*.db"))


def test_files_of_processes_that_are_gone_make_room(tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    for pid in (gone.pid, os.getpid()):
        (tmp_path / f"counter_{pid}.db").write_bytes(b"")
    metric_files.remove_of_the_dead(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [f"counter_{os.getpid()}.db"]

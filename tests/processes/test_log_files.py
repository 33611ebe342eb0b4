"""The parts' own files while `serve` speaks on a terminal: short, and private."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from rrr_dashboard import log_files
from rrr_dashboard.log_files import LogFiles
from rrr_dashboard.processes import Process
from rrr_dashboard.supervisor import Supervisor
from tests.served import until


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LogFiles:
    monkeypatch.setattr(log_files, "MOST_BYTES", 100)
    return LogFiles(tmp_path / "log")


def test_what_has_grown_too_long_begins_anew_and_one_older_is_kept(
    files: LogFiles,
) -> None:
    handle = files.open("web")
    path = files.folder / "web.log"
    for text in (b"first", b"second"):
        os.write(handle, text * 50)
        files.rotate()
        assert path.read_bytes() == b""
        assert path.with_suffix(".log.1").read_bytes() == text * 50
    os.write(handle, b"after")
    files.rotate()
    assert path.read_bytes() == b"after"
    os.close(handle)
    assert sorted(each.name for each in files.folder.iterdir()) == [
        "web.log",
        "web.log.1",
    ]


def test_only_we_may_read_them(files: LogFiles) -> None:
    os.close(files.open("web"))
    for path in (files.folder, files.folder / "web.log"):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077


@pytest.mark.process
def test_a_part_writes_into_its_file_and_who_asks_why_it_ended_is_shown_there(
    files: LogFiles, tmp_path: Path
) -> None:
    said = list[str]()
    supervisor = Supervisor(
        tmp_path / "serve.json", os.environ, tmp_path, said.append, logs=files
    )
    supervisor.start(
        Process("speaker", ("sh", "-c", "echo out; echo err >&2; exit 3"), grace=1)
    )

    def told() -> bool:
        supervisor.look()
        return bool(said)

    try:
        assert until(10, told)
    finally:
        supervisor.stop()
    path = files.folder / "speaker.log"
    assert path.read_text().startswith("out\nerr\n")
    assert f"exit code 3); starting it again; {path} says why" in said[0]

"""What persons file is kept as a file of its own, by its digest."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from kernel import blobs

CONTENTS = [
    pytest.param(b"seen", id="a text"),
    pytest.param("gesehen \N{SNOWMAN}".encode(), id="letters of any script"),
    pytest.param(bytes(range(256)), id="any bytes"),
    pytest.param(b"x" * 1_000_000, id="a large file"),
]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, settings: Any) -> Path:
    settings.STATE_DIR = tmp_path
    return tmp_path


@pytest.mark.parametrize("content", CONTENTS)
def test_content_comes_back_by_its_digest(content: bytes) -> None:
    digest = blobs.keep(content)

    assert digest == hashlib.sha256(content).hexdigest()
    assert blobs.blob_path(digest).read_bytes() == content


def test_the_same_content_is_kept_once(state: Path) -> None:
    assert blobs.keep(b"seen") == blobs.keep(b"seen")

    assert len([path for path in state.rglob("*") if path.is_file()]) == 1


def test_nobody_else_on_the_machine_reads_it() -> None:
    path = blobs.blob_path(blobs.keep(b"seen"))

    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_half_written_is_left(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk: the name is not there, and neither is a draft of it."""

    def full(handle: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space left"):
        blobs.keep(b"seen")

    assert [path for path in state.rglob("*") if path.is_file()] == []

"""A file with its name is whole: before, after, and when writing fails."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel.files import is_shared, narrow, replacing, write_once, write_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_private_and_leaves_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(b"old")
    path.chmod(0o644)
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == ["state.json"]


@pytest.mark.parametrize("before", [None, b"old"], ids=["nothing", "an older file"])
def test_a_failure_half_way_leaves_what_was_there(
    tmp_path: Path, before: bytes | None
) -> None:
    path = tmp_path / "state.json"
    if before is not None:
        path.write_bytes(before)

    def half() -> None:
        with replacing(path) as file:
            file.write(b"half")
            file.flush()
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        half()
    assert names(tmp_path) == ([] if before is None else ["state.json"])
    assert before is None or path.read_bytes() == before


def test_the_name_appears_only_when_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "big"
    with replacing(path) as file:
        file.write(b"first half, ")
        file.flush()
        assert not path.exists()
        file.write(b"second half")
    assert path.read_bytes() == b"first half, second half"


@pytest.mark.parametrize("write", [write_whole, write_once])
def test_it_is_on_the_disk_before_it_has_its_name(
    write: Callable[[Path, bytes], object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, seen = tmp_path / "state.json", []
    sync = os.fsync

    def noted(handle: int) -> None:
        seen.append(path.exists())
        sync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    write(path, b"new")
    assert seen == [False, True], "the content first, then the folder"


def test_only_the_first_writer_makes_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    assert write_once(path, b"first")
    assert not write_once(path, b"second")
    assert path.read_bytes() == b"first"
    assert path.stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == ["key.pem"]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "none" / "file", b"x")


def test_other_users_lose_every_right_and_our_own_stay(tmp_path: Path) -> None:
    state, outside = tmp_path / "state", tmp_path / "outside"
    (state / "mail").mkdir(parents=True)
    modes = {"mail/letter": 0o644, "tool": 0o755, "key": 0o400, "shared": 0o666}
    for name, mode in modes.items():
        (state / name).touch()
        (state / name).chmod(mode)
    (state / "mail").chmod(0o755)
    outside.touch()
    outside.chmod(0o644)
    (state / "link").symlink_to(outside)
    (state / "broken").symlink_to(tmp_path / "nowhere")
    state.chmod(0o777)
    narrow(state)
    left = {name: (state / name).stat().st_mode & 0o777 for name in modes}
    assert left == {"mail/letter": 0o600, "tool": 0o700, "key": 0o400, "shared": 0o600}
    assert {path.stat().st_mode & 0o777 for path in (state, state / "mail")} == {0o700}
    assert outside.stat().st_mode & 0o777 == 0o644, "a link leads out of the folder"


def test_what_is_not_there_needs_no_narrowing(tmp_path: Path) -> None:
    narrow(tmp_path / "nowhere")
    assert names(tmp_path) == []


def test_a_file_system_that_was_just_mounted_is_no_folder_of_everybody(
    tmp_path: Path,
) -> None:
    """Its mode is that of /tmp: a tmpfs of compose, a new volume."""
    tmp_path.chmod(0o1777)
    assert not is_shared(tmp_path)
    assert is_shared(Path("/tmp"))  # noqa: S108 - looked at, not used

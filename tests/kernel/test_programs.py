"""PostgreSQL's programs are found where Debian keeps them, or on the PATH."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.programs import postgresql_program


def installed(folder: Path, *versions: str) -> Path:
    for version in versions:
        program = folder / version / "bin" / "pg_dump"
        program.parent.mkdir(parents=True)
        program.touch()
    return folder


@pytest.mark.parametrize(
    ("versions", "newest"),
    [
        (["15"], "15"),
        (["9.6", "15"], "15"),
        (["9.5", "9.6"], "9.6"),
        (["9", "10"], "10"),
    ],
    ids=["one", "9.6 is old", "minor versions", "not by letters"],
)
def test_the_newest_version_is_taken(
    tmp_path: Path, versions: list[str], newest: str
) -> None:
    place = installed(tmp_path, *versions)
    chosen = postgresql_program("pg_dump", place)
    assert chosen == str(tmp_path / newest / "bin" / "pg_dump")


def test_elsewhere_it_is_looked_for_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pg_dump"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert postgresql_program("pg_dump", tmp_path / "nowhere") == str(program)


def test_what_is_not_installed_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert postgresql_program("pg_dump", tmp_path) is None

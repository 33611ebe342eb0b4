"""A commit that is merely stated is believed where the files bear it out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as conf

from kernel import build, build_list

ROOT = Path(conf.BASE_DIR)
FILES = {
    "manage.py": "import desk\n",
    "desk/__init__.py": "",
    "desk/money.py": "PRICE = 1\n",
    "desk/money-two.txt": "sorts before the folder `money`\n",
    "desk/money/ledger.py": "LOTS = ()\n",
    "desk/name with ü.txt": "1\n",
    "docs/story.md": "once\n",
    "tests/test_money.py": "assert True\n",
}


def git(folder: Path, *words: str) -> str:
    known = ("-c", "user.name=Ada", "-c", "user.email=ada@example.test")
    return subprocess.run(
        ["git", "-C", str(folder), *known, *words],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "desk" / "newest").symlink_to("money.py")
    git(tmp_path, "init", "-q", str(folder))
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "desk: opens")
    return folder


@pytest.fixture
def commit(repository: Path) -> str:
    return git(repository, "rev-parse", "HEAD")


@pytest.fixture
def image(repository: Path, commit: str) -> Path:
    """What an image holds: the files and their list, without git, tests and docs."""
    build_list.write(repository)
    left_out = shutil.ignore_patterns(".git", "tests", "docs")
    folder = repository.parent / "image"
    shutil.copytree(repository, folder, symlinks=True, ignore=left_out)
    return folder


@pytest.fixture
def stated(image: Path, commit: str, settings: Any) -> Path:
    settings.BASE_DIR, settings.RRR_COMMIT = image, commit
    return image


def test_files_as_listed_bear_the_commit_out(stated: Path, commit: str) -> None:
    assert build.look() == build.Build(commit, clean=True)
    assert build.look().proves


def change(image: Path) -> None:
    (image / "desk/money.py").write_text("PRICE = 2\n")


def remove(image: Path) -> None:
    (image / "desk/money.py").unlink()


def add_module(image: Path) -> None:
    (image / "desk/extra.py").touch()


def shadow_a_library(image: Path) -> None:
    (image / "redis").mkdir()
    (image / "redis/__init__.py").touch()


def lead_the_link_elsewhere(image: Path) -> None:
    (image / "desk/newest").unlink()
    (image / "desk/newest").symlink_to("money-two.txt")


def change_with_its_entry(image: Path) -> None:
    """As somebody would who edits the list, too."""
    change(image)
    document = json.loads((image / "build.json").read_text())
    blob = git(image.parent / "repository", "hash-object", str(image / "desk/money.py"))
    entry = next(e for e in document["files"] if e["path"] == "desk/money.py")
    entry["blob"] = blob
    (image / "build.json").write_text(json.dumps(document))


def leave_out_an_entry(image: Path) -> None:
    document = json.loads((image / "build.json").read_text())
    document["files"].pop()
    (image / "build.json").write_text(json.dumps(document))


def lose_the_list(image: Path) -> None:
    (image / "build.json").unlink()


def break_the_list(image: Path) -> None:
    (image / "build.json").write_text('{"files": 1}')


def garble_a_digest(image: Path) -> None:
    document = json.loads((image / "build.json").read_text())
    document["files"][0]["blob"] = "zz"
    (image / "build.json").write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (change, "desk/money.py was changed"),
        (remove, "desk/money.py is missing"),
        (add_module, "desk/extra.py is not of the commit"),
        (shadow_a_library, "redis/__init__.py is not of the commit"),
        (lead_the_link_elsewhere, "desk/newest was changed"),
        (change_with_its_entry, "does not list the files of commit"),
        (leave_out_an_entry, "does not list the files of commit"),
        (lose_the_list, "there is no build.json"),
        (break_the_list, "build.json cannot be read"),
        (garble_a_digest, "build.json cannot be read"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_other_files_prove_nothing(stated: Path, damage: Any, sentence: str) -> None:
    damage(stated)
    seen = build.look()
    assert (seen.commit, seen.proves) == (build.UNKNOWN, False)
    assert sentence in seen.doubt


def test_another_commit_than_the_listed_one_proves_nothing(
    stated: Path, settings: Any
) -> None:
    settings.RRR_COMMIT = "c" * 40
    seen = build.look()
    assert (seen.commit, seen.proves) == (build.UNKNOWN, False)
    assert "not of cccccccccccc" in seen.doubt


def test_many_differences_are_counted(image: Path, commit: str) -> None:
    for name in "abcde":
        (image / f"{name}.py").touch()
    assert build_list.doubt(image, commit).endswith(
        "c.py is not of the commit and 2 more"
    )


def test_nothing_stated_and_no_git_is_an_unknown_commit(
    stated: Path, settings: Any
) -> None:
    settings.RRR_COMMIT = ""
    assert build.look().commit == build.UNKNOWN


def test_git_is_asked_where_it_is(repository: Path, commit: str, settings: Any) -> None:
    settings.BASE_DIR, settings.RRR_COMMIT = repository, "c" * 40
    assert build.look() == build.Build(commit, clean=True)
    (repository / "manage.py").write_text("\n")
    assert not build.look().proves


def test_a_list_is_made_of_a_clean_commit_only(repository: Path) -> None:
    (repository / "manage.py").write_text("\n")
    with pytest.raises(build_list.NotClean, match="commit them first"):
        build_list.write(repository)
    with pytest.raises(build_list.NotClean, match="git does not tell"):
        build_list.write(repository.parent)


def test_the_list_of_this_tree_agrees_with_git() -> None:
    listed = [
        build_list.ListedFile(entry.split()[0], entry.split()[2], entry.split("\t")[1])
        for entry in git(ROOT, "ls-tree", "-r", "-z", "HEAD").split("\0")
        if entry
    ]
    raw = subprocess.run(
        ["git", "-C", str(ROOT), "cat-file", "commit", "HEAD"],
        check=True,
        capture_output=True,
    ).stdout
    made = build_list.BuildList(raw, tuple(listed))
    assert made.is_whole
    assert made.commit == git(ROOT, "rev-parse", "HEAD")


@pytest.mark.process
def test_nothing_starts_as_another_commit_than_git_has(tmp_path: Path) -> None:
    python, celery = sys.executable, "celery -q -A rrr_dashboard"
    commands = (
        [*f"{python} manage.py watch".split()],
        [*f"{python} -m {celery} beat -s {tmp_path}/beat --pidfile=".split()],
        [python, "-c", "import rrr_dashboard.wsgi"],
    )
    stated = {"STATE_DIR": str(tmp_path / "state"), "RRR_COMMIT": "c" * 40}
    started = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **stated},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for command in commands
    ]
    for process in started:
        said, _ = process.communicate(timeout=60)
        assert "RRR_COMMIT is cccc" in said, (process.args, said)
        assert "Traceback" not in said
        assert process.returncode == 1


def test_an_image_without_its_runbooks_is_not_whole() -> None:
    assert build_list.may_be_missing("docs/api.md")
    assert build_list.may_be_missing("tests/kernel/test_build_list.py")
    assert not build_list.may_be_missing("docs/runbooks/database.md")
    assert not build_list.may_be_missing("kernel/build_list.py")

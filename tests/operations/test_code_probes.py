"""Lint, types and scans on a small tree: each fault, and trees that hide theirs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kernel.build import Build
from operations.probes import scans
from operations.services import reports
from operations.services.sources import NotHere
from operations.services.tools import Said, run_tool
from tests.probing import see

HEAD = "ab" * 20
GOOD = '"""A module."""\n\n\ndef double(number: int) -> int:\n    return number * 2\n'
UNTYPED = '"""A module."""\n\n\ndef double(number):\n    return number * 2\n'
WRONG = '"""A module."""\n\n\ndef name() -> str:\n    return 1\n'
UNUSED = '"""A module."""\n\nimport os\n'
UNFORMATTED = (
    '"""A module."""\n\n\ndef double( number: int )->int:\n    return number*2\n'
)


class Tree:
    """A small project under git."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.git("init", "-q")
        self.write("desk/__init__.py", "")
        self.write("desk/good.py", GOOD)
        self.write("pyproject.toml", "")

    def git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self.root, check=True)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.git("add", "-f", name)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What mypy learnt of Python's own library, which it reads for each empty tree."""
    return tmp_path_factory.mktemp("mypy")


@pytest.fixture
def tree(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path, library: Path
) -> Tree:
    settings.BASE_DIR, settings.STATE_DIR = tmp_path / "tree", tmp_path
    monkeypatch.setattr("kernel.build.running", lambda: Build(HEAD, clean=True))
    tree = Tree(tmp_path / "tree")
    (tree.root / ".mypy_cache").symlink_to(library)
    return tree


def faults(name: str) -> str:
    seen = see(name)
    assert seen.error == ""
    return "" if seen.value == "0" else seen.detail


@pytest.mark.parametrize("name", ["ruff_black", "mypy", "mypy_strict"])
def test_a_tree_that_is_well_is_clean(tree: Tree, name: str) -> None:
    assert faults(name) == ""


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("ruff_black", UNUSED, "F401"),
        ("ruff_black", UNFORMATTED, "unformatted: File would be reformatted"),
        ("ruff_black", "def broken(:\n", "desk/bad.py:1"),
        ("mypy", WRONG, "desk/bad.py:5: error: Incompatible return value"),
        ("mypy_strict", UNTYPED, "Function is missing a type annotation"),
    ],
)
def test_a_fault_is_found_and_named(
    tree: Tree, name: str, content: str, fault: str
) -> None:
    tree.write("desk/bad.py", content)
    assert fault in faults(name)


@pytest.mark.parametrize(
    ("content", "config", "fault"),
    [
        (
            UNUSED,
            '[tool.ruff]\nextend-exclude = ["desk/bad.py"]',
            "looked at by nobody",
        ),
        (f"# ruff: noqa\n{UNUSED}", "", "asks for no lint at all"),
        (f"# fmt: off\n{UNFORMATTED}", "", "asks not to be formatted"),
    ],
)
def test_a_file_that_hides_from_lint_is_found(
    tree: Tree, content: str, config: str, fault: str
) -> None:
    """ruff itself finds nothing."""
    tree.write("desk/bad.py", content)
    tree.write("pyproject.toml", config)
    assert fault in faults("ruff_black")


@pytest.mark.parametrize(
    ("content", "config", "fault"),
    [
        (WRONG, '[tool.mypy]\nexclude = ["desk/bad"]', "Incompatible return value"),
        (f"# mypy: ignore-errors\n{WRONG}", "", "asks for no types at all"),
        (
            WRONG,
            '[[tool.mypy.overrides]]\nmodule = ["desk.*"]\nignore_errors = true',
            "ignore_errors = True for desk.*",
        ),
        (WRONG, "[tool.mypy]\nignore_errors = true", "ignore_errors = True for *"),
    ],
)
def test_a_file_that_hides_from_types_is_found(
    tree: Tree, content: str, config: str, fault: str
) -> None:
    """mypy itself would find nothing."""
    tree.write("desk/bad.py", content)
    tree.write("pyproject.toml", config)
    for name in ("mypy", "mypy_strict"):
        assert fault in faults(name)


def test_strict_is_of_what_ships_and_plain_of_all(tree: Tree) -> None:
    tree.write("tests/bad.py", WRONG)
    assert faults("mypy_strict") == ""
    assert "tests/bad.py" in faults("mypy")


def test_what_the_tools_said_is_kept_for_the_commit(tree: Tree) -> None:
    see("mypy")
    assert b"no issues found" in (reports.read(HEAD, "mypy.txt") or b"")


def test_a_tool_that_is_not_there_measures_nothing(tree: Tree) -> None:
    with pytest.raises(NotHere, match="no_such_tool is not installed"):
        run_tool("no_such_tool", [])


def test_where_git_lists_nothing_nothing_is_measured(settings: Any, tmp_path) -> None:
    settings.BASE_DIR = tmp_path
    with pytest.raises(NotHere, match="git lists no files"):
        see("mypy")


def test_a_tool_that_breaks_did_not_look(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(module: str, words: Any, *, report: str = "") -> Said:
        return Said(2, "desk/good.py\ndesk/__init__.py\n", "error: cannot read config")

    monkeypatch.setattr("operations.probes.code.run_tool", broken)
    assert "ruff check ended with 2: error: cannot read" in faults("ruff_black")
    assert "mypy ended with 2" in faults("mypy")


# --- scans: the tools are developers' own, here what they write


def says(monkeypatch: pytest.MonkeyPatch, report: Any, errors: str = "") -> None:
    text = report if isinstance(report, str) else json.dumps(report)
    monkeypatch.setattr(
        scans, "run_tool", lambda module, words, report="": Said(0, text, errors)
    )


def bandit_report(
    *found: tuple[str, str],
    seen: tuple[str, ...] = ("desk/__init__.py", "desk/good.py"),
) -> dict[str, Any]:
    return {
        "errors": [],
        "results": [
            {
                "filename": name,
                "line_number": 1,
                "test_id": "B602",
                "issue_severity": severity,
                "issue_text": "a shell",
            }
            for name, severity in found
        ],
        "metrics": {"_totals": {"nosec": 2}, **{name: {} for name in seen}},
    }


def test_code_without_a_weakness_of_weight_is_clean(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(monkeypatch, bandit_report(("desk/good.py", "LOW")))
    seen = see("bandit")
    assert (seen.value, seen.facts["excepted"]) == ("0", "2")


@pytest.mark.parametrize("severity", ["MEDIUM", "HIGH"])
def test_a_weakness_is_found(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, severity: str
) -> None:
    says(monkeypatch, bandit_report(("desk/good.py", severity)))
    assert faults("bandit") == "desk/good.py:1: B602 a shell"


def test_a_scan_that_left_a_file_out_is_found(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It found nothing where it looked."""
    says(monkeypatch, bandit_report(seen=("desk/__init__.py",)))
    assert faults("bandit") == "desk/good.py is looked at by nobody"


def test_a_file_that_it_could_not_read_is_a_fault(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = bandit_report()
    report["errors"] = [{"filename": "desk/good.py", "reason": "syntax error"}]
    says(monkeypatch, report)
    assert faults("bandit") == "desk/good.py: syntax error"


LOCK = "django==5.2 \\\n    --hash=sha256:00\ncelery==5.5\n"


def audited(*packages: tuple[str, str, list[str]]) -> dict[str, Any]:
    return {
        "dependencies": [
            {
                "name": name,
                "version": version,
                "vulns": [{"id": known} for known in ids],
            }
            for name, version, ids in packages
        ]
    }


@pytest.fixture
def lock(tree: Tree) -> None:
    tree.write("requirements.txt", LOCK)


@pytest.mark.usefixtures("lock")
def test_packages_without_a_known_vulnerability_are_clean(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    says(monkeypatch, audited(("Django", "5.2", []), ("celery", "5.5", [])))
    assert faults("pip_audit") == ""


@pytest.mark.usefixtures("lock")
@pytest.mark.parametrize(
    ("packages", "fault"),
    [
        ([("django", "5.2", ["CVE-1"]), ("celery", "5.5", [])], "django 5.2: CVE-1"),
        ([("django", "5.2", [])], "celery was not asked about in its version"),
        (
            [("django", "5.2", []), ("celery", "5.4", [])],
            "celery was not asked about in its version",
        ),
    ],
)
def test_a_vulnerability_or_a_package_left_out_is_found(
    monkeypatch: pytest.MonkeyPatch, packages: Any, fault: str
) -> None:
    says(monkeypatch, audited(*packages))
    assert faults("pip_audit") == fault


@pytest.mark.usefixtures("lock")
def test_a_package_that_was_skipped_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    report = audited(("django", "5.2", []), ("celery", "5.5", []))
    report["dependencies"][1] = {"name": "celery", "skip_reason": "not on the index"}
    says(monkeypatch, report)
    assert "celery was left out: not on the index" in faults("pip_audit")


@pytest.mark.usefixtures("lock")
def test_without_the_advisory_database_nothing_is_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    says(monkeypatch, "", "ConnectionError: name does not resolve")
    seen = see("pip_audit")
    assert (seen.value, "does not resolve" in seen.error) == (None, True)

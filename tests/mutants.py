"""Break one domain file in every small way and name the ways that no test notices.

    make mutants FILE=trades/domain/matching.py

Asked are the tests in tests/domain that import the file's module, with few examples a
property (profile `mutants` of tests.reach). What was tried is kept in .mutants/: a run
that was stopped goes on there, a changed function is tried anew, and so is whatever
lived. Text and messages are left alone. docs/mutants.md says what to make of it.
"""

from __future__ import annotations

import ast
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("kernel", "audit", "operations", "trades", "portfolio", "readiness")
ALIVE = (0, 33)  # survived, or no test came by
# Its own pytest section keeps the house's plugins (servers, Django) out.
SETTINGS = """
[tool:pytest]
addopts =
[mutmut]
source_paths =
    {copied}
only_mutate =
    {source}
use_git_change_detection = false
pytest_add_cli_args =
    -pno:django
    -pno:cacheprovider
    --noconftest
    -ptests.reach
    --hypothesis-profile=mutants
pytest_add_cli_args_test_selection =
    {tests}
"""


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, dotted; of `from a import b` also a.b."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def tests_of(module: str) -> list[str]:
    folder = ROOT / "tests" / "domain"
    return [
        str(path.relative_to(ROOT))
        for path in sorted(folder.glob("test_*.py"))
        if module in imported(path)
    ]


def prepare(source: str, tests: list[str]) -> None:
    """Go to a folder of the file's own: mutmut copies from where it runs, and keeps
    there what it learnt."""
    folder = ROOT / ".mutants" / source.removesuffix(".py").replace("/", ".")
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    for name in (*COPIED, "tests"):
        if not Path(name).is_symlink():
            Path(name).symlink_to(ROOT / name)
    settings = SETTINGS.format(
        copied="\n    ".join(COPIED), source=source, tests="\n    ".join(tests)
    )
    Path("setup.cfg").write_text(settings)
    shutil.rmtree("mutants/tests", ignore_errors=True)


def leave_text_alone() -> None:
    """No text is changed, and no call that says something loses an argument."""
    import libcst as cst
    from mutmut.mutation import file_mutation, mutators

    def without_text(node: cst.Call) -> Any:
        texts = cst.SimpleString | cst.FormattedString
        if not any(isinstance(arg.value, texts) for arg in node.args):
            yield from mutators.operator_arg_removal(node)

    replaced = {mutators.operator_arg_removal: without_text}
    file_mutation.mutation_operators = [
        (kind, replaced.get(operator, operator))
        for kind, operator in mutators.mutation_operators
        if operator is not mutators.operator_string
    ]


def try_out(source: Path) -> int:
    """Make, try and show the mutants; how many live."""
    # It reads its settings where it is imported.
    from mutmut import __main__ as mutmut
    from mutmut.mutation.data import SourceFileMutationData

    leave_text_alone()
    data = SourceFileMutationData(path=source)
    data.load()
    for name, code in data.exit_code_by_key.items():
        if code in ALIVE:  # a test may have come since
            data.exit_code_by_key[name] = None
    if data.exit_code_by_key:
        data.save()
    mutmut._run([], max_children=1)
    data.load()
    codes = data.exit_code_by_key
    alive = sorted(name for name, code in codes.items() if code in ALIVE)
    for name in alive:
        diff = mutmut.get_diff_for_mutant(name, path=source).splitlines()[2:]
        changed = [line for line in diff if line[0] in "+-"]
        sys.stdout.write("\n".join([f"\n{name}", *changed, ""]))
    sys.stdout.write(f"{source}: {len(codes)} mutants, {len(alive)} alive\n")
    return len(alive)


def main(path: str) -> int:
    source = (ROOT / path).resolve().relative_to(ROOT)
    module = ".".join(source.with_suffix("").parts)
    tests = tests_of(module)
    if not tests:
        sys.stderr.write(f"no file in tests/domain imports {module}\n")
        return 2
    prepare(str(source), tests)
    return int(bool(try_out(source)))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("make mutants FILE=trades/domain/matching.py")
    # This folder names modules as the standard library does.
    sys.path.pop(0)
    os.nice(15)
    sys.exit(main(sys.argv[1]))

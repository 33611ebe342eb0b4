"""No command, no code and no page is put together from text: what our own code says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.architecture.test_house import APPS, sources

ROOT = Path(settings.BASE_DIR)
OURS = sources(*APPS, "rrr_dashboard", "manage.py")
STARTS = {"run", "Popen", "call", "check_call", "check_output"}
BY_A_SHELL = {
    "getoutput",
    "getstatusoutput",
    "system",
    "popen",
    "create_subprocess_shell",
}
EVALUATES = {"eval", "exec", "compile", "__import__"}
WRITES_HTML = re.compile(
    r"\.(inner|outer)HTML\b|insertAdjacentHTML|document\.write|createContextualFragment"
    r"|\beval\(|new Function|set(Timeout|Interval)\(\s*[\"'`]"
)
# Lists that stand elsewhere: the command of a second instance, and of a part of `serve`.
LISTS = {"_command(port)", "child.process.command"}
DOUBTFUL = [
    "subprocess.run(f'ls {name}', shell=True)",
    "subprocess.run('ls')",
    "subprocess.run(words)",
    "Popen(f'ls {name}')",
    "subprocess.Popen(['ls'], shell=words)",
    "subprocess.run(args='ls')",
    "subprocess.run('ls ' + name)",
    "os.system(words)",
    "os.popen(words)",
    "asyncio.create_subprocess_shell(words)",
    "subprocess.getoutput(words)",
]


def calls(tree: ast.AST) -> Iterator[tuple[str, str, ast.Call]]:
    """What is called, of what, and the call."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute):
            of = node.func.value
            yield node.func.attr, of.id if isinstance(of, ast.Name) else "…", node
        elif isinstance(node.func, ast.Name):
            yield node.func.id, "", node


def is_list(command: ast.expr | None) -> bool:
    return isinstance(command, ast.List) or (
        command is not None and ast.unparse(command) in LISTS
    )


def commands_of_text(tree: ast.AST) -> list[int]:
    """Lines in which a program is started by a shell, or by one text."""
    found = []
    for name, of, call in calls(tree):
        named = {each.arg: each.value for each in call.keywords}
        command = call.args[0] if call.args else named.get("args")
        starts = name in STARTS and (of == "subprocess" or name == "Popen")
        if (
            (starts and ("shell" in named or not is_list(command)))
            or (name in BY_A_SHELL)
            or name.startswith(("spawn", "execl"))
        ):
            found.append(call.lineno)
    return found


def where(path: Path, lines: list[int]) -> list[str]:
    return [f"{path.relative_to(ROOT)}:{line}" for line in lines]


def test_no_command_is_one_text_or_goes_through_a_shell() -> None:
    found = [
        place
        for path in OURS
        for place in where(path, commands_of_text(ast.parse(path.read_text())))
    ]
    assert found == []


@pytest.mark.parametrize("line", DOUBTFUL)
def test_a_command_of_text_would_be_found(line: str) -> None:
    assert commands_of_text(ast.parse(line)) == [1]


def test_programs_are_started_somewhere() -> None:
    """Else nothing would be looked at."""
    started = [
        name
        for path in OURS
        for name, of, _ in calls(ast.parse(path.read_text()))
        if name in STARTS and of == "subprocess"
    ]
    assert len(started) >= 10


def test_no_text_is_evaluated() -> None:
    found = [
        place
        for path in OURS
        for name, of, call in calls(ast.parse(path.read_text()))
        if name in EVALUATES and not of
        for place in where(path, [call.lineno])
    ]
    assert found == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / "static" / "js").glob("*.js")), ids=lambda path: path.name
)
def test_a_script_of_ours_makes_no_page_of_text(path: Path) -> None:
    """It uses textContent and elements; `swap: "innerHTML"` is a word to htmx."""
    assert WRITES_HTML.search(path.read_text()) is None


def test_no_template_lets_text_through_as_it_is() -> None:
    texts = {
        path: path.read_text() for path in sorted((ROOT / "templates").rglob("*.html"))
    }
    through = re.compile(r"\|\s*safe\b|\|\s*safeseq\b|\{%\s*autoescape\s+off")
    assert [str(path) for path, text in texts.items() if through.search(text)] == []

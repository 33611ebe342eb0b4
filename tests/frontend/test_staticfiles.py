"""Collected, the stylesheet is one file with each of its parts in the declared order,
and a script is without what only its readers need."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.staticfiles.management.commands.collectstatic import Command
from django.core.management import call_command
from django.test import override_settings

from rrr_dashboard.staticfiles import joined, lean

MANIFEST = """\
@layer base, components;
@import "base.css" layer(base);
@import "components/chip.css" layer(components);
"""
BASE = '@font-face { src: url("../fonts/sans.woff2"); }\n'
SCRIPT = """\
// Says hello.
(() => {
  // twice
  say("a // b", 1); // and again
})();
"""
CHIP = ".chip { background: url(../../chip.svg); }\n"
Collect = Callable[[], str]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    css = tmp_path / "source" / "css"
    (css / "components").mkdir(parents=True)
    (css / "app.css").write_text(MANIFEST)
    (css / "base.css").write_text(BASE)
    (css / "components" / "chip.css").write_text(CHIP)
    (tmp_path / "source" / "fonts").mkdir()
    (tmp_path / "source" / "fonts" / "sans.woff2").write_bytes(b"sans")
    (tmp_path / "source" / "js").mkdir()
    (tmp_path / "source" / "js" / "hello.js").write_text(SCRIPT)
    (tmp_path / "source" / "chip.svg").write_text("<svg/>")
    return css


@pytest.fixture
def collect(source: Path, tmp_path: Path) -> Collect:
    """collect() -> the hashed name of the collected stylesheet."""

    def run() -> str:
        with override_settings(
            STATICFILES_DIRS=[source.parent],
            STATIC_ROOT=tmp_path / "collected",
            STATICFILES_FINDERS=["django.contrib.staticfiles.finders.FileSystemFinder"],
        ):
            command = Command()
            call_command(command, interactive=False, verbosity=0)
            return str(command.storage.stored_name("css/app.css"))

    return run


def test_the_collected_file_holds_each_part_once_in_order(
    collect: Collect, tmp_path: Path
) -> None:
    text = (tmp_path / "collected" / collect()).read_text()
    assert "@import" not in text
    assert (text.count("@font-face"), text.count(".chip")) == (1, 1)
    assert text.index("@layer base {") < text.index("@layer components {")


def test_the_plain_name_is_joined_as_well(collect: Collect, tmp_path: Path) -> None:
    collect()
    assert "@import" not in (tmp_path / "collected" / "css" / "app.css").read_text()


def test_the_hash_changes_when_a_part_changes(collect: Collect, source: Path) -> None:
    before = collect()
    (source / "components" / "chip.css").write_text(".chip { color: red; }\n")
    assert collect() != before


def test_collecting_twice_gives_the_same_file(collect: Collect) -> None:
    assert collect() == collect()


def test_addresses_hold_where_the_part_now_stands() -> None:
    texts = {
        "css/app.css": MANIFEST,
        "css/base.css": BASE,
        "css/components/chip.css": CHIP,
    }
    text = joined("css/app.css", texts)
    assert 'url("../fonts/sans.woff2")' in text
    assert 'url("../chip.svg")' in text


def test_addresses_from_elsewhere_stay() -> None:
    texts = {"css/app.css": '@import "a.css";\n', "css/a.css": "b { c: url(/d.png) }"}
    assert "url(/d.png)" in joined("css/app.css", texts)


def test_a_part_that_is_not_there_stops_the_collection(
    collect: Collect, source: Path
) -> None:
    (source / "components" / "chip.css").unlink()
    with pytest.raises(KeyError, match="components/chip"):
        collect()


def test_a_script_is_collected_without_comments_and_indentation(
    collect: Collect, tmp_path: Path
) -> None:
    collect()
    [plain] = (tmp_path / "collected" / "js").glob("hello.js")
    [hashed] = (tmp_path / "collected" / "js").glob("hello.*.js")
    lines = '(() => {\nsay("a // b", 1); // and again\n})();\n'
    assert plain.read_text() == hashed.read_text() == lines


def test_no_text_of_our_scripts_spans_lines() -> None:
    """Else `lean` would change what it says."""
    for path in (Path(__file__).parents[2] / "static" / "js").glob("*.js"):
        for line in lean(path.read_text()).splitlines():
            assert line.count("`") % 2 == 0, (path.name, line)

"""Templates keep the rules that the strict policy and the no-JavaScript path need."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from django.core.management import get_commands
from django.template import Template
from django.template.base import Node
from django.template.loader import get_template
from django.template.loader_tags import IncludeNode
from django.templatetags.static import StaticNode

from tests.each import each

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "templates"
PAGES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.html"))
COMMENT = re.compile(r"\{#.*?#\}|\{% comment.*?endcomment %\}|<!--.*?-->", re.DOTALL)
# A tag may hold template tags whose strings hold ">": they are part of it.
TAG = re.compile(r"<[a-zA-Z](?:\{%.*?%\}|\{\{.*?\}\}|[^>{]|\{)*>", re.DOTALL)
FORM = re.compile(r"<form\b.*?</form>", re.DOTALL)


def source(name: str) -> str:
    return COMMENT.sub("", (FOLDER / name).read_text())


def nodes(name: str) -> Iterator[Node]:
    template: Template = get_template(name).template  # type: ignore[attr-defined]
    for node in template.nodelist:
        yield from node.get_nodes_by_type(Node)


@each(PAGES)
def test_no_inline_style_or_handler(name: str) -> None:
    found = [
        tag
        for tag in TAG.findall(source(name))
        if re.search(r"\s(style|on[a-z]+|hx-on[^=]*)\s*=", tag)
    ]
    assert found == []


@each(PAGES)
def test_no_inline_script(name: str) -> None:
    scripts = re.findall(r"<script\b[^>]*>(.*?)</script>", source(name), re.DOTALL)
    assert [text for text in scripts if text.strip()] == []


@each(PAGES)
def test_every_script_and_htmx_element_carries_the_nonce(name: str) -> None:
    """Without it htmx is stripped from the element, which then does full page loads."""
    bare = [
        tag
        for tag in TAG.findall(source(name))
        if (re.search(r"\shx-(?!nonce)", tag) and "hx-nonce=" not in tag)
        or (tag.startswith("<script") and "nonce=" not in tag)
    ]
    assert bare == []


@each(PAGES)
def test_every_post_form_carries_its_token(name: str) -> None:
    bare = [
        form[:80]
        for form in FORM.findall(source(name))
        if re.search(r"method=[\"']?post", form, re.IGNORECASE)
        and "{% csrf_token %}" not in form
    ]
    assert bare == []


@each(PAGES)
def test_htmx_uses_nothing_that_needs_eval(name: str) -> None:
    assert not re.search(r"js:|hx-vals=['\"]js|hx-trigger=\"[^\"]*\[", source(name))


@each(PAGES)
def test_every_included_template_exists(name: str) -> None:
    for node in nodes(name):
        if isinstance(node, IncludeNode) and isinstance(node.template.var, str):
            get_template(node.template.var)


@each(PAGES)
def test_every_static_file_exists(name: str) -> None:
    """The storage is forgiving at run time, so a wrong name must fail here."""
    wanted = [
        node.path.var
        for node in nodes(name)
        if isinstance(node, StaticNode) and isinstance(node.path.var, str)
    ]
    files = {path: Path(ROOT, "static", *path.split("/")) for path in wanted}
    assert [path for path, file in files.items() if not file.is_file()] == []


@each(PAGES)
def test_every_icon_is_in_the_sprite(name: str) -> None:
    sprite = (ROOT / "static" / "icons.svg").read_text()
    text = source(name)
    used = set(re.findall(r"\{% icon \"(\w+)\"", text))
    used |= set(re.findall(r"components/\w+\.html\"[^%]*\bicon=\"(\w+)\"", text))
    assert [name for name in used if f'id="{name}"' not in sprite] == []


FRAGMENTS = [name for name in PAGES if re.match(r"components/|.*/parts/", name)]


@each(FRAGMENTS)
def test_every_fragment_stands_alone(name: str) -> None:
    """It extends nothing and is drawn as it is, inside a page or for htmx."""
    assert "{% extends" not in source(name)
    get_template(name)


@each([name for name in FRAGMENTS if "/parts/" in name])
def test_every_part_has_a_reader(name: str) -> None:
    """A page, another part or a view names it: a part of nothing goes."""
    readers = [
        path
        for pattern in (
            *("templates/**/*.html", "*/*.py", "*/views/*.py", "*/templatetags/*.py"),
        )
        for path in ROOT.glob(pattern)
        if path != FOLDER / name and f'"{name}"' in path.read_text()
    ]
    assert readers


@each([name for name in FRAGMENTS if "/parts/" in name])
def test_a_part_says_what_it_shows(name: str) -> None:
    """{# what it takes from its page: what it shows #}, in the first line."""
    first, _, _ = (FOLDER / name).read_text().partition("\n")
    assert re.fullmatch(r"\{# .+[:.] ?.*#\}", first)


LONGEST_LINE = 120
LINES = {name: (FOLDER / name).read_text().splitlines() for name in PAGES}


@each(PAGES)
def test_lines_can_be_read(name: str) -> None:
    """One element a line: at most 120 letters, indented by twos, nothing at the end."""
    wrong = [
        line
        for line in LINES[name]
        if len(line) > LONGEST_LINE
        or line != line.rstrip()
        or "\t" in line
        or (len(line) - len(line.lstrip(" "))) % 2
    ]
    assert wrong == []


BLOCKS = "div|section|header|main|aside|form|table|thead|tbody|tr|td|th|ul|ol|li|dl|dt|dd|p|h1|h2|h3"


@each(PAGES)
def test_one_block_element_a_line(name: str) -> None:
    crowded = [
        line for line in LINES[name] if len(re.findall(rf"<(?:{BLOCKS})\b", line)) > 1
    ]
    assert crowded == []


@each(PAGES)
def test_addresses_of_ours_are_asked_for(name: str) -> None:
    """`{% url %}` fails when a page goes; an address that was typed in goes stale."""
    typed = re.findall(
        r"\b(?:href|action|formaction|hx-get|hx-post|url)=\\?[\"\'](/[^\"\']*)",
        source(name),
    )
    assert typed == []


def test_commands_can_be_copied_as_they_stand() -> None:
    """A command on a page is the README's: `./manage.py NAME`, and NAME is there."""
    commands = [
        match
        for name in PAGES
        for match in re.finditer(r"([^\">]*manage\.py) (\w+)", source(name))
    ]
    assert len(commands) >= 6
    assert {match[1] for match in commands} == {"./manage.py"}
    assert {match[2] for match in commands} <= get_commands().keys()

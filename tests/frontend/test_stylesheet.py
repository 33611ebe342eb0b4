"""The stylesheet stays what static/css/README.md says it is."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CSS = ROOT / "static" / "css"
TEMPLATES = ROOT / "templates"
PARTS = sorted(path for path in CSS.rglob("*.css") if path.name != "app.css")
SOURCES = [
    path
    for app in ROOT.iterdir()
    if (app / "__init__.py").exists() and app.name != "tests"
    for path in app.rglob("*.py")
]
IMPORT = re.compile(r'^@import "(.+?)" layer\((\w+)\);$', re.MULTILINE)
NAME = r"[a-zA-Z][\w-]*"
CLASS = re.compile(rf"\.({NAME})")
ATTRIBUTE = re.compile(r'\bclass="((?:\{%.*?%\}|\{\{.*?\}\}|[^"])*)"', re.DOTALL)
TAGS = re.compile(r"\{%.*?%\}", re.DOTALL)
HOLE = "\N{WHITE SQUARE}"  # where a template or Python puts a value into a class name

# Classes that others write into our pages.
FOREIGN = {"u-legend", "uplot", "htmx-request"}
# Whole classes that Python hands to a template: the tones of figures.
HANDED = {"chart__limit", "gain", "loss", "warn"}
# What fills the hole of a class name: a value that is not here would hide a dead class.
FILLED = {
    "chart__area--": {"index", "loss", "main"},
    "chart__bar--": {"gain", "loss"},
    "chart__deal--": {"bought", "sold"},
    "chart__dot--": {"fifth", "fourth", "gain", "index", "loss", "main", "third"},
    "chart__flow--": {"in", "out"},
    "chart__line--": {"fifth", "fourth", "gain", "index", "loss", "main", "third"},
    "chart__picture--": {"narrow", "wide"},
    "chart__spot--": {"gain", "loss"},
    "chip--": {"crit", "info", "line", "ok", "warn"},
    "disc--": {"crit", "info", "ok", "warn"},
    "donut__arc--": {"1", "2", "3", "4", "5"},
    "heatmap__cell--": {
        *("gain-1", "gain-2", "gain-3", "loss-1", "loss-2", "loss-3", "none"),
    },
    "headline--": {"crit", "ok", "warn"},
    "item--depth-": {"2", "3", "4", "5", "6"},
    "legend__line--": {"fifth", "fourth", "index", "main", "third"},
    "note--": {"crit", "ok", "warn"},
    "progress--": {"accent", "crit", "warn"},
    "swatch--": {"1", "2", "3", "4", "5"},
}
# Colours that are no colour of ours.
NEUTRAL = {
    *("transparent", "currentcolor", "inherit", "none"),
    "canvastext",  # the system's own, under forced colours
    *("solid", "inset", "in", "oklab"),  # words of border, box-shadow and color-mix
}
COLOURED = r"(?:color|background|fill|stroke|border|outline|box-shadow|[\w-]+-color)"
# Components that are a manner of writing HTML and have no template of their own.
MANNERS = {
    "actions": "a bar around a page's own buttons",
    "avatar": "one <span>",
    "beside": "a layout around whole parts",
    "button": "links, buttons and submits alike",
    "card": "a frame around anything",
    "checkbox": "Django draws the input",
    "columns": "a layout around whole cards",
    "count": "one <span>",
    "direction": "an icon and a word in a cell",
    "disc": "one <span> around an icon",
    "disclosure": "a <details> around anything",
    "facts": "a <dl> with the page's own rows",
    "feed": "a <ul> with the page's own rows",
    "input": "Django draws it",
    "lines": "a <ul> with the page's own rows",
    "live": "one place in components/top.html",
    "log": "an <ol> with the page's own rows",
    "options": "a <fieldset> with the page's own choices",
    "pairs": "a <ul> with the page's own rows",
    "progress": "the element itself",
    "segments": "a <nav> with the page's own links",
    "share": "a bar and a number in a cell",
    "status": "one <span> around an icon",
    "table": "the element itself",
    "tick": "one place in readiness/parts/item.html",
    "wizard": "an <ol> with the page's own steps",
}


@dataclass(frozen=True)
class Rule:
    media: str
    selectors: tuple[str, ...]
    body: str


def bare(path: Path) -> str:
    return re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)


def rules(css: str, media: str = "") -> Iterator[Rule]:
    """Every rule, those inside @media, @container or @supports with its condition."""
    at = 0
    while (start := css.find("{", at)) >= 0:
        head, depth, end = " ".join(css[at:start].split()), 1, start + 1
        while depth:
            depth += {"{": 1, "}": -1}.get(css[end], 0)
            end += 1
        body = css[start + 1 : end - 1]
        if head.startswith(("@media", "@container", "@supports", "@layer")):
            yield from rules(body, head)
        else:
            yield Rule(media, tuple(selectors(head)), body)
        at = end


def selectors(head: str) -> Iterator[str]:
    for part in re.split(r",(?![^()]*\))", head):
        yield part.strip()


@cache
def defined() -> dict[str, set[str]]:
    """class -> the files whose selectors name it."""
    where = defaultdict(set)
    for path in PARTS:
        for rule in rules(bare(path)):
            for name in CLASS.findall(" ".join(rule.selectors)):
                where[name].add(str(path.relative_to(CSS)))
    return where


def words(value: str) -> Iterator[str]:
    """The class names of an attribute, values in them as holes."""
    value = re.sub(r"\{\{.*?\}\}|(?<!\{)\{\w*\}", HOLE, TAGS.sub(" ", value))
    yield from value.split()


@cache
def used() -> dict[str, str]:
    """class (perhaps with a hole) -> a place that writes it."""
    where: dict[str, str] = {}
    for path in TEMPLATES.rglob("*.html"):
        for value in ATTRIBUTE.findall(path.read_text()):
            where |= dict.fromkeys(words(value), str(path.relative_to(ROOT)))
        for block in re.findall(r"\{% block wide %\}(.+?)\{%", path.read_text()):
            where[block] = str(path.relative_to(ROOT))
    for path in SOURCES:
        text = path.read_text()
        for value in ATTRIBUTE.findall(text):
            where |= dict.fromkeys(words(value), str(path.relative_to(ROOT)))
        for name in handed_over(path):
            where[name] = str(path.relative_to(ROOT))
    for path in (ROOT / "static" / "js").glob("*.js"):
        for line in re.findall(r"class(?:List|Name).*", path.read_text()):
            for name in re.findall(rf'"({NAME})"', line):
                where[name] = str(path.relative_to(ROOT))
    return where


def handed_over(path: Path) -> Iterator[str]:
    """Classes that Python names outside of HTML: of widgets, and of a chart's texts."""
    text = path.read_text()
    for value in re.findall(r'"class"\]? ?[=:] "([^".]*)"', text):
        yield from value.split()
    if path.name == "charts.py":
        yield from re.findall(rf'"({NAME}__[a-z-]+)"', text)


def fits(name: str, pattern: str) -> bool:
    return bool(re.fullmatch(re.escape(pattern).replace(HOLE, r"[\w-]+"), name))


def test_every_class_of_the_stylesheet_is_used() -> None:
    patterns = [pattern for pattern in used() if pattern != HOLE]
    unused = {
        name: sorted(files)
        for name, files in defined().items()
        if name not in FOREIGN | HANDED
        and not any(fits(name, pattern) for pattern in patterns)
    }
    assert unused == {}


def test_what_fills_a_class_name_is_known() -> None:
    """`chip--{{ tone }}` would make any `.chip--…` look used."""
    holed = {name.removesuffix(HOLE) for name in used() if HOLE in name} - {""}
    assert holed == set(FILLED)
    defined_there = {
        start: {
            name.removeprefix(start) for name in defined() if name.startswith(start)
        }
        for start in FILLED
    }
    assert defined_there == FILLED


def test_classes_stand_in_double_quotes() -> None:
    """What `used` reads; a class in other quotes would be seen by nobody."""
    wrong = [
        str(path.relative_to(ROOT))
        for path in TEMPLATES.rglob("*.html")
        if re.search(r"\bclass=(?!\"|\\?\")", path.read_text())
    ]
    assert wrong == []


def test_every_class_that_is_used_stands_in_the_stylesheet() -> None:
    foreign = {"swagger-ui", "dark-mode", "dark", "light"}
    undefined = {
        pattern: place
        for pattern, place in used().items()
        if pattern != HOLE
        and pattern not in foreign
        and not any(fits(name, pattern) for name in defined())
    }
    assert undefined == {}


def test_no_selector_stands_in_two_files() -> None:
    files = defaultdict(set)
    for path in PARTS:
        for rule in rules(bare(path)):
            for selector in rule.selectors:
                files[selector].add(str(path.relative_to(CSS)))
    twice = {name: where for name, where in files.items() if len(where) > 1}
    assert {name for name in twice if not name.startswith(("@", ":root"))} == set()


def test_a_theme_changes_colours_alone() -> None:
    """Why a page is asked in its other theme about its colours only."""
    said = {
        rule.body.strip()
        for path in PARTS
        for rule in rules(bare(path))
        if "data-theme" in " ".join(rule.selectors)
    }
    assert said == {"color-scheme: light;", "color-scheme: dark;"}


def outside_tokens() -> list[Path]:
    return [path for path in PARTS if path.name != "tokens.css"]


@pytest.mark.parametrize("path", outside_tokens(), ids=lambda path: path.name)
def test_lengths_and_colours_are_tokens(path: Path) -> None:
    raw = [
        found
        for rule in rules(bare(path))
        for found in re.findall(
            r"(?<![\w-])-?\d*\.?\d+px|#[0-9a-f]{3,8}\b"
            r"|\b(?:rgba?|hsla?|hwb|(?:ok)?la[bc]h?|(?:ok)?lch|color)\(",
            rule.body,
            re.IGNORECASE,
        )
        if found.lstrip("-") != "1px"
    ]
    assert raw == []


@pytest.mark.parametrize("path", outside_tokens(), ids=lambda path: path.name)
def test_colours_have_no_names_of_their_own(path: Path) -> None:
    named = {
        word
        for rule in rules(bare(path))
        for value in re.findall(rf"(?<![\w-]){COLOURED}:([^;]*)", rule.body)
        for word in re.findall(
            r"(?<![\w-])[a-z][\w-]*(?![\w(-])",
            re.sub(r"var\([^()]*\)", "", value.lower()),
        )
    }
    assert named <= NEUTRAL


def test_every_token_is_defined_and_used() -> None:
    tokens = set(re.findall(r"^ +(--[\w-]+):", (CSS / "tokens.css").read_text(), re.M))
    own = {"--indent", "--edge", "--mark"}  # set by an item's depth and its state
    asked = {
        name
        for path in [*PARTS, *TEMPLATES.rglob("*.html")]
        for name in re.findall(r"var\((--[\w-]+)", path.read_text())
    }
    assert asked - tokens == own
    assert tokens - asked == set()


@pytest.mark.parametrize("path", PARTS, ids=lambda path: path.name)
def test_a_part_is_short_and_does_not_shout(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300
    assert "!important" not in path.read_text()


def test_a_class_is_a_word() -> None:
    names = set(defined()) - FOREIGN
    short = sorted(name for name in names if len(name) <= 3)
    assert len(short) <= len(names) * 0.05, short
    block = r"[a-z]+(-[a-z]+)*"
    manner = re.compile(rf"{block}(__{block})?(--[a-z0-9]+(-[a-z0-9]+)*)?")
    assert [name for name in names if not manner.fullmatch(name)] == []


def test_the_list_names_each_part_once_in_order() -> None:
    listed = IMPORT.findall((CSS / "app.css").read_text())
    own = [name for name, _ in listed if not name.startswith("../")]
    assert sorted(own) == [str(path.relative_to(CSS)) for path in PARTS]
    assert Counter(own).most_common(1)[0][1] == 1
    for folder in ("components", "pages"):
        inside = [name for name, layer in listed if layer == folder]
        assert inside == sorted(name for name in own if name.startswith(folder))


def test_the_layers_are_declared_before_the_parts() -> None:
    text = bare(CSS / "app.css").strip()
    assert text.startswith(
        "@layer vendor, tokens, base, shell, components, pages;\n@import"
    )


def test_every_component_has_a_template_or_a_reason() -> None:
    templates = {
        path.stem
        for path in TEMPLATES.rglob("*.html")
        if path.parent.name in {"components", "parts"}
    }
    alone = {path.stem for path in (CSS / "components").glob("*.css")} - templates
    assert alone == set(MANNERS)


def test_breakpoints_leave_print_alone() -> None:
    """A4 is narrower than a phone's breakpoint: width is asked on screens only."""
    wrong = {
        rule.media
        for path in PARTS
        for rule in rules(bare(path))
        if rule.media.startswith("@media")
        and "width" in rule.media
        and not rule.media.startswith("@media screen and (")
    }
    assert wrong == set()


def test_scripts_find_elements_by_data_attributes() -> None:
    for path in (ROOT / "static" / "js").glob("*.js"):
        quoted = re.findall(r"""["'`]([^"'`\n]*)["'`]""", path.read_text())
        found = [text for text in quoted if re.search(r"(^|[\s,>])\.[a-z]", text)]
        assert found == [], path.name


def test_long_words_and_what_scrolls_widen_no_page() -> None:
    """A word of 200 letters breaks; what is placed in a table that scrolls stays in it
    (a hidden word in its last column made the page of balances scroll sideways)."""
    styles = "\n".join(path.read_text() for path in PARTS)
    assert re.search(r"^body \{[^}]*overflow-wrap: break-word", styles, re.M)
    assert re.search(r"^\.scroll \{[^}]*position: relative", styles, re.M)

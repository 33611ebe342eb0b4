"""A component names its arguments in its first line, uses them and nothing else.

    {# Title. arguments: label, share (value, of); optional: tone, note #}

"none" stands for no argument; what is in brackets explains the one before. So a
component renders alone, and a wrong argument fails here instead of drawing nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.template import Node, Template
from django.template.base import FilterExpression, NodeList, Variable
from django.template.defaulttags import CsrfTokenNode, ForNode, WithNode
from django.template.loader import get_template
from django.template.loader_tags import IncludeNode
from django.template.smartif import TokenBase

from tests.each import each

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "templates"
COMPONENTS = sorted(
    str(path.relative_to(FOLDER)) for path in FOLDER.glob("components/*.html")
)
TEMPLATES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.html"))
FIRST_LINE = re.compile(
    r"\{# [A-Z].*\. arguments: (?P<needed>[^;]+?)(; optional: (?P<optional>.+))? #\}"
)
BUILT_IN = {"True", "False", "None", "forloop", "block"}
# Includes without `only`, and why.
OPEN = {
    ("base.html", "components/top.html"): "the frame knows what every page has",
    ("components/nav.html", "components/usermenu.html"): "a piece of the frame",
    ("components/tabbar.html", "components/usermenu.html"): "a piece of the frame",
    ("portfolio/parts/figures.html", "components/kpi.html"): "seven arguments",
    ("readiness/parts/ticked.html", "components/toast.html"): "six arguments",
}


@dataclass(frozen=True)
class Arguments:
    needed: frozenset[str]
    optional: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        return self.needed | self.optional


def names(text: str) -> frozenset[str]:
    """ "label, share (value, of)" -> {"label", "share"}; "none" -> nothing."""
    bare = re.sub(r"\([^()]*\)", "", text)
    return frozenset(name.strip() for name in bare.split(",")) - {"none", ""}


def declared(name: str) -> Arguments:
    first, _, _ = (FOLDER / name).read_text().partition("\n")
    match = FIRST_LINE.fullmatch(first)
    assert match, f"{name}: {first}"
    return Arguments(names(match["needed"]), names(match["optional"] or ""))


def template(name: str) -> Template:
    return get_template(name).template  # type: ignore[attr-defined,no-any-return]


def parts(value: Any) -> Iterator[Any]:
    """Every node, expression and variable below a value, itself included."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, NodeList | list | tuple):
        for item in value:
            yield from parts(item)
    elif isinstance(value, Node | TokenBase | FilterExpression | Variable):
        yield value
        if isinstance(value, FilterExpression):
            yield from parts(value.var)
            for _, arguments in value.filters:
                yield from parts([argument for _, argument in arguments])
        elif not isinstance(value, Variable):
            yield from parts(
                [held for key, held in vars(value).items() if key != "origin"]
            )


def used(name: str) -> set[str]:
    """The names that a template takes from outside."""
    taken: set[str] = set()
    bound: set[str] = set()
    for part in parts(template(name).nodelist):
        if isinstance(part, Variable) and part.lookups:
            taken.add(part.lookups[0])
        elif isinstance(part, CsrfTokenNode):
            taken.add("csrf_token")
        elif isinstance(part, ForNode):
            bound |= set(part.loopvars)
        elif isinstance(part, WithNode):
            bound |= set(part.extra_context)
        for stored in ("asvar", "target_var"):  # {% url … as name %}
            if target := getattr(part, stored, None):
                bound.add(str(target))
    for include in includes(name):
        if not include.isolated_context:
            taken |= declared(included(include)).needed - set(include.extra_context)
    return taken - bound - BUILT_IN


def includes(name: str) -> list[IncludeNode]:
    """The components that a template includes."""
    return [
        part
        for part in parts(template(name).nodelist)
        if isinstance(part, IncludeNode) and included(part).startswith("components/")
    ]


def included(node: IncludeNode) -> str:
    return str(node.template.var)


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_uses_its_arguments_and_nothing_else(name: str) -> None:
    assert used(name) == declared(name).all


@each(TEMPLATES)
def test_components_get_their_arguments_by_name(name: str) -> None:
    for node in includes(name):
        given, wanted = set(node.extra_context), declared(included(node))
        assert given <= wanted.all, f"{included(node)} does not know {given}"
        if node.isolated_context:
            assert wanted.needed <= given, f"{included(node)} needs {wanted.needed}"


def test_components_get_nothing_but_their_arguments() -> None:
    """`only` keeps a page's names out, so that a component means the same anywhere."""
    leaking = {
        (name, included(node))
        for name in TEMPLATES
        for node in includes(name)
        if not node.isolated_context
    }
    assert leaking == set(OPEN)


@pytest.mark.parametrize(
    ("first", "needed", "optional"),
    [
        ("{# Chip. arguments: text; optional: tone #}", {"text"}, {"tone"}),
        ("{# Mark. arguments: none #}", set(), set()),
        ("{# A. arguments: share (value, of), label #}", {"share", "label"}, set()),
    ],
)
def test_the_first_line_is_understood(
    first: str, needed: set[str], optional: set[str]
) -> None:
    match = FIRST_LINE.fullmatch(first)
    assert match
    assert names(match["needed"]) == needed
    assert names(match["optional"] or "") == optional

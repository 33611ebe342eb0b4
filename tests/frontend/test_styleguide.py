"""The styleguide shows every component, to everybody, where it is shown at all."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.template import Context, Template
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from rrr_dashboard.styleguide import Component, groups
from tests.architecture.test_components import declared
from tests.frontend.test_stylesheet import MANNERS

COMPONENTS = Path(__file__).parents[2] / "templates" / "components"
# Manners that are layouts of whole pages or stand in one place only.
NOT_ALONE = {"actions", "beside", "columns", "live", "tick"}


def entries() -> list[Component]:
    return [entry for group in groups(timezone.now()) for entry in group.entries]


@pytest.fixture
def page(client: Client, db: None) -> str:
    return client.get(reverse("styleguide")).content.decode()


def test_every_component_has_an_entry() -> None:
    names = sorted(entry.name for entry in entries())
    assert names == sorted(path.stem for path in COMPONENTS.glob("*.html"))


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_an_entry_shows_states_or_says_where_it_stands(entry: Component) -> None:
    assert bool(entry.states) != bool(entry.where)


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_each_state_gives_what_the_component_asks_for(entry: Component) -> None:
    arguments = declared(f"components/{entry.name}.html")
    for given in entry.states.values():
        assert arguments.needed - {"csrf_token"} <= set(given) <= arguments.all


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_the_line_to_copy_is_a_template(entry: Component) -> None:
    given = next(iter(entry.states.values()), None)
    if given is not None:
        Template(entry.line).render(Context(dict(given)))


def test_every_manner_is_shown(page: str) -> None:
    classes = {
        name for value in re.findall(r'class="([^"]*)"', page) for name in value.split()
    }
    shown = {name.partition("--")[0] for name in classes}
    assert set(MANNERS) - NOT_ALONE - shown == set()


def test_no_id_stands_twice(page: str) -> None:
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize(
    ("environment", "status"),
    [("demo", 200), ("development", 200), ("staging", 404), ("production", 404)],
)
def test_it_is_there_in_demo_and_development_only(
    client: Client,
    db: None,
    settings: Any,
    environment: str,
    status: int,
) -> None:
    settings.RRR_ENV = environment
    assert client.get(reverse("styleguide")).status_code == status


def test_the_navigation_does_not_name_it(page: str) -> None:
    assert f'href="{reverse("styleguide")}"' not in page
